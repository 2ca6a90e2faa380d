"""What the two sets of our own share: how judgements become labels, and what those labels mean."""

from collections.abc import Iterator, Mapping
from importlib.resources import files as package
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.taxonomy.crosswalk import Crosswalk

_HARMS = (
    "violence_hate",
    "sexual_content",
    "weapons",
    "substances",
    "suicide_self_harm",
    "criminal_planning",
)

CROSSWALKS: Mapping[str, Crosswalk] = {
    "emotional-risk": Crosswalk(
        {"safe": "safe", "borderline": "borderline", "unsafe": "unsafe"}, field="risk"
    ),
    "harm-six": Crosswalk({"none": ()} | {harm: (harm,) for harm in _HARMS}, field="harms"),
    "prompt-harm": Crosswalk(
        {"harmful": "harmful", "safe": "safe", "unknown": None},
        field="asks",
        loses="a message of somebody in danger that asks for nothing harmful says nothing",
    ),
}


def judged(risk: str, harms: tuple[str, ...], *, asks_for_harm: bool) -> dict[str, tuple[str, ...]]:
    """The labels of one message."""
    asks = "harmful" if asks_for_harm else "safe" if risk == "safe" else "unknown"
    return {"risk": (risk,), "harms": harms or ("none",), "asks": (asks,)}


def written(name: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of every JSONL file in the set's own folder, files in the order of their names."""
    folder = Path(str(package("mindrail"))) / "data" / "sets" / name
    for path in sorted(folder.glob("*.jsonl")):
        for _, row in files.read_jsonl(path):
            yield row
