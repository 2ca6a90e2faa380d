"""Reddit comments with 27 emotions: everyday emotional text."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts

CARD = Card(
    title="GoEmotions",
    repository="monologg/GoEmotions-pytorch",
    commit="b75f9d3a8b76bc1060687925b04ca98a1b8ea66b",
    licence="Apache-2.0",
    languages=("en",),
    rows=54263,
    labels="27 emotions and neutral, several may hold; no safety label",
    problems="Short comments out of their thread. 321 exact duplicates, 82 texts with conflicting labels.",
    files=(
        Source(
            "data/original/train.tsv",
            "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
            3_519_053,
            split="train",
        ),
        Source(
            "data/original/dev.tsv",
            "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
            439_059,
            split="dev",
        ),
        Source(
            "data/original/test.tsv",
            "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
            436_706,
            split="test",
        ),
        Source(
            "data/original/labels.txt",
            "45c3ef86782d2a4d7fedcd6d8c111aa0d0e94720689bd164fac94fefb4495a89",
            248,
        ),
    ),
    open_licence=True,
    cite="arXiv:2005.00547",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, train first, with emotions by name."""
    *comments, (names, _) = parts(CARD, folder)
    emotions = files.read_text(names).split()
    for path, split in comments:
        for line in files.read_text(path).removesuffix("\n").split("\n"):
            text, marks, _ = line.split("\t")
            labels = {"emotion": tuple(emotions[int(mark)] for mark in marks.split(","))}
            yield Row((("user", text),), labels, split=split)
