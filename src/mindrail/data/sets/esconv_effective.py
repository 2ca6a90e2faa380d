"""Emotional-support conversations that helped."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts

CARD = Card(
    title="ESConv, conversations that helped",
    repository="dengyang17/PPDPP",
    commit="f44dccdd43f335e5e5f372ab556cfd9f182f9c55",
    licence="none stated; the conversations are ESConv's (CC BY-NC 4.0)",
    languages=("en",),
    rows=260,
    labels="emotion, problem; none about safety",
    problems=(
        "The dev and test parts only. Helped means that the person felt better afterwards; no single reply "
        "is judged."
    ),
    files=(
        Source(
            "data/esc-valid.txt",
            "71e6da3aa073cc83bc67a079ad72bf92c4e4ff653b349a4fc5e118315ce85074",
            523_036,
            split="dev",
        ),
        Source(
            "data/esc-test.txt",
            "34f174dde08be63a32093e1ba3269c24bffcd34ce844ae6e7b73be7320400b82",
            542_217,
            split="test",
        ),
    ),
    cite="arXiv:2106.01144",
)

_SPEAKERS = {"usr": "user", "sys": "assistant"}


def load(folder: Path) -> Iterator[Row]:
    """Yield every conversation in file order, up to the last word of the supporter, which is judged."""
    for path, split in parts(CARD, folder):
        for _, row in files.read_jsonl(path):
            turns = [(_SPEAKERS[turn["speaker"]], turn["text"].strip()) for turn in row["dialog"]]
            while turns[-1][0] != "assistant":
                turns.pop()
            tags = {"emotion": row["emotion_type"], "problem": row["problem_type"]}
            yield Row(tuple(turns), split=split, tags=tags)
