"""Conversations on dangerous subjects whose replies were written to be safe."""

import json
from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, parts

CARD = Card(
    title="Caia AI Safety",
    repository="Caia-Tech/caia-ai-safety",
    commit="3c05c92ffa4d445bb242205749da4a4434f06206",
    licence="CC BY 4.0",
    languages=("en",),
    rows=1951,
    labels="10 subjects; no safety label",
    problems=(
        "Written by a language model. 53 lines are broken upstream, 52 of them in the mental-health file, "
        "and are skipped. 5 conversations stand in two files."
    ),
    files=(
        Source(
            "mental-health-safety.jsonl",
            "347dc7d1a3709b1b399476e0f280682d67b529f2ec7e430d9469649271cfb110",
            431_171,
        ),
        Source(
            "drug-safety.jsonl", "e2a02706d5003a4ad4a09901976520b8c1665b1e844da59be2a26551112bd770", 119_783
        ),
        Source(
            "violence-safety.jsonl",
            "996ef1d3e93232446bf9678d6e4e20ddb99858339cc74540e491b95326067c7f",
            59_751,
        ),
        Source("sex-safety.jsonl", "f6e62bb9250590b237173c2ee89dc0705711b73119f43470ea4c2d5ccf443bd3", 6192),
        Source(
            "child-safety.jsonl", "954f764f7a9e5df21a13b9fe7e8b5764daf7587907428b94a0b67e164e52e9a0", 102_930
        ),
        Source(
            "cyber-safety.jsonl", "8916b72943319a1ce7a43e44284159e0d1adc9d3e4ec86b1d6d7ea19e96be178", 358_323
        ),
        Source(
            "workplace-safety.jsonl",
            "ddc4ad289c74a936846db6e16620ab127f4f522baf3d6aaf63bb6f67fbddb901",
            104_647,
        ),
        Source(
            "privacy-safety.jsonl", "855a1550e7408afd140862cb913dfd8192c728c290985f1ecd5e4eb4e6a505d2", 30_726
        ),
        Source(
            "misinformation-safety.jsonl",
            "b8233198c4a88214be231e3a0dd9780e670c383e7dad288402872f854a83c189",
            44_898,
        ),
        Source(
            "ai-safety.jsonl", "8656a424ce300d18486475393aa0e41a89efc6ea90f5560ad4b00017879d91c0", 126_251
        ),
    ),
    open_licence=True,
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every conversation in file order, without the broken lines."""
    for path, _ in parts(CARD, folder):
        for line in files.read_text(path).split("\n"):
            try:
                turns = tuple((turn["role"], turn["content"]) for turn in json.loads(line)["chat"])
            except (ValueError, KeyError):
                continue
            tags = {"subject": path.stem.removesuffix("-safety")}
            yield Row(turns, group=group_of(turns[0][1]), tags=tags)
