"""Short sentences, like text messages, about everyday stress."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts
from mindrail.errors import MissingExtra
from mindrail.taxonomy.crosswalk import Crosswalk

_STRESSORS = (
    "Work",
    "Other",
    "Health, Fatigue, or Physical Pain",
    "School",
    "Family Issues",
    "Emotional Turmoil",
    "Financial Problem",
    "Social Relationships",
    "Everyday Decision Making",
)

CARD = Card(
    title="Stress Annotated Dataset (SAD)",
    repository="PervasiveWellbeingTech/Stress-Annotated-Dataset-SAD",
    commit="1d6aa672c4eeb82e0bbc6533b75e0694da80ae20",
    licence="MIT",
    languages=("en",),
    rows=6850,
    labels="the main source of stress, one of 9; how severe, from 0 to 10",
    problems=(
        "Partly written to order by crowd workers. Nobody judged danger: that all of it is everyday stress "
        "is an assumption. Short and uniform, so a model may learn the set instead of the question."
    ),
    files=(
        Source("SAD_v1.zip", "74595bc41dc3a91de0563f43bf8e945498bfddf53138167b21eb5355444be2fe", 886_847),
    ),
    crosswalks={
        "emotional-risk": Crosswalk(
            dict.fromkeys(_STRESSORS, "safe"),
            loses="severity is not read: a few sentences of despair are counted as safe",
        )
    },
    open_licence=True,
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in sheet order. Raises MissingExtra without openpyxl."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise MissingExtra("openpyxl", "train", "reading the set 'sad-stress'") from None
    for path, _ in parts(CARD, folder):
        with zipfile.ZipFile(path) as archive:
            book = load_workbook(io.BytesIO(archive.read("SAD_v1.xlsx")), read_only=True)
        lines = book.worksheets[0].iter_rows(values_only=True)
        columns = next(lines)
        for line in lines:
            row = dict(zip(columns, line, strict=True))
            tags = {"topic": row["top_label"], "severity": str(row["median_severity"])}
            yield Row.message(str(row["sentence"]), label=row["top_label"], tags=tags)
