"""The worst misses and false alarms of the first run, by id and length, for whoever may read the rows."""

from collections.abc import Callable

import numpy as np

from mindrail.arrays import Bool, ndarray
from mindrail.evaluate.results import Mistake, Mistakes
from mindrail.evaluate.rows import Rows

#: of each sort
MOST = 25


def mistakes(rows: Rows) -> Mistakes:
    """Misses, the worst and the surest first; false alarms, the blocked and the surest first."""
    stopped, blocked = rows.runs[0].stopped, rows.runs[0].decided("block")
    chance = rows.runs[0].chances[rows.whole.name]
    scale = rows.axis.kind == "scale"
    severity = rows.truth.argmax(axis=1) if scale else np.zeros(len(stopped), dtype=int)
    missed, alarms = rows.harmful & ~stopped, stopped & ~rows.harmful
    return Mistakes(
        int(missed.sum()),
        int(alarms.sum()),
        _worst(rows, missed, lambda i: (-int(severity[i]), float(chance[i]))),
        _worst(rows, alarms, lambda i: (-int(blocked[i]), -float(chance[i]))),
    )


def _worst(
    rows: Rows, wrong: Bool[ndarray, " n"], order: Callable[[int], tuple[int, float]]
) -> tuple[Mistake, ...]:
    found = sorted((int(i) for i in np.flatnonzero(wrong)), key=lambda i: (order(i), rows.examples[i].id))
    return tuple(_mistake(rows, i) for i in found[:MOST])


def _mistake(rows: Rows, i: int) -> Mistake:
    example, made = rows.examples[i], rows.runs[0].decisions[i]
    truth = tuple(name for name, true in zip(rows.axis.names, rows.truth[i], strict=True) if true)
    chance = float(rows.runs[0].chances[rows.whole.name][i])
    return Mistake(example.id, len(example.text), truth, made.decision, made.label, chance)
