"""`backtranslate`: into another language and back, by Marian models such as OPUS-MT.

The study's baseline: English by way of Russian, German, French and Romanian, one view each. Texts are translated
sentence by sentence, as these models were trained. A model takes about 300 MB and stays loaded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from mindrail import files
from mindrail.augment._base import Made, Wanted
from mindrail.errors import MissingExtra, Unreachable
from mindrail.records import Turn

#: where a text may be cut: after a sentence, and between lines
_BETWEEN = re.compile(r"((?<=[.!?。！？])\s+|\n\s*)")


@dataclass(frozen=True)
class Pivot:
    """Two models, each a Hugging Face id or a folder: into the other language, and back."""

    there: str
    back: str


_OPUS = "Helsinki-NLP/opus-mt"
_STUDY = tuple(
    Pivot(f"{_OPUS}-en-{to}", f"{_OPUS}-{of}-en")
    for to, of in zip(("ru", "de", "fr", "ro"), ("ru", "de", "fr", "roa"), strict=True)
)


@dataclass(frozen=True)
class Backtranslate:
    """View number n goes by pivot n; for more views than pivots there is nothing left to try.

    `max_tokens` is the longest sentence; one that is longer fails as `too_long`, nothing is cut off.
    """

    cheap: ClassVar[bool] = False
    skips: ClassVar[frozenset[str]] = frozenset({"refusal"})
    pivots: tuple[Pivot, ...] = _STUDY
    beams: int = 4
    max_tokens: int = 512
    batch: int = 16
    chunk: int = 128

    def __post_init__(self) -> None:
        if not self.pivots or min(self.beams, self.max_tokens, self.batch, self.chunk) < 1:
            raise ValueError(
                "expected one pivot at least, and beams, max_tokens, batch and chunk of 1 at least"
            )

    def identity(self) -> dict[str, Any]:
        """Models (folders by their content) and decoding."""
        models = [[_mark(pivot.there), _mark(pivot.back)] for pivot in self.pivots]
        return {
            "method": "backtranslate",
            "models": models,
            "beams": self.beams,
            "max_tokens": self.max_tokens,
        }

    def make(self, wanted: Sequence[Wanted]) -> Iterator[tuple[int, Made]]:
        """Pivot by pivot."""
        yield from (
            (i, Made(None, "unchanged")) for i, one in enumerate(wanted) if one.number >= len(self.pivots)
        )
        for number, pivot in enumerate(self.pivots):
            places = [place for place, one in enumerate(wanted) if one.number == number]
            pieces = {place: _pieces(wanted[place]) for place in places}
            said = sorted({line for turns in pieces.values() for line in _lines(turns)})
            there = self._translated(pivot.there, said)
            back = self._translated(pivot.back, sorted({line for line in there.values() if line is not None}))
            whole = {line: None if foreign is None else back[foreign] for line, foreign in there.items()}
            for place in places:
                yield place, _made(wanted[place], pieces[place], whole)

    def _translated(self, name: str, lines: Sequence[str]) -> dict[str, str | None]:
        """Each line with its translation, None for one that is too long for the model."""
        if not lines:
            return {}
        import torch

        tokenizer, model = load(name)
        lengths = {line: len(tokenizer(line)["input_ids"]) for line in lines}
        fitting = sorted(
            (line for line in lines if lengths[line] <= self.max_tokens), key=lengths.__getitem__
        )
        found: dict[str, str | None] = dict.fromkeys(lines)
        with torch.inference_mode():
            for start in range(0, len(fitting), self.batch):
                some = fitting[start : start + self.batch]
                given = tokenizer(some, return_tensors="pt", padding=True)
                made = model.generate(
                    **given, num_beams=self.beams, do_sample=False, max_length=self.max_tokens
                )
                found |= zip(some, tokenizer.batch_decode(made, skip_special_tokens=True), strict=True)
        return found


METHOD = Backtranslate


@cache
def load(name: str) -> tuple[Any, Any]:
    """Tokenizer and model. Raises MissingExtra, Unreachable where the model cannot be had."""
    if find_spec("sentencepiece") is None:
        raise MissingExtra("sentencepiece", "train", "back-translation")
    from mindrail.train import environment

    environment.prepare()
    from transformers import MarianMTModel, MarianTokenizer

    environment.settle()
    try:
        return MarianTokenizer.from_pretrained(name), MarianMTModel.from_pretrained(name).eval()
    except (OSError, TypeError, ValueError) as error:  # one or the other, by which file is missing
        raise Unreachable(
            f"the translation model '{name}' cannot be had ({type(error).__name__}); expected a folder or a Hugging "
            "Face id. Do: connect to the network, or put the models in folders and name them in settings.pivots"
        ) from None


def _pieces(one: Wanted) -> list[list[str]]:
    """For each turn up to the judged one: sentences and what stands between them, in turn."""
    return [_BETWEEN.split(turn.text) for turn in one.example.turns[: one.example.focus + 1]]


def _lines(turns: Sequence[Sequence[str]]) -> Iterator[str]:
    return (line for pieces in turns for line in pieces[::2] if line.strip())


def _made(one: Wanted, pieces: Sequence[Sequence[str]], whole: Mapping[str, str | None]) -> Made:
    """The turns put together again."""
    turns: list[Turn] = list(one.example.turns)
    for place, parts in enumerate(pieces):
        said = [whole[part] if i % 2 == 0 and part.strip() else part for i, part in enumerate(parts)]
        if any(part is None for part in said):
            return Made(None, "too_long")
        turns[place] = replace(turns[place], text="".join(part for part in said if part is not None))
    return Made(tuple(turns))


def _mark(model: str) -> str:
    """The id, or the content of the folder."""
    folder = Path(model)
    if not folder.is_dir():
        return model
    return files.digest(
        {path.name: files.sha256(path) for path in sorted(folder.glob("*")) if path.is_file()}
    )[:16]
