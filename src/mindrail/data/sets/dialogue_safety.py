"""Chinese counselling dialogues whose last reply carries one of eight safety categories."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from mindrail import files
from mindrail.arrays import Int, ndarray
from mindrail.data import fetch
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, parts
from mindrail.errors import BadFile, Unreachable
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="DialogueSafety, the public test set",
    repository="qiuhuachuan/DialogueSafety",
    commit="9ada1c51013c4d89b679211e9bd3c7e8e028a440",
    licence="MIT; only this test set is public, the training set needs a signed agreement with the authors",
    languages=("zh",),
    rows=800,
    labels=(
        "7 safe response 367, 2 linguistic neglect 355, 0 nonsense 53, 5 unauthorized preachment 11, 1 "
        "humanoid mimicry 5, 3 unamiable judgment 5, 4 toxic language 2, 6 nonfactual statement 2"
    ),
    problems=(
        "Five of the eight categories have at most 11 rows, two of them have 2: a macro score moves by "
        "points when a single row flips, so read the counts beside it. 800 rows share 762 contexts."
    ),
    files=(
        Source("data/test.json", "ee8fbf5094a98f75d10aff5c65510a7fd35fc7f80df552448a21ae3aee01b841", 493_865),
    ),
    crosswalks={
        "dialogue-safety": Crosswalk(
            {
                "0": "nonsense",
                "1": "humanoid_mimicry",
                "2": "linguistic_neglect",
                "3": "unamiable_judgment",
                "4": "toxic_language",
                "5": "unauthorized_preachment",
                "6": "nonfactual_statement",
                "7": "safe_response",
            }
        )
    },
    open_licence=True,
    cite="arXiv:2307.16457",
)

_SPEAKERS = {"[seeker]": "user", "[supporter]": "assistant"}
_MARK = re.compile(r"(\[seeker\]|\[supporter\])")

#: What the authors' models said about every row, label numbers in the order of the rows. Their repository holds it in
#: 24,000 small files; a mirror holds it in this one, made by `collect`.
RELEASED = Source(
    "derived/author_predictions.json",
    "e35b3745ffc83309193e07ca127111252d061cb7dccbacde3e532f49b31b43f0",
    49_268,
)
#: By model, then by run (a seed, or a round of sampling): the number of the label of each row.
Released = Mapping[str, Mapping[str, Int[ndarray, " n"]]]
_RUNS = {
    "finetuned_model_predict": ("bert-base-chinese", "hfl-chinese-roberta-wwm-ext-large"),
    "ChatGPT_gen": ("0301/zero_shot", "0301/few_shot", "0613/zero_shot", "0613/few_shot"),
}


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            said = _MARK.split(row["context"] + row["response"])[1:]
            turns = tuple(
                (_SPEAKERS[mark], text.strip()) for mark, text in zip(said[::2], said[1::2], strict=True)
            )
            yield Row(turns, {"label": (str(row["label"]),)}, group=group_of(row["context"]))


def released(repository: Path | None = None) -> Released:
    """The authors' predictions: from a checkout of their `repository`, else from the mirror.

    Raises Unreachable where neither is there, BadFile where one is not what it should be.
    """
    if repository is not None:
        return collect(repository)
    near = fetch.mirror()
    place = None if near is None else near / "dialogue-safety" / RELEASED.path
    if place is None or not place.is_file():
        raise Unreachable(
            "the authors' predictions are not in a mirror. Do: git clone "
            f"https://github.com/{CARD.repository}, check out {CARD.commit[:12]} and give its folder as --released"
        )
    if files.sha256(place) != RELEASED.sha256:
        raise BadFile(place, "other bytes than the released predictions. Do: check the mirror")
    found: dict[str, dict[str, ndarray]] = {}
    for name, numbers in files.read_json(place)["runs"].items():
        model, _, run = name.rpartition("/")
        found.setdefault(model, {})[run] = np.array(numbers)
    return found


def collect(repository: Path) -> Released:
    """Read the predictions out of the authors' repository: one file per run and row."""
    found: dict[str, dict[str, ndarray]] = {}
    for kind, models in _RUNS.items():
        for model in models:
            runs = sorted(place for place in (repository / kind / model).glob("*") if place.is_dir())
            if not runs:
                raise BadFile(
                    repository / kind / model, "no predictions here. Do: check out the whole repository"
                )
            name = model if kind == "finetuned_model_predict" else f"gpt-3.5-turbo-{model}"
            found[name] = {run.name: _rows(run) for run in runs}
    return found


def _rows(run: Path) -> Int[ndarray, " n"]:
    return np.array([_said(run / f"{row}.json") for row in range(CARD.rows)])


def _said(path: Path) -> int:
    """The number of the label in one file: `predict_label`, or what ChatGPT said up to its first full stop."""
    about = files.read_json(path)
    if "predict_label" in about:
        return int(about["predict_label"])
    said = about["choices"][0]["message"]["content"].partition(".")[0].strip().lower().replace(" ", "_")
    numbers = {label: int(number) for number, label in CARD.crosswalks["dialogue-safety"].labels.items()}
    if said not in numbers:
        raise BadFile(path, f"an answer of {len(said)} characters that is none of the {len(numbers)} labels")
    return numbers[said]
