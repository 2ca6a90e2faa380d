"""Conversations in which people tried to get harm out of an assistant, each with two endings."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts

CARD = Card(
    title="HH-RLHF harmless, test",
    repository="anthropics/hh-rlhf",
    commit="354e5c3cb8960630860dd5774a6ac2a58313bf4d",
    licence="MIT",
    languages=("en",),
    rows=4624,
    labels="2,312 pairs: the ending people preferred as less harmful, and the other; no safety label",
    problems=(
        "A preference, not a judgement: both endings may be harmful, or neither. Many sets of harmful "
        "prompts stem from this collection. 13 conversations have a speaker twice in a row."
    ),
    files=(
        Source(
            "harmless-base/test.jsonl.gz",
            "ebfaaed21162a4de120ae85366075b34425e2a6303fac59b99555002f7016f03",
            742_801,
        ),
    ),
    open_licence=True,
    cite="arXiv:2204.05862",
)

_SPEAKERS = {"Human": "user", "Assistant": "assistant"}
_MARK = re.compile(r"\n\n(Human|Assistant):")


def load(folder: Path) -> Iterator[Row]:
    """Yield both endings of every pair in file order, tagged by `side`, in one group."""
    for path, _ in parts(CARD, folder):
        lines = gzip.decompress(path.read_bytes()).decode().removesuffix("\n").split("\n")
        for place, line in enumerate(lines):
            for side, talk in json.loads(line).items():
                said = _MARK.split(talk)[1:]
                turns = tuple(
                    (_SPEAKERS[mark], text.strip()) for mark, text in zip(said[::2], said[1::2], strict=True)
                )
                yield Row(turns, group=f"hh-rlhf-harmless-test:{place}", tags={"side": side})
