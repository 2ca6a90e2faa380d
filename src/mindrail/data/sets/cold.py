"""Chinese posts about race, region and gender, offensive or not."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="COLD",
    repository="thu-coai/COLDataset",
    commit="a0c55a945497ab58e94aef491180e1cf88ffb864",
    licence="Apache-2.0",
    languages=("zh",),
    rows=37480,
    labels=(
        "1 offensive 18,041, 0 not 19,439; in test also 0 other 2,548, 2 attacks a group 1,819, 3 against "
        "bias 668, 1 attacks one person 288"
    ),
    problems=(
        "People labelled test only; labels of train and dev are partly a model's. Half of dev.csv calls "
        "itself train in its own column; the file decides here. 84 texts cross the splits, 157 exact "
        "duplicates."
    ),
    files=(
        Source(
            "COLDataset/train.csv",
            "16ca7955bdcaf90f5d8ac39e51eb3eda15320caa1e730ed45cb5e8ca8cd0d5e8",
            4_131_002,
            split="train",
        ),
        Source(
            "COLDataset/dev.csv",
            "28e67a26815aa1852449ba06919e51c07060d146e2bd23101cc0137a0ff94b7c",
            1_016_319,
            split="dev",
        ),
        Source(
            "COLDataset/test.csv",
            "b06d31481f0d558b6dc8140408938abe8dba8083cd9976b4ba8f5c837fbe78ed",
            866_973,
            split="test",
        ),
    ),
    crosswalks={
        "offensive-language": Crosswalk({"0": "clean", "1": "offensive"}),
        "harm-six": Crosswalk(
            {"0": (), "1": None, "2": ("violence_hate",), "3": ()},
            field="fine",
            loses=(
                "only test rows say whom an attack is aimed at; other harms were not asked for and count as "
                "absent"
            ),
        ),
    },
    open_licence=True,
    cite="arXiv:2201.06025",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, train first."""
    for path, split in parts(CARD, folder):
        for row in table(path):
            fine = row.get("fine-grained-label")
            labels = {"label": (row["label"],)} | ({"fine": (fine,)} if fine else {})
            yield Row((("user", row["TEXT"]),), labels, split=split, tags={"topic": row["topic"]})
