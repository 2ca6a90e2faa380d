"""Pieces of Reddit posts that express stress or do not."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table

CARD = Card(
    title="Dreaddit",
    repository="gillian850413/Insight_Stress_Analysis",
    commit="e081ea1669ec6c66d26803e567abd2a5c6e0841e",
    licence="MIT (carrier); Dreaddit itself states no licence",
    languages=("en",),
    rows=3553,
    labels="1 stress 1,857, 0 no stress 1,696, from 10 subreddits",
    problems=(
        "Several pieces of one post: split by post. Not clean UTF-8, so some apostrophes are broken. Shares "
        "2,799 texts with depression-severity: never train on one and test on the other. 21 exact "
        "duplicates."
    ),
    files=(
        Source(
            "data/dreaddit-train.csv",
            "d11c4451f0b1d65ade05d0c1fd7ea0f39f4b6c7e62814415d428fa36edf20243",
            2_715_241,
            split="train",
        ),
        Source(
            "data/dreaddit-test.csv",
            "a646ad3ffe1dfe0e6be301d8d8a2ef93fe995692ebbdffaca6bc55beb6ebc336",
            682_555,
            split="test",
        ),
    ),
    cite="arXiv:1911.00133",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, train first; a group is a post."""
    for path, split in parts(CARD, folder):
        for row in table(path, encoding="cp1252"):
            yield Row.message(
                row["text"],
                label=row["label"],
                split=split,
                group=f"dreaddit:{row['post_id']}",
                tags={"subreddit": row["subreddit"]},
            )
