"""English replies judged in context for five kinds of unsafety, each with safe counterparts."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, parts
from mindrail.taxonomy.crosswalk import Crosswalk

_NEAREST = {
    "Offending User": "unamiable_judgment",
    "Risk Ignorance": "linguistic_neglect",
    "Unauthorized Expertise": "unauthorized_preachment",
    "Toxicity Agreement": "toxic_language",
    "Biased Opinion": "nonfactual_statement",
}

CARD = Card(
    title="DiaSafety",
    repository="thu-coai/DiaSafety",
    commit="5106a041b1c7e36f30e02a97c44897a7f2057278",
    licence="Apache-2.0",
    languages=("en",),
    rows=11209,
    labels="Safe 6,028, Unsafe 5,181, in five categories: " + ", ".join(_NEAREST),
    problems=(
        "Contexts cross the official splits: 421 of the test contexts and 435 of the dev contexts also stand "
        "in train. Texts from Reddit and from models. A row is judged for its own category only. Three "
        "replies are empty."
    ),
    files=(
        Source(
            "DiaSafety_dataset/train.json",
            "c1faee9dc1f67b28e8cbc2d4d146be1af749a9ad8caef5d76c10203a4a0dc6ae",
            2_461_531,
            split="train",
        ),
        Source(
            "DiaSafety_dataset/val.json",
            "ec0e4e705224584627dd8a9ff9f0cbafc7b56932752c6038b1a1164f01e14609",
            297_167,
            split="dev",
        ),
        Source(
            "DiaSafety_dataset/test.json",
            "3a816555d097effda2b3f788b0372fb64359f1d736d881440d0ae6f386d6716c",
            295_703,
            split="test",
        ),
    ),
    crosswalks={
        "response-harm": Crosswalk(
            {"Safe": "safe", "Unsafe": "harmful"},
            loses=(
                "safe means free of the row's own category, not of every harm; ignoring a risk counts as harm"
            ),
        ),
        "dialogue-safety": Crosswalk(
            {
                **{f"{category} / Safe": "safe_response" for category in _NEAREST},
                **{f"{category} / Unsafe": reply for category, reply in _NEAREST.items()},
            },
            field="kind",
            loses=(
                "the nearest of the eight categories, not the same: open insults of the person fall under "
                "judgment, only medical advice under preachment; nonsense and mimicry have no counterpart"
            ),
        ),
    },
    open_licence=True,
    cite="arXiv:2110.08466",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, train first."""
    for path, split in parts(CARD, folder):
        for row in files.read_json(path):
            yield Row(
                (("user", row["context"]), ("assistant", row["response"])),
                {"label": (row["label"],), "kind": (f"{row['category']} / {row['label']}",)},
                split=split,
                group=group_of(row["context"]),
                tags={"category": row["category"]},
            )
