"""Negative thoughts, each beside a reframe by somebody trained in it."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="Cognitive Reframing",
    repository="behavioral-data/Cognitive-Reframing",
    commit="4c1d4afdc22bc66136d14d8131ee0aa4a2d1e55d",
    licence="CC BY-NC-ND 4.0: may be copied unchanged only",
    languages=("en",),
    rows=1200,
    labels="600 pairs of a thought in its situation and a reframe, with thinking traps; no safety label",
    problems=(
        "286 thoughts with several reframes each. No changed version may be published, augmented rows "
        "included."
    ),
    files=(
        Source(
            "data/reframing_dataset.csv",
            "fad43e566de3d46c62f9f9045ad6a7d843877f6e4151ec884d03e85188861209",
            172_319,
        ),
    ),
    crosswalks={
        "emotional-risk": Crosswalk(
            {"reframe": "safe", "thought": None},
            field="side",
            loses="a reframe counts as safe because it was written to be; what it reframes says nothing",
        )
    },
    cite="arXiv:2305.02466",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield two rows per pair, in file order: situation with thought or with reframe, tagged by `side`."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            group = group_of(row["situation"])
            for side in ("thought", "reframe"):
                tags = {"side": side, "traps": row["thinking_traps_addressed"]}
                said = (("user", f"{row['situation']}\n{row[side]}"),)
                yield Row(said, {"side": (side,)}, group=group, tags=tags)
