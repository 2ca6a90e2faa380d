"""Reddit posts from r/SuicideWatch and r/depression."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="SDCNL",
    repository="ayaanzhaque/SDCNL",
    commit="ddf995aabd028657385cac6cee92c5d53774992d",
    licence="none stated",
    languages=("en",),
    rows=1895,
    labels="1 posted in SuicideWatch 980, 0 posted in depression 915",
    problems=(
        "The label is where a post was written, not what anybody judged of it; its own paper corrects for "
        "that noise. The file carries user names, which are not read. 65 posts have no body, only a title."
    ),
    files=(
        Source(
            "data/training-set.csv",
            "eea753b9376ef0573328ee777271247293b0badaee83f481c624277b25850dfa",
            3_324_851,
            split="train",
        ),
        Source(
            "data/testing-set.csv",
            "d6725b9c930c4b52367b9ad9ea74d0d33fc75f74edfad111f0220f9df5044ee8",
            752_710,
            split="test",
        ),
    ),
    crosswalks={
        "emotional-risk": Crosswalk(
            {"0": "borderline", "1": "unsafe"},
            loses="a forum stands for a judgement: safe and merely sad posts of both forums are misplaced",
        )
    },
    cite="arXiv:2102.09427",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, train first: title and body, without user names."""
    for path, split in parts(CARD, folder):
        for row in table(path):
            body = "" if row["selftext"] == "emptypost" else row["selftext"]
            yield Row.message(f"{row['title']}\n{body}".strip(), label=row["is_suicide"], split=split)
