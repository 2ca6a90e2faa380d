"""Quality against size as a drawing that stands alone: macro F1 by parameters, and by memory, with intervals."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import Any

from mindrail.study.curves import Frame, style

#: what is drawn to the right: the name of a file, the cost it shows, the words under it
COSTS = {
    "parameters": ("parameters", "parameters"),
    "memory": ("peak_rss_mb", "peak memory of a process that scores, MB"),
}
_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def quality(groups: Sequence[Mapping[str, Any]], task: str, cost: str) -> str | None:
    """One point for each model of the main arm; None where fewer than two have that cost.

    A model that was run with several numbers of labels has a point for each, said behind its name.
    """
    name, title = COSTS[cost]
    mine = [g for g in groups if g["task"] == task and g["arm"] == "main" and g["costs"][name]]
    if len(mine) < 2:
        return None
    budgets = {group["labels"] for group in mine}
    sizes = [float(group["costs"][name]) for group in mine]
    values = [bound for group in mine for bound in group["test"]["macro-f1"]["interval"]]
    frame = Frame(_ticks(sizes), values, len(mine), title, "macro F1 × 100, test")
    parts, told = frame.axes(), []
    for row, (group, size) in enumerate(zip(mine, sizes, strict=True)):
        colour, shape = style(row)
        labels = "" if len(budgets) == 1 else f", {group['labels']} labels"
        parts += frame.point(size, group["test"]["macro-f1"], colour, shape)
        parts += frame.legend(row, f"{group['model']}{labels}", colour, shape)
        told.append(
            f"{group['model']}{labels}: {100 * group['test']['macro-f1']['value']:.1f} at {short(size)}"
        )
    return frame.drawing(f"Macro F1 by {cost}, {task}", "; ".join(told), parts)


def short(count: int | float) -> str:
    """A count in few characters: 22.7M, 135M, 512."""
    for size, unit in _UNITS:
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return f"{count:.3g}"


def _ticks(sizes: Sequence[float]) -> dict[float, str]:
    """Powers of ten around the sizes; at least two, for an axis has two ends."""
    first = floor(log10(min(sizes)))
    last = max(first + 1, ceil(log10(max(sizes))))
    return {10.0**power: short(10.0**power) for power in range(first, last + 1)}
