"""Learning curves as a drawing that stands alone: F1 against the number of labels, with intervals."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from math import floor, log10
from typing import Any

from mindrail.evaluate import svg
from mindrail.evaluate.svg import Shape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP = 60, 24, 18
#: A line of the legend, and the room below the plot without it.
LINE, BELOW = 20, 62

#: Colour and shape of each line, told apart without either alone.
STYLES: tuple[tuple[str, Shape], ...] = (
    ("a", "circle"),
    ("b", "square"),
    ("c", "diamond"),
    ("d", "circle"),
    ("e", "square"),
    ("f", "diamond"),
)
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b2026 } .tick { font-size: 12px; fill: #59636e }
.grid { stroke: #d5dae0 } polyline { fill: none; stroke-width: 2 } .thin { stroke-width: 1.5 }
.a { stroke: #1c5ca8; --c: #1c5ca8 } .b { stroke: #a8480b; --c: #a8480b } .c { stroke: #1d7a46; --c: #1d7a46 }
.d { stroke: #7a3fa0; --c: #7a3fa0 } .e { stroke: #59636e; --c: #59636e } .f { stroke: #8a5a00; --c: #8a5a00 }
.solid { fill: var(--c) }
@media (prefers-color-scheme: dark) {
  text { fill: #e8ebee } .tick { fill: #a5afba } .grid { stroke: #3a424c }
  .a { stroke: #7fb5f2; --c: #7fb5f2 } .b { stroke: #f0a467; --c: #f0a467 } .c { stroke: #7fd6a3; --c: #7fd6a3 }
  .d { stroke: #cda3ec; --c: #cda3ec } .e { stroke: #a5afba; --c: #a5afba } .f { stroke: #f0c466; --c: #f0c466 }
}
"""


def learning_curve(groups: Sequence[Mapping[str, Any]], task: str) -> str | None:
    """One line per way of learning over the budgets it was run at; None where there is nothing to draw.

    Ways that were run at one budget only are left out, except where all were: then nothing is drawn.
    """
    lines: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for group in groups:
        labels = group["labelled"] if group["labels"] == "all" else int(group["labels"])
        lines[_name(group)][labels] = group["test"]
    drawn = {name: points for name, points in sorted(lines.items()) if len(points) > 1}
    if not drawn:
        return None
    budgets = sorted({labels for points in drawn.values() for labels in points})
    values = [bound for points in drawn.values() for found in points.values() for bound in found["interval"]]
    frame = _Frame(budgets, min(values), max(values), len(drawn))
    parts = [f"<style>{_STYLE}</style>", *frame.axes(budgets)]
    for row, (name, points) in enumerate(drawn.items()):
        colour, shape = _style(row)
        parts += frame.line(points, colour, shape)
        parts += frame.legend(row, name, colour, shape)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{100 * found['value']:.1f} at {labels}" for labels, found in points.items())
        for name, points in drawn.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {frame.height}" role="img">'
        f"<title>{escape(f'F1 by number of labels, {task}')}</title><desc>{escape(told)}</desc>"
        f"{''.join(parts)}</svg>\n"
    )


def _style(row: int) -> tuple[str, Shape]:
    """Colour and shape of a line; beyond the last colour the shapes move on by one."""
    return STYLES[row % len(STYLES)][0], STYLES[(row + row // len(STYLES)) % len(STYLES)][1]


def _name(group: Mapping[str, Any]) -> str:
    views = "" if group["views"] == "none" else f", {group['views']}"
    family = "" if group["family"] == "encoder" else f"{group['family']}, "
    arm = "" if group["arm"] == "main" else f" ({group['arm']})"
    return f"{family}{group['algorithm']}{views}{arm}"


class _Frame:
    """Labels to the right in powers, F1 upwards over the range that occurs."""

    def __init__(self, budgets: Sequence[int], low: float, high: float, lines: int) -> None:
        self.first, self.last = log10(budgets[0]), log10(budgets[-1])
        self.low, self.high = floor(20 * low) / 20, (floor(20 * high) + 1) / 20
        self.bottom = BELOW + LINE * ((lines + 1) // 2)
        self.height = HEIGHT + self.bottom - BELOW

    def x(self, labels: int) -> float:
        return LEFT + (log10(labels) - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        room = self.height - TOP - self.bottom
        return self.height - self.bottom - (value - self.low) / (self.high - self.low) * room

    def axes(self, budgets: Sequence[int]) -> list[str]:
        parts = []
        for step in range(round((self.high - self.low) * 20) + 1):
            value = self.low + step / 20
            y = self.y(value)
            parts.append(svg.line(LEFT, y, WIDTH - RIGHT, y, "grid"))
            parts.append(svg.label(LEFT - 8, y + 4, f"{100 * value:.0f}", anchor="end", style="tick"))
        foot = self.height - self.bottom
        ticks = [
            svg.label(self.x(labels), foot + 18, f"{labels:,}", anchor="middle", style="tick")
            for labels in budgets
        ]
        middle = (LEFT + WIDTH - RIGHT) / 2
        titles = [
            svg.label(middle, foot + 38, "labelled messages", anchor="middle"),
            svg.label(16, (TOP + foot) / 2, "F1 × 100, test", anchor="middle", turned=True),
        ]
        return [*parts, *ticks, *titles]

    def line(self, points: Mapping[int, Mapping[str, Any]], colour: str, shape: Shape) -> list[str]:
        known = [(self.x(labels), found) for labels, found in sorted(points.items())]
        parts = [svg.path([(x, self.y(found["value"])) for x, found in known], colour)]
        for x, found in known:
            low, high = found["interval"]
            parts.append(svg.whisker(x, self.y(low), self.y(high), f"{colour} thin"))
            parts.append(svg.mark(x, self.y(found["value"]), shape, f"{colour} solid"))
        return parts

    def legend(self, row: int, name: str, colour: str, shape: Shape) -> list[str]:
        x, y = LEFT + (row % 2) * 280, self.height - self.bottom + 60 + LINE * (row // 2)
        return [svg.mark(x, y, shape, f"{colour} solid"), svg.label(x + 12, y + 4, name, style="tick")]
