"""Chinese comments under one post that became a place to confide: suicide risk, cognitive distortions."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="SOS-HL-1K and SocialCD-3K",
    repository="HongzhiQ/SupervisedVsLLM-EfficacyEval",
    commit="fa3665d36af4dd5a518040d65a7c9186f8d1428d",
    licence="none stated",
    languages=("zh",),
    rows=4406,
    labels="suicide risk: low 522, high 477; 12 cognitive distortions in 3,407 further comments",
    problems=(
        "All comments stand under one Weibo post. The official validation part, 250 posts, is not public. "
        "Low risk mixes everyday sadness and quiet hopelessness."
    ),
    files=(
        Source(
            "data/suicide/suicide_train.jsonl",
            "2a45b2a54f44d5e017c591e77952d62594b727c3cc803cf6aa0f175c65a3f878",
            429_457,
            split="train",
        ),
        Source(
            "data/SocialCD-3k/SocialCD-3k.tsv",
            "fdbf1f243a801da8ca4dfb7eb6e494e1efc9b372e27dfcbffd62861086cd9b8d",
            500_848,
        ),
    ),
    crosswalks={
        "emotional-risk": Crosswalk(
            {"高自杀风险": "unsafe", "低自杀风险": None},
            field="risk",
            loses="low risk may be safe or borderline and says nothing, so only unsafe rows answer",
        )
    },
    cite="arXiv:2309.03564",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield the rows with a suicide risk, then those with distortions, each in file order."""
    risks, distortions = (folder / source.stored for source in CARD.files)
    for _, row in files.read_jsonl(risks):
        _, comment, answer = (turn["content"] for turn in row["messages"])
        yield Row((("user", comment),), {"risk": (answer,)}, tags={"part": "risk"})
    for cells in table(distortions, delimiter="\t"):
        text = cells.pop("内容")
        found = tuple(name for name, mark in cells.items() if mark == "1")
        yield Row((("user", text),), {"distortion": found}, tags={"part": "distortion"})
