"""Drawing in SVG: elements as strings, and a frame with two axes from 0 to 1. Colours come from the page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from mindrail.evaluate.words import wide
from mindrail.files import digest

Shape = Literal["circle", "square", "diamond"]
Length = int | float


def drawing(width: Length, height: Length, title: str, description: str, parts: Iterable[str]) -> str:
    """A complete inline drawing; `title` must be unique on the page."""
    key = f"figure-{digest(title)[:10]}"
    size = f"min-width:{0.78 * width:.0f}px;max-width:{1.15 * width:.0f}px"
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" style="{size}" role="img" '
        f'aria-labelledby="{key} {key}-more"><title id="{key}">{escape(title)}</title>'
        f'<desc id="{key}-more">{escape(description)}</desc>{"".join(parts)}</svg>'
    )


def line(x1: Length, y1: Length, x2: Length, y2: Length, style: str) -> str:
    """A straight line."""
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(points: Sequence[tuple[float, float]], style: str) -> str:
    """Straight lines from point to point."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{style}" points="{joined}"/>'


def box(x: Length, y: Length, width: Length, height: Length, style: str, opacity: float = 1.0) -> str:
    """A filled rectangle."""
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill-opacity="{opacity:.2f}"/>'
    )


def label(
    x: Length, y: Length, words: str, *, anchor: str = "start", style: str = "", turned: bool = False
) -> str:
    """A line of text; `turned` runs upwards."""
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{escape(words)}</text>'
    )


def mark(x: Length, y: Length, shape: Shape, style: str) -> str:
    """A small symbol; shapes tell apart what colours alone would not."""
    if shape == "circle":
        return f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if shape == "diamond" else ""
    return f'<rect class="{style}" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"{turn}/>'


def whisker(x: Length, low: Length, high: Length, style: str) -> str:
    """A vertical interval with caps."""
    caps = (line(x - 3, y, x + 3, y, style) for y in (low, high))
    return line(x, low, x, high, style) + "".join(caps)


@dataclass(frozen=True)
class Frame:
    """A plot whose axes both run from 0 to 1, with room for a legend below."""

    x_title: str
    y_title: str
    width: Length = 440
    height: Length = 330
    left: Length = 56
    right: Length = 14
    top: Length = 14
    bottom: Length = 72

    def x(self, value: Length) -> Length:
        """The place of a value from left to right."""
        return self.left + value * (self.width - self.left - self.right)

    def y(self, value: Length) -> Length:
        """The place of a value from bottom to top."""
        return self.height - self.bottom - value * (self.height - self.top - self.bottom)

    def axes(self) -> str:
        """Grid, ticks and titles."""
        parts = []
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
            parts += [
                line(self.x(0), self.y(tick), self.x(1), self.y(tick), "grid"),
                label(self.x(0) - 6, self.y(tick) + 4, f"{tick:g}", anchor="end", style="tick"),
                label(self.x(tick), self.y(0) + 16, f"{tick:g}", anchor="middle", style="tick"),
            ]
        middle = self.y(0.5)
        parts += [
            label(self.x(0.5), self.y(0) + 34, self.x_title, anchor="middle"),
            label(13, middle, self.y_title, anchor="middle", turned=True),
        ]
        return "".join(parts)

    def legend(self, entries: Sequence[tuple[Shape | Literal["line", "dashes"], str, str]]) -> str:
        """Symbols with their names, in one line under the plot."""
        parts, x, y = [], self.left - 36, self.height - 14
        for shape, style, name in entries:
            if shape == "line" or shape == "dashes":
                parts.append(line(x, y, x + 18, y, style))
            else:
                parts.append(mark(x + 9, y, shape, style))
            parts.append(label(x + 24, y + 4, name, style="tick"))
            x += 40 + 6.3 * wide(name)
        return "".join(parts)
