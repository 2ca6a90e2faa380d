"""Tweets judged to be hate, merely offensive, or neither."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="Hate speech and offensive language",
    repository="t-davidson/hate-speech-and-offensive-language",
    commit="cb50f7e9eb855a99abc51423bf40df0e26d6fe30",
    licence="MIT",
    languages=("en",),
    rows=24783,
    labels="1 offensive 19,190, 2 neither 4,163, 0 hate 1,430",
    problems=(
        "Chosen by a list of words, 77 % offensive. Tweets in African American English are known to be "
        "called offensive too often: do not ship a guard on this alone. 13 exact duplicates."
    ),
    files=(
        Source(
            "data/labeled_data.csv",
            "fcb8bc7c68120ae4af04a5b9acd58585513ede11e1548ebf36a5c2040b6f6281",
            2_546_446,
        ),
    ),
    crosswalks={
        "offensive-language": Crosswalk(
            {"0": "offensive", "1": "offensive", "2": "clean"},
            loses="hate and coarse words become one; the labels carry the bias against a dialect",
        ),
        "harm-six": Crosswalk(
            {"0": ("violence_hate",), "1": None, "2": ()},
            loses="only hate was asked for: other harms count as absent",
        ),
    },
    open_licence=True,
    cite="arXiv:1703.04009",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            yield Row.message(row["tweet"], label=row["class"])
