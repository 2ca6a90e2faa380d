"""Chinese questions by experts that touch values and feelings, all benign."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="CValues, responsibility prompts",
    repository="X-PLUG/CValues",
    commit="3018d3886890d04c95c9051c7055fb19e36ef592",
    licence="Apache-2.0",
    languages=("zh",),
    rows=664,
    labels="benign 664, in 8 fields, psychology and close relationships among them",
    problems=(
        "Benign by design: nobody labelled single rows. Careful questions of experts, not of people in need."
    ),
    files=(
        Source(
            "dataset/cvalues_responsibility_prompts.jsonl",
            "ee99050d4a8933829697c796e279b83795838feacefc84cdd06856bad01bfff4",
            102_859,
        ),
    ),
    crosswalks={
        "prompt-harm": Crosswalk(
            {"benign": "safe"}, loses="nothing here is harmful: counts false alarms only"
        ),
        "harm-six": Crosswalk({"benign": ()}, loses="nothing here is harmful: counts false alarms only"),
    },
    open_licence=True,
    cite="arXiv:2307.09705",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for _, row in files.read_jsonl(path):
            yield Row.message(row["prompt"], label="benign", tags={"topic": row["domain_en"]})
