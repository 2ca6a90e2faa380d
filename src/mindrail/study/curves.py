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
    ticks = {float(labels): f"{labels:,}" for labels in budgets}
    frame = Frame(ticks, values, len(drawn), "labelled messages", "F1 × 100, test")
    parts = frame.axes()
    for row, (name, points) in enumerate(drawn.items()):
        colour, shape = style(row)
        parts += frame.line(points, colour, shape)
        parts += frame.legend(row, name, colour, shape)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{100 * found['value']:.1f} at {labels}" for labels, found in points.items())
        for name, points in drawn.items()
    )
    return frame.drawing(f"F1 by number of labels, {task}", told, parts)


def style(row: int) -> tuple[str, Shape]:
    """Colour and shape of a line; beyond the last colour the shapes move on by one."""
    return STYLES[row % len(STYLES)][0], STYLES[(row + row // len(STYLES)) % len(STYLES)][1]


def _name(group: Mapping[str, Any]) -> str:
    views = "" if group["views"] == "none" else f", {group['views']}"
    family = "" if group["family"] == "encoder" else f"{group['family']}, "
    arm = "" if group["arm"] == "main" else f" ({group['arm']})"
    return f"{family}{group['algorithm']}{views}{arm}"


class Frame:
    """Something counted to the right in powers, a share upwards over the range that occurs."""

    def __init__(
        self, ticks: Mapping[float, str], values: Sequence[float], lines: int, x_title: str, y_title: str
    ) -> None:
        self.ticks, self.titles = ticks, (x_title, y_title)
        self.first, self.last = log10(min(ticks)), log10(max(ticks))
        self.low, self.high = floor(20 * min(values)) / 20, (floor(20 * max(values)) + 1) / 20
        self.bottom = BELOW + LINE * ((lines + 1) // 2)
        self.height = HEIGHT + self.bottom - BELOW

    def x(self, count: int | float) -> float:
        """The place of a count from left to right."""
        return LEFT + (log10(count) - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """The place of a share from bottom to top."""
        room = self.height - TOP - self.bottom
        return self.height - self.bottom - (value - self.low) / (self.high - self.low) * room

    def axes(self) -> list[str]:
        """Grid, ticks and titles."""
        parts = []
        for step in range(round((self.high - self.low) * 20) + 1):
            value = self.low + step / 20
            y = self.y(value)
            parts.append(svg.line(LEFT, y, WIDTH - RIGHT, y, "grid"))
            parts.append(svg.label(LEFT - 8, y + 4, f"{100 * value:.0f}", anchor="end", style="tick"))
        foot = self.height - self.bottom
        ticks = [
            svg.label(self.x(count), foot + 18, said, anchor="middle", style="tick")
            for count, said in self.ticks.items()
        ]
        middle = (LEFT + WIDTH - RIGHT) / 2
        titles = [
            svg.label(middle, foot + 38, self.titles[0], anchor="middle"),
            svg.label(16, (TOP + foot) / 2, self.titles[1], anchor="middle", turned=True),
        ]
        return [*parts, *ticks, *titles]

    def line(self, points: Mapping[int, Mapping[str, Any]], colour: str, shape: Shape) -> list[str]:
        """Points joined by a line."""
        parts = [
            svg.path(
                [(self.x(labels), self.y(found["value"])) for labels, found in sorted(points.items())], colour
            )
        ]
        for labels, found in sorted(points.items()):
            parts += self.point(labels, found, colour, shape)
        return parts

    def point(self, count: int | float, found: Mapping[str, Any], colour: str, shape: Shape) -> list[str]:
        """One value with its interval."""
        low, high = found["interval"]
        return [
            svg.whisker(self.x(count), self.y(low), self.y(high), f"{colour} thin"),
            svg.mark(self.x(count), self.y(found["value"]), shape, f"{colour} solid"),
        ]

    def legend(self, row: int, name: str, colour: str, shape: Shape) -> list[str]:
        """The name of a line or point, in one of two columns under the plot."""
        x, y = LEFT + (row % 2) * 280, self.height - self.bottom + 60 + LINE * (row // 2)
        return [svg.mark(x, y, shape, f"{colour} solid"), svg.label(x + 12, y + 4, name, style="tick")]

    def drawing(self, title: str, told: str, parts: Sequence[str]) -> str:
        """A complete drawing that stands alone."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" role="img">'
            f"<title>{escape(title)}</title><desc>{escape(told)}</desc>"
            f"<style>{_STYLE}</style>{''.join(parts)}</svg>\n"
        )
