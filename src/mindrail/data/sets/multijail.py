"""Harmful prompts in ten languages, translated by people."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

_LANGUAGES = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")

CARD = Card(
    title="MultiJail",
    repository="DAMO-NLP-SG/multilingual-safety-for-LLMs",
    commit="577ac511437e07a256130945ef312a99158a18ad",
    licence="MIT",
    languages=_LANGUAGES,
    rows=3150,
    labels="harmful 315, each in ten languages; 300 from the red team of hh-rlhf",
    problems="Everything is meant to be harmful, so it measures recall only. Shares 95 prompts with alert.",
    files=(
        Source(
            "data/MultiJail.csv", "2798ed6fe470b80b1f486976e0fb3baa3ce008e62b6ca0abbf2e1ed5b1dfb355", 344_375
        ),
    ),
    crosswalks={
        "prompt-harm": Crosswalk({"harmful": "harmful"}, loses="nothing here is safe: measures recall only")
    },
    open_licence=True,
    cite="arXiv:2310.06474",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every prompt in every language, in file order; the ten versions of a prompt share a group."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            for language in _LANGUAGES:
                tags = {"language": language, "origin": row["source"]}
                group = f"multijail:{row['id']}"
                yield Row.message(row[language], label="harmful", group=group, tags=tags)
