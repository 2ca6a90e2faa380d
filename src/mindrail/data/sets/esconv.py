"""Emotional-support conversations that did not help."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts

CARD = Card(
    title="ESConv, the failed conversations",
    repository="thu-coai/Emotional-Support-Conversation",
    commit="f262d062ad74cb39b17ea476facc81568ddcba24",
    licence="CC BY-NC 4.0, academic research only",
    languages=("en",),
    rows=196,
    labels="emotion, problem; none about safety",
    problems=(
        "Failed means that the person did not feel better afterwards; no single reply is judged. The main "
        "file of the repository, with the conversations that helped, is not part of this set."
    ),
    files=(
        Source(
            "FailedESConv.json", "d21bad5409d88ecbca18abfee26a8c188d09c34b03962cb53a4c30d8de95b279", 911_614
        ),
    ),
    cite="arXiv:2106.01144",
)

_SPEAKERS = {"speaker": "user", "listener": "assistant"}


def load(folder: Path) -> Iterator[Row]:
    """Yield every conversation in file order, up to the last word of the supporter, which is judged."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            turns = [(_SPEAKERS[turn["speaker"]], turn["content"].strip()) for turn in row["dialog"]]
            while turns[-1][0] != "assistant":
                turns.pop()
            yield Row(tuple(turns), tags={"emotion": row["emotion_type"], "problem": row["problem_type"]})
