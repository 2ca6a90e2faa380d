"""Everyday situations with short pieces of advice, physically safe or unsafe."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="SafeText",
    repository="sharonlevy/SafeText",
    commit="25bb7a8c4a00634bc0ea1b5e85bec85cf32f36aa",
    licence="MIT",
    languages=("en",),
    rows=1465,
    labels="the advice: safe 1,095, unsafe 370, in 367 situations",
    problems=(
        "Bare phrases, not replies as anybody would say them. Physical safety only. 36 exact duplicates."
    ),
    files=(
        Source("SafeText.json", "e33c84e193f9005d611d933ef55c52e1ef4d6f2f2245d2d999b646f50a8095f5", 74_705),
    ),
    crosswalks={
        "response-harm": Crosswalk({"safe": "safe", "unsafe": "harmful"}, loses="physical safety only")
    },
    open_licence=True,
    cite="arXiv:2210.10045",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every piece of advice in file order. A group is a situation."""
    for path, _ in parts(CARD, folder):
        for situation, advice in files.read_json(path).items():
            for label in ("safe", "unsafe"):
                for phrase in advice[label]:
                    yield Row.reply(situation, phrase, label=label, group=group_of(situation))
