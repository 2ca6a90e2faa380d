"""Back-translation with a tiny random Marian model: the plumbing, not the language."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import MarianConfig, MarianMTModel

from mindrail import config
from mindrail.augment._base import Made, Method, Wanted
from mindrail.augment.methods import backtranslate
from mindrail.augment.methods.backtranslate import METHOD, Backtranslate, Pivot
from mindrail.errors import BadConfig, MissingExtra, Unreachable
from mindrail.records import Example

LETTERS = ["<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyz .!?"]
HERE, AWAY = "here", "away"


class Letters:
    """As much of a tokenizer as is used: letters to ids and back."""

    def __call__(self, given: str | list[str], **_: object) -> Any:
        rows = [[*map(self._id, text), 1] for text in ([given] if isinstance(given, str) else given)]
        if isinstance(given, str):
            return {"input_ids": rows[0]}
        longest = max(map(len, rows))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        return {"input_ids": ids, "attention_mask": (ids != 0).long()}

    def _id(self, letter: str) -> int:
        return LETTERS.index(letter.lower()) if letter.lower() in LETTERS else 2

    def batch_decode(self, rows: torch.Tensor, **_: object) -> list[str]:
        return ["".join(LETTERS[i] for i in row if i > 2) for row in rows.tolist()]


def shape(size: int, *, pad: int, eos: int) -> MarianConfig:
    """As small as they get."""
    sides = {"layers": 1, "attention_heads": 2, "ffn_dim": 16}
    return MarianConfig(
        vocab_size=size,
        decoder_vocab_size=size,
        d_model=16,
        max_position_embeddings=64,
        pad_token_id=pad,
        eos_token_id=eos,
        forced_eos_token_id=eos,
        decoder_start_token_id=pad,
        **{f"{side}_{name}": value for side in ("encoder", "decoder") for name, value in sides.items()},
    )


def network(seed: int) -> MarianMTModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MarianMTModel(shape(len(LETTERS), pad=0, eos=1)).eval()


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = {HERE: network(0), AWAY: network(1)}
    monkeypatch.setattr(backtranslate, "load", lambda name: (Letters(), loaded[name]))


def method(**changes: Any) -> Backtranslate:
    return Backtranslate(
        **{"pivots": (Pivot(HERE, AWAY), Pivot(AWAY, HERE)), "beams": 1, "max_tokens": 12} | changes
    )


def wanted(text: str, number: int = 0, **known: Any) -> Wanted:
    return Wanted(Example.of(text, **known), number, 0)


def test_it_is_a_method() -> None:
    assert isinstance(method(), Method)


def test_sentences_go_there_and_back_and_lines_stay(models: None) -> None:
    ((_, made),) = method().make([wanted("Red soup. Tea!\n\n two lines")])
    assert made.turns is not None
    text = made.turns[0].text
    assert text.count("\n\n ") == 1 and text != "Red soup. Tea!\n\n two lines"


def test_the_same_text_comes_back_the_same_whatever_goes_with_it(models: None) -> None:
    alone = dict(method().make([wanted("red soup")]))
    crowd = dict(method(batch=2).make([wanted(text) for text in ("red soup", "a", "longer soup")]))
    assert alone[0] == crowd[0]


def test_each_view_takes_its_own_pivot(models: None) -> None:
    made = dict(method().make([wanted("red soup", number) for number in range(3)]))
    assert made[0].turns != made[1].turns and made[2] == Made(None, "unchanged")


def test_a_sentence_that_does_not_fit_is_too_long_and_nothing_is_cut(models: None) -> None:
    made = dict(method().make([wanted("soup " * 10), wanted("soup. " * 10)]))
    assert made[0] == Made(None, "too_long") and made[1].turns is not None


def test_context_is_translated_too_and_later_turns_are_not(models: None) -> None:
    example = Example(Example.of("good.", context="hello.").turns * 2, focus=1)
    ((_, made),) = method().make([Wanted(example, 0, 0)])
    assert made.turns is not None and made.turns[2:] == example.turns[2:]
    assert all(now.text != was.text for now, was in zip(made.turns[:2], example.turns[:2], strict=True))


def test_folders_are_known_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    one = method(pivots=(Pivot(str(tmp_path), "x/y"),)).identity()
    (tmp_path / "config.json").write_text("{ }")
    assert one != method(pivots=(Pivot(str(tmp_path), "x/y"),)).identity() and one["models"][0][1] == "x/y"


@pytest.mark.parametrize("settings", [{"pivots": []}, {"beams": 0}, {"pivots": [{"there": "x"}]}])
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadConfig):
        config.build(METHOD, settings)


def test_without_sentencepiece_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtranslate, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="sentencepiece"):
        backtranslate.load("nowhere")


@pytest.mark.skipif(find_spec("sentencepiece") is None, reason="sentencepiece is not installed")
def test_a_real_marian_folder_is_read(tmp_path: Path) -> None:
    import sentencepiece

    words = tmp_path / "words.txt"
    words.write_text(
        "\n".join(["the red soup is cold", "the tea is hot", "we eat soup", "a cold red tea"] * 9)
    )
    sentencepiece.SentencePieceTrainer.train(
        input=str(words), model_prefix=str(tmp_path / "spm"), vocab_size=22, minloglevel=2
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "spm.model"))
    known = ["</s>", "<unk>", *(pieces.id_to_piece(i) for i in range(3, 22)), "<pad>"]
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes((tmp_path / "spm.model").read_bytes())
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(known)}))
    made = MarianMTModel(shape(len(known), pad=len(known) - 1, eos=0))
    made.save_pretrained(folder)
    one = method(pivots=(Pivot(str(folder), str(folder)),))
    ((_, result),) = one.make([wanted("the red soup")])
    assert result.turns is not None


@pytest.mark.skipif(find_spec("sentencepiece") is None, reason="sentencepiece is not installed")
def test_a_model_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"settings\.pivots"):
        backtranslate.load(str(tmp_path))
