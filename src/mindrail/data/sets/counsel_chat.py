"""Questions to licensed therapists on a public site, with their answers."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk, Reading

#: topics where a question may well speak of one of the harms, so that nothing is known of it
_OPEN = (
    "addiction",
    "anger-management",
    "depression",
    "domestic-violence",
    "eating-disorders",
    "human-sexuality",
    "intimacy",
    "legal-regulatory",
    "self-harm",
    "substance-abuse",
    "trauma",
)
_QUIET = (
    "anxiety",
    "behavioral-change",
    "children-adolescents",
    "counseling-fundamentals",
    "diagnosis",
    "family-conflict",
    "grief-and-loss",
    "lgbtq",
    "marriage",
    "military-issues",
    "parenting",
    "professional-ethics",
    "relationship-dissolution",
    "relationships",
    "self-esteem",
    "sleep-improvement",
    "social-relationships",
    "spirituality",
    "stress",
    "workplace-relationships",
)
_TOPICS: dict[str, Reading] = dict.fromkeys(_QUIET, ()) | dict.fromkeys(_OPEN)

_SPLITS = {"train": "train", "val": "dev", "test": "test"}

CARD = Card(
    title="Counsel Chat",
    repository="nbertagnolli/counsel-chat",
    commit="e202e19c5002482f4f6631af754c276dd9adf7f2",
    licence="MIT",
    languages=("en",),
    rows=2129,
    labels="31 topics of the question; no safety label",
    problems=(
        "815 questions with several answers each: split by question. Answers are by licensed people and "
        "nobody labelled them safe. 120 exact duplicates, the same answer under another topic."
    ),
    files=(
        Source(
            "data/20200325_counsel_chat.csv",
            "c36fbce1c12271a17f3f355f6aaeb0b04987b217b53b600c5677985f15c9f1a8",
            3_281_269,
        ),
    ),
    crosswalks={
        "harm-six": Crosswalk(
            _TOPICS,
            judges="message",
            loses=(
                "the question is judged, by its topic alone: 20 quiet topics count as free of harm though nobody "
                "read them for it, the other 11 say nothing"
            ),
        )
    },
    open_licence=True,
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order: a question (title and text) and one answer. A group is a question."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            yield Row.reply(
                f"{row['questionTitle']}\n{row['questionText']}",
                row["answerText"],
                label=row["topic"],
                split=_SPLITS[row["split"]],
                group=f"counsel-chat:{row['questionID']}",
                tags={"topic": row["topic"]},
            )
