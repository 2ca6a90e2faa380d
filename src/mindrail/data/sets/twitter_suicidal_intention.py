"""Tweets that speak of suicidal intention or do not."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="Twitter suicidal intention",
    repository="laxmimerit/twitter-suicidal-intention-dataset",
    commit="d800024117181614aa908c821400cede24e07355",
    licence="none stated",
    languages=("en",),
    rows=9109,
    labels="0 none 5,111, 1 suicidal intention 3,998",
    problems=(
        "Nothing says where the tweets came from or who labelled them. Negatives look like generic tweets, "
        "so the task is easier than it seems. 361 exact duplicates. 10 empty rows are left out."
    ),
    files=(
        Source(
            "twitter-suicidal_data.csv",
            "e2abd725b4f1c3d758e4df0c9f04416954ac96d9be61dc25a6c73cdaeecc470e",
            3_625_261,
        ),
    ),
    crosswalks={
        "emotional-risk": Crosswalk(
            {"0": "safe", "1": "unsafe"},
            loses="nothing is borderline: passive wishes and hints stand on either side",
        )
    },
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row that has a text, in file order."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            if row["tweet"].strip():
                yield Row.message(row["tweet"], label=row["intention"])
