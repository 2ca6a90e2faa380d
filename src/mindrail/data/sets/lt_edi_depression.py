"""Reddit posts with three degrees of depression."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="LT-EDI 2022, depression from posts",
    repository="rafalposwiata/depression-detection-lt-edi-2022",
    commit="f3d923bc7b0d25137c90d9839c5266c250183747",
    licence="none stated",
    languages=("en",),
    rows=7741,
    labels="moderate 4,475, not depression 2,678, severe 588",
    problems=(
        "The official train file is missing: dev serves for training. Shares of the degrees differ between "
        "dev and test. 29 exact duplicates."
    ),
    files=(
        Source(
            "data/original_dataset/dev.tsv",
            "7ef72562f542cf04c83c537600aadeb684aece8c2fec8699294a1ef3faaa0f6b",
            4_048_219,
            split="dev",
        ),
        Source(
            "data/original_dataset/test.tsv",
            "cd43eeef29c2cc0ce2e0a3dbadec7090f809a0d005bff774a48a21ec6522e78e",
            2_881_114,
            split="test",
        ),
    ),
    crosswalks={
        "emotional-risk": Crosswalk(
            {"not depression": "safe", "moderate": "borderline", "severe": "unsafe"},
            loses="degree of depression stands for danger: severe is not the same as a plan to hurt oneself",
        )
    },
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, dev first. Both files hold id, text, label, under different names."""
    for path, split in parts(CARD, folder):
        for row in table(path, delimiter="\t"):
            _, text, label = row.values()
            yield Row.message(text, label=label, split=split)
