"""Prompts of WildGuardTest with harmfulness labels: the test of the prompt-harm task."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="WildGuardTest, prompts only",
    repository="bigsnarfdude/wizard101",
    commit="46c3ee4494aa2651232857ba365245443b3e6fa1",
    licence="MIT (carrier); the original WildGuardMix is gated and its licence was not verified",
    languages=("en",),
    rows=1554,
    labels="prompt harmfulness: safe 945, harmful 609 in 12 subcategories",
    problems=(
        "1,554 of the 1,725 test items: prompts without an agreed label are missing, and so are harmful "
        "prompts of other subcategories, sexual content among them. No responses."
    ),
    files=(
        Source(
            "data/evaluation/wildguard_full_benchmark.json",
            "d2336f027c484c7acd269e31aa049b818691d7de56b5929e25335e355043eab0",
            915_562,
        ),
    ),
    crosswalks={"prompt-harm": Crosswalk({"safe": "safe", "harmful": "harmful"})},
    cite="arXiv:2406.18495",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            subcategory = row["source"].removeprefix("wildguardmix_")
            yield Row.message(row["text"], label=row["label"], tags={"subcategory": subcategory})
