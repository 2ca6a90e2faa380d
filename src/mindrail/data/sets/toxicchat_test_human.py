"""The part of the ToxicChat test that people labelled: prompts of real users to a chat model."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="ToxicChat test, labelled by people",
    repository="yihedeng9/DuoGuard",
    commit="6e5bd56e0fbeaeda846444295b9f529359de0066",
    licence="Apache-2.0 (carrier); the original ToxicChat is CC BY-NC 4.0",
    languages=("en",),
    rows=2853,
    labels="toxicity of the prompt: 0 2,491, 1 362",
    problems="A part of toxicchat-test: never keep the two on different sides. 63 exact duplicates.",
    files=(
        Source(
            "evaluation/eval_data_En/toxic_chat.json",
            "bd2ed1bc08f403aa847c51b23289bdbecd63f56bf75fd34107afd34984263279",
            1_625_511,
        ),
    ),
    crosswalks={
        "prompt-harm": Crosswalk(
            {"0": "safe", "1": "harmful"},
            loses="toxicity is judged, rude or sexual requests included, not whether an answer would do harm",
        )
    },
    cite="arXiv:2310.17389",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            yield Row.message(row["prompt"], label=str(row["moderation_flag"]))
