"""Short texts with emoji, hateful or not, in pairs that differ by a small change."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="HatemojiBuild",
    repository="HannahKirk/Hatemoji",
    commit="a626f63216158748d072e581efc00267031f4404",
    licence="CC BY 4.0",
    languages=("en",),
    rows=5912,
    labels="1 hate 2,965, 0 not 2,947; kind of hate; whom it is aimed at",
    problems=(
        "Written by trained people to fool a model, so harder and odder than what people post. The official "
        "splits tear most pairs apart: keep a pair on one side. 9 exact duplicates."
    ),
    files=(
        Source(
            "HatemojiBuild/train.csv",
            "2255818a5b10153876320068451be582ed876a2eefb22a250bd2f6478d1815e5",
            692_090,
            split="train",
        ),
        Source(
            "HatemojiBuild/validation.csv",
            "721094d44fceb923a0b3897935126a654bbb1f092b1fed6a74d80e4a845c6f43",
            83_297,
            split="dev",
        ),
        Source(
            "HatemojiBuild/test.csv",
            "4b067b445c6445dbd4036d7c75dde21f72928bfd31db63d1c53d66226c53be99",
            86_451,
            split="test",
        ),
    ),
    crosswalks={
        "harm-six": Crosswalk(
            {"0": (), "1": ("violence_hate",)},
            loses="only hate was asked for: other harms count as absent",
        )
    },
    open_licence=True,
    cite="arXiv:2108.05921",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, train first. A group is a text and its twin."""
    for path, split in parts(CARD, folder):
        for row in table(path):
            first, second = sorted((int(row["entry_id"]), int(row["matched_id"])))
            yield Row.message(
                row["text"],
                label=row["label_gold"],
                split=split,
                group=f"hatemoji-build:{first}-{second}",
                tags={"kind": row["type"], "side": row["set"]},
            )
