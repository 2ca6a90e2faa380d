"""Chinese counselling conversations written by a language model."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts

CARD = Card(
    title="EmoLLM conversations",
    repository="SmartFlowAI/EmoLLM",
    commit="955155bb536eb1c28ff4500c6dc6a093a24e8209",
    licence="MIT",
    languages=("zh",),
    rows=1596,
    labels="none",
    problems=(
        "Written by a language model in one polished manner of a counsellor; people do not talk like that."
    ),
    files=(
        Source(
            "datasets/data.json",
            "a3adbbe3d191a9a4b1bbeac144af6847f2faa52bc826caabe4e04dcdb0d5d277",
            3_801_977,
        ),
    ),
    open_licence=True,
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every conversation in file order; its last answer is judged."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            said = [(("user", turn["input"]), ("assistant", turn["output"])) for turn in row["conversation"]]
            yield Row(tuple(turn for exchange in said for turn in exchange))
