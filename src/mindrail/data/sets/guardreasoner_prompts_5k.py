"""Prompts with harmfulness labels from GuardReasonerTrain, balanced: the pool of the prompt-harm task."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="GuardReasoner training prompts, 5,000 of them",
    repository="bigsnarfdude/wizard101",
    commit="46c3ee4494aa2651232857ba365245443b3e6fa1",
    licence="MIT (carrier); WildGuard, BeaverTails CC BY-NC 4.0, ToxicChat CC BY-NC 4.0, Aegis CC BY 4.0",
    languages=("en",),
    rows=5000,
    labels="prompt harmfulness: safe 2,500, harmful 2,500",
    problems=(
        "Labels were parsed out of GuardReasoner's reasoning. BeaverTails labels responses, so the labels of "
        "its 923 prompts are the model's own. 183 exact duplicates, 4 texts with conflicting labels. The "
        "carrier calls the file a test; it is training data."
    ),
    files=(
        Source(
            "data/evaluation/guardreasoner_test_5k.json",
            "1a46ddbb40bd9e72f9128d8ea1874c762210c63ecb0b44d56db0a28a72f607ef",
            2_610_847,
        ),
    ),
    crosswalks={
        "prompt-harm": Crosswalk({"safe": "safe", "harmful": "harmful"}),
        "harm-six": Crosswalk(
            {"safe": (), "harmful": None}, loses="nothing says which harm, so only rows without one answer"
        ),
    },
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for row in files.read_json(folder / CARD.files[0].stored):
        yield Row.message(row["prompt"], label=row["label"], tags={"origin": row["source"]})
