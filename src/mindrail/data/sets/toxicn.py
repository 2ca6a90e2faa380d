"""Chinese posts from two forums: not toxic, offensive, or hate."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="ToxiCN",
    repository="DUT-lujunyu/ToxiCN",
    commit="16a315104af85a2a751705e4a41c8dc515e4c578",
    licence="CC BY-NC-ND 4.0: may be copied unchanged only",
    languages=("zh",),
    rows=12011,
    labels="2 hate 5,645, 0 not toxic 5,550, 1 offensive 816",
    problems=(
        "About gender, race, region and LGBTQ only. No changed version may be published, augmented rows "
        "included."
    ),
    files=(
        Source(
            "ToxiCN_1.0.csv", "e94e50136d8c381b5f2a396fccf11fd824d8a922c7fc5369274e9da4c6537566", 2_318_453
        ),
    ),
    crosswalks={
        "offensive-language": Crosswalk(
            {"0": "clean", "1": "offensive", "2": "offensive"}, loses="hate and coarse words become one"
        ),
        "harm-six": Crosswalk(
            {"0": (), "1": None, "2": ("violence_hate",)},
            loses="only toxicity was asked for: other harms count as absent",
        ),
    },
    cite="arXiv:2305.04446",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            tags = {"platform": row["platform"], "topic": row["topic"]}
            yield Row.message(row["content"], label=row["toxic_type"], tags=tags)
