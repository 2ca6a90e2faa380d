"""Prompts of the first Aegis content-safety test, harmful or not."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="Aegis test of GuardReasoner",
    repository="yueliu1999/GuardReasoner",
    commit="bb7e686dc0535884d6994de5f950a072772e7fe2",
    licence="none stated; the original Aegis is said to be CC BY 4.0, not verified",
    languages=("en",),
    rows=359,
    labels="the prompt: harmful 232, unharmful 127",
    problems=(
        "The carrier merged 'needs caution' into the two. 96 prompts also stand, nearly, in alert, "
        "beavertails-test and others: no independent test for a model trained on those."
    ),
    files=(
        Source(
            "data/benchmark/0_1_AegisSafetyTest.json",
            "29b77db427a683103aa58b633b9118314debd96be2659cbac9234f2352e85bd1",
            248_820,
        ),
    ),
    crosswalks={"prompt-harm": Crosswalk({"unharmful": "safe", "harmful": "harmful"})},
    cite="arXiv:2404.05993",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            asked = row["input"].partition("\n\nAI assistant:\n")[0]
            yield Row.message(asked.removeprefix("Human user:\n").strip(), label=row["output"])
