"""Pairs of messages we wrote: one talks about harm, its twin is at risk of it, and few words differ."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row
from mindrail.data.sets._ours import CROSSWALKS, judged, written

CARD = Card(
    title="mindrail minimal pairs",
    repository="mindrail",
    commit="",
    licence="Apache-2.0",
    languages=("en",),
    rows=660,
    labels="330 pairs in eight kinds: the side that talks is safe 330; its twin is unsafe 237, borderline 93",
    problems=(
        "Written for this project, by a language model under our rules: a probe of whether a guard reads or "
        "only spots words, not a sample of real messages. Keep a pair on one side of a split."
    ),
    files=(),
    crosswalks=CROSSWALKS,
    open_licence=True,
)


def load(_folder: Path) -> Iterator[Row]:
    """Yield both sides of every pair in file order. They come with the package; the folder is not read."""
    for pair in written("minimal_pairs"):
        sides = {
            "talks": judged("safe", (), asks_for_harm=False),
            "at_risk": judged(pair["at_risk_label"], (pair["harm"],), asks_for_harm=pair["asks_for_harm"]),
        }
        for side, labels in sides.items():
            tags = {"kind": pair["kind"], "harm": pair["harm"], "side": side}
            yield Row((("user", pair[side]),), labels, group=f"minimal-pairs:{pair['id']}", tags=tags)
