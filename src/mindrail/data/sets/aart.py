"""Adversarial prompts written by a language model about 70 crimes in many regions of the world."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table

CARD = Card(
    title="AART",
    repository="google-research-datasets/aart-ai-safety-dataset",
    commit="fcdb2a8a3343a992cd8cbfd53eac797ac047c26f",
    licence="CC BY 4.0",
    languages=("en",),
    rows=3269,
    labels="70 crime topics; no harmfulness label",
    problems=(
        "Written by a language model and heavily templated. All are meant to be harmful, many look benign on "
        "their face. 56 exact duplicates."
    ),
    files=(
        Source(
            "aart-v1-20231117.csv",
            "288fcee0bf6f32d77f6549d62600d6ee15c2987e0ef4c36f61ef5d53b0ce64a4",
            1_956_166,
        ),
    ),
    open_licence=True,
    cite="arXiv:2311.08592",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            yield Row.message(row["prompt"], tags={"crime": row["crime"], "region": row["region"]})
