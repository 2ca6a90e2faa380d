"""Decisions made again from an audit and the texts somebody has kept: the same bits, or it says where not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindrail.guard import Guard
from mindrail.records import Example
from mindrail.serve import audit


@dataclass(frozen=True)
class Replay:
    """What came of it, in numbers of lines; `differing` names the requests whose decision came out otherwise.

    `other` lines are of another guard, `unknown` ones of texts that were not given, `parts` of replies that were
    stopped half-way.
    """

    same: int
    differing: tuple[str, ...]
    other: int
    unknown: int
    parts: int


def replay(folder: Path, guard: Guard, examples: Sequence[Example]) -> Replay:
    """Decide again what audit and texts have in common; every field of an answer counts. Raises BadFile."""
    key = audit.read_key(folder)
    by_hash = {audit.text_hash(key, example): example for example in examples}
    known: dict[str, dict[str, Any]] = {}
    same, other, unknown, parts = 0, 0, 0, 0
    differing = []
    for line in audit.lines(folder):
        name = str(line.get("text"))
        if line.get("guard") != guard.id:
            other += 1
        elif line.get("part"):
            parts += 1
        elif name not in by_hash:
            unknown += 1
        else:
            if name not in known:
                known[name] = guard(by_hash[name]).to_dict()
            if all(line.get(field) == value for field, value in known[name].items()):
                same += 1
            else:
                differing.append(str(line.get("request")))
    return Replay(same, tuple(differing), other, unknown, parts)
