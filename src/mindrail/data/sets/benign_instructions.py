"""Everyday instructions to an assistant, all benign: for false alarms and as unlabelled text."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts
from mindrail.taxonomy.crosswalk import Crosswalk

_STYLE = "tidy instructions, unlike the way people write in need: a model trained on them learns style"

CARD = Card(
    title="Harmless instructions, from Alpaca",
    repository="andyrdt/refusal_direction",
    commit="9d852fae1a9121c78b29142de733cb1340770cc3",
    licence="Apache-2.0 (carrier); the instructions are Stanford Alpaca's, which are non-commercial",
    languages=("en",),
    rows=31323,
    labels="benign 31,323",
    problems=(
        "They do not sound like harmful prompts, so as the only negatives they teach a model style, not "
        "harm. Use them as unlabelled text or to count false alarms."
    ),
    files=(
        Source(
            "dataset/splits/harmless_train.json",
            "86623b1f8a25aa35df153fc97a556dbcebb6a7c881538ae43ee479ca17f2e002",
            2_344_466,
            split="train",
        ),
        Source(
            "dataset/splits/harmless_val.json",
            "772010758e7d771ef4c7e5e4acdfd7598dcece1a6f383f20d382f640913a2a4d",
            780_532,
            split="dev",
        ),
        Source(
            "dataset/splits/harmless_test.json",
            "1b5930ce5e855ada758b3116ce7c4aaea9b9d05f8cdd77b385511d4c84173b19",
            783_466,
            split="test",
        ),
    ),
    crosswalks={
        "prompt-harm": Crosswalk({"benign": "safe"}, loses=_STYLE),
        "harm-six": Crosswalk({"benign": ()}, loses=_STYLE),
    },
    cite="arXiv:2406.11717",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, train first."""
    for path, split in parts(CARD, folder):
        for row in files.read_json(path):
            yield Row.message(row["instruction"], label="benign", split=split)
