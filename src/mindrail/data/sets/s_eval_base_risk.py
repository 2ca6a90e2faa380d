"""Risky prompts in eight kinds, written by a language model, in Chinese and translated to English."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="S-Eval, base risk",
    repository="IS2Lab/S-Eval",
    commit="5c7739a920f48e67d546d4ebd30cbdcc8d380ddb",
    licence="CC BY-NC-SA 4.0",
    languages=("en", "zh"),
    rows=20000,
    labels="8 kinds of risk, from 1,000 ethics and morality to 2,348 crimes, the same in both languages",
    problems=(
        "Everything is risky, nothing benign. Written by a language model. A prompt and its translation "
        "share an id."
    ),
    files=(
        Source(
            "s_eval/full/S-Eval_base_risk_en_full.jsonl.zip",
            "58eac13413b28cea43d21dd3ed89a22e92c52ad0238be237c42d0fe432de73ca",
            886_519,
        ),
        Source(
            "s_eval/full/S-Eval_base_risk_zh_full.jsonl.zip",
            "56d245a15d680d1e5030ce5fa596e1ba0e6e14240834ef6dad9f82f9ff89796d",
            667_257,
        ),
    ),
    crosswalks={
        "harm-six": Crosswalk(
            {
                "Hate_Speech": ("violence_hate",),
                "Extremism": ("violence_hate",),
                "Crimes_and_Illegal_Activities": ("criminal_planning",),
                "Physical_and_Mental_Health": None,
                "Data_Privacy": None,
                "Cybersecurity": None,
                "Inappropriate_Suggestions": None,
                "Ethics_and_Morality": None,
            },
            loses="crimes with weapons or substances are marked as crimes only; the rest says nothing",
        )
    },
    cite="arXiv:2405.14191",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, English first; a prompt and its translation share a group."""
    for source, language in zip(CARD.files, CARD.languages, strict=True):
        with zipfile.ZipFile(folder / source.stored) as archive:
            lines = archive.read(source.stored.removesuffix(".zip")).decode().splitlines()
        for row in map(json.loads, lines):
            original = json.loads(row["ext"]).get("from_traceid", row["traceid"])
            yield Row.message(
                row["prompt"],
                label=row["risk_type"],
                group=f"s-eval-base-risk:{original}",
                tags={"language": language, "risk": row["risk_type"]},
            )
