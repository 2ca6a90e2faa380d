"""Released predictions: read from a checkout of the authors' repository, or from a mirror that is checked."""

import json
from pathlib import Path

import pytest

from mindrail.data.sets import dialogue_safety
from mindrail.errors import BadFile, Unreachable


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two rows and two runs of every model, laid out as the authors do."""
    monkeypatch.setattr(
        dialogue_safety, "CARD", dialogue_safety.CARD.__class__(**(vars(dialogue_safety.CARD) | {"rows": 2}))
    )
    for model in ("bert-base-chinese", "hfl-chinese-roberta-wwm-ext-large"):
        for seed in ("42", "43"):
            put(
                tmp_path / "finetuned_model_predict" / model / seed,
                [{"predict_label": 7}, {"predict_label": int(seed) - 42}],
            )
    for version in ("0301", "0613"):
        for shots in ("zero_shot", "few_shot"):
            for number in ("one", "two"):
                said = ["Safe Response", "Linguistic Neglect. The reply"]
                put(
                    tmp_path / "ChatGPT_gen" / version / shots / number,
                    [{"choices": [{"message": {"content": s}}]} for s in said],
                )
    return tmp_path


def put(folder: Path, rows: list[object]) -> None:
    folder.mkdir(parents=True)
    for i, row in enumerate(rows):
        (folder / f"{i}.json").write_text(json.dumps(row))


def test_a_checkout_is_read_file_by_file(repository: Path) -> None:
    found = dialogue_safety.released(repository)
    assert len(found) == 6
    assert {run: said.tolist() for run, said in found["bert-base-chinese"].items()} == {
        "42": [7, 0],
        "43": [7, 1],
    }
    assert found["gpt-3.5-turbo-0613/few_shot"]["two"].tolist() == [7, 2]


def test_an_answer_that_is_no_label_is_refused_without_being_repeated(repository: Path) -> None:
    place = repository / "ChatGPT_gen" / "0301" / "zero_shot" / "one" / "1.json"
    place.write_text(json.dumps({"choices": [{"message": {"content": "I feel sad about this"}}]}))
    with pytest.raises(BadFile, match="21 characters that is none of the 8 labels") as error:
        dialogue_safety.released(repository)
    assert "sad" not in str(error.value)


def test_half_a_checkout_is_refused(repository: Path) -> None:
    (repository / "finetuned_model_predict" / "bert-base-chinese").rename(repository / "elsewhere")
    with pytest.raises(BadFile, match="check out the whole repository"):
        dialogue_safety.released(repository)


def test_without_a_mirror_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINDRAIL_DATA", raising=False)
    with pytest.raises(Unreachable, match="give its folder as --released"):
        dialogue_safety.released()
    monkeypatch.setenv("MINDRAIL_DATA", str(tmp_path))
    place = tmp_path / "dialogue-safety" / "derived" / "author_predictions.json"
    place.parent.mkdir(parents=True)
    place.write_text('{"runs": {}}')
    with pytest.raises(BadFile, match="other bytes"):
        dialogue_safety.released()
