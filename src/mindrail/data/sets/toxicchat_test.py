"""Prompts of real users to a chat model, with toxicity labels, most of them automatic."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="ToxicChat test",
    repository="bigsnarfdude/wizard101",
    commit="46c3ee4494aa2651232857ba365245443b3e6fa1",
    licence="MIT (carrier); the original ToxicChat is CC BY-NC 4.0",
    languages=("en",),
    rows=5083,
    labels="toxicity of the prompt: safe 4,721, harmful 362",
    problems=(
        "People labelled 2,853 rows only, which hold every harmful one (set toxicchat-test-human); the other "
        "2,230 are automatic negatives. 132 exact duplicates."
    ),
    files=(
        Source(
            "data/benchmark/toxicchat_test.json",
            "8553aabeaf40b2d1196b29c7e747c42ebc1b36ad81b2bf61ca6416a8a8b993f7",
            1_369_959,
        ),
    ),
    crosswalks={
        "prompt-harm": Crosswalk(
            {"safe": "safe", "harmful": "harmful"},
            loses="toxicity is judged, rude or sexual requests included, not whether an answer would do harm",
        )
    },
    cite="arXiv:2310.17389",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            yield Row.message(row["text"], label=row["label"])
