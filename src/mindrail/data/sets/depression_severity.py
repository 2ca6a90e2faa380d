"""Pieces of Reddit posts with four degrees of depression."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="Depression severity on Reddit",
    repository="usmaann/Depression_Severity_Dataset",
    commit="e21dbbf2c61f952628df18b037c81875504b9428",
    licence="none stated",
    languages=("en",),
    rows=3553,
    labels="minimum 2,587, moderate 394, mild 290, severe 282",
    problems=(
        "The texts are Dreaddit's (2,799 shared with the set dreaddit): never train on one and test on the "
        "other. 21 exact duplicates. Posts are in pieces, and nothing says which piece belongs to which "
        "post."
    ),
    files=(
        Source(
            "Reddit_depression_dataset.csv",
            "76ba2daeb83640ea2193eb6f8f6a5d27ad91c443af5e912b1cc6f386c60e0390",
            1_637_894,
        ),
    ),
    crosswalks={
        "emotional-risk": Crosswalk(
            {"minimum": "safe", "mild": "borderline", "moderate": "borderline", "severe": "unsafe"},
            loses="degree of depression stands for danger: severe is not the same as a plan to hurt oneself",
        )
    },
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            yield Row.message(row["text"], label=row["label"])
