"""Questions to licensed therapists on a public site, with their answers."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table

_SPLITS = {"train": "train", "val": "dev", "test": "test"}

CARD = Card(
    title="Counsel Chat",
    repository="nbertagnolli/counsel-chat",
    commit="e202e19c5002482f4f6631af754c276dd9adf7f2",
    licence="MIT",
    languages=("en",),
    rows=2129,
    labels="31 topics of the question; no safety label",
    problems=(
        "815 questions with several answers each: split by question. Answers are by licensed people and "
        "nobody labelled them safe. 120 exact duplicates, the same answer under another topic."
    ),
    files=(
        Source(
            "data/20200325_counsel_chat.csv",
            "c36fbce1c12271a17f3f355f6aaeb0b04987b217b53b600c5677985f15c9f1a8",
            3_281_269,
        ),
    ),
    open_licence=True,
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order: a question (title and text) and one answer. A group is a question."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            yield Row.reply(
                f"{row['questionTitle']}\n{row['questionText']}",
                row["answerText"],
                split=_SPLITS[row["split"]],
                group=f"counsel-chat:{row['questionID']}",
                tags={"topic": row["topic"]},
            )
