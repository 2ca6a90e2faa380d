"""Stressed tweets, each beside a kinder way to see the same thing, written by people."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="Positive Psychology Frames",
    repository="SALT-NLP/positive-frames",
    commit="284b7e826b9a1f33ea8869ad19320ae216bb7b28",
    licence="CC BY-SA 4.0",
    languages=("en",),
    rows=16698,
    labels="8,349 pairs of an original and its reframe, with the strategies used; no safety label",
    problems="Reframes are first-person rewrites, not replies. Crowd workers wrote them, some stiffly.",
    files=(
        Source(
            "data/wholetrain.csv",
            "f2ba1869843cc213b3598e417e70af37d855b48b329a4921e47bd3b545b1fe15",
            3_317_063,
            split="train",
        ),
        Source(
            "data/wholedev.csv",
            "8cf6bff6e8a0cabf5411519878b782af2a7ed64368424fbc34c211a5bbfdb434",
            405_836,
            split="dev",
        ),
        Source(
            "data/wholetest.csv",
            "215df9398a4fc0a162af4347452104e3dbc0008803615051f2e29f8af8dfdcfa",
            408_520,
            split="test",
        ),
    ),
    crosswalks={
        "emotional-risk": Crosswalk(
            {"reframed": "safe", "original": None},
            field="side",
            loses="a reframe counts as safe because it was written to be; what it reframes says nothing",
        )
    },
    open_licence=True,
    cite="arXiv:2204.02952",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield two rows per pair, in file order: original and reframe, tagged by `side`, in one group."""
    for path, split in parts(CARD, folder):
        for row in table(path):
            group = f"positive-frames:{split}/{row['']}"
            for side in ("original", "reframed"):
                tags = {"side": side, "strategy": row["strategy"]}
                labels = {"side": (side,)}
                said = (("user", row[f"{side}_text"]),)
                yield Row(said, labels, split=split, group=group, tags=tags)
