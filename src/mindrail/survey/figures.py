"""The one drawing that only a survey needs: shares over time, with how many messages they rest on."""

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10

from mindrail.evaluate import svg
from mindrail.evaluate.svg import Length, Shape
from mindrail.evaluate.words import share, wide
from mindrail.survey.results import OverTime, Part
from mindrail.survey.shares import Share

_WIDTH, _HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _GROUND = 76, 16, 14, 212
#: where the bars of messages stand, how high the largest is, and where the names of parts go
_FLOOR, _BAR, _NAMES = 252, 26, 268
#: at most so many parts have their name under them
_NAMED = 8

_LINES: tuple[tuple[str, Shape, str], ...] = (("stopped", "circle", "accent"), ("block", "square", "second"))


def over_time(found: OverTime, title: str) -> str:
    """The shares that were stopped and blocked in each part, with intervals, above the number of messages."""
    parts = found.parts
    top = _round_up(
        max((getattr(part, name).share.value or 0 for part in parts for name, _, _ in _LINES), default=0)
    )
    step = (_WIDTH - _LEFT - _RIGHT) / len(parts)
    places = [_LEFT + step * (i + 0.5) for i in range(len(parts))]
    drawn = [*_grid(top), *_named(parts, places), *_bars(parts, places, step)]
    for name, shape, colour in _LINES:
        drawn += _line(
            [(x, getattr(part, name)) for x, part in zip(places, parts, strict=True)], top, shape, colour
        )
    drawn += _legend()
    told = "; ".join(
        f"{p.name}: {p.stopped.rows} messages, stopped {share(p.stopped.share.value)}, "
        f"blocked {share(p.block.share.value)}"
        for p in parts
    )
    return svg.drawing(_WIDTH, _HEIGHT, title, told, drawn)


def _y(value: float, top: float) -> Length:
    return _GROUND - min(value / top, 1.0) * (_GROUND - _TOP)


def _grid(top: float) -> Iterator[str]:
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(tick * top, top)
        yield svg.line(_LEFT, y, _WIDTH - _RIGHT, y, "grid")
        yield svg.label(_LEFT - 6, y + 4, f"{100 * tick * top:.3g}%", anchor="end", style="tick")
    yield svg.label(13, _y(top / 2, top), "share", anchor="middle", turned=True)
    yield svg.label(_LEFT - 6, _FLOOR, "messages", anchor="end", style="tick")


def _named(parts: Sequence[Part], places: Sequence[float]) -> Iterator[str]:
    every = ceil(len(parts) / _NAMED)
    for i in range(0, len(parts), every):
        yield svg.label(places[i], _NAMES, parts[i].name, anchor="middle", style="tick")


def _bars(parts: Sequence[Part], places: Sequence[float], step: float) -> Iterator[str]:
    most = max(part.stopped.rows for part in parts) or 1
    for part, x in zip(parts, places, strict=True):
        high = _BAR * part.stopped.rows / most
        yield svg.box(x - 0.4 * step, _FLOOR - high, 0.8 * step, high, "heat", 0.35)


def _line(points: Sequence[tuple[float, Share]], top: float, shape: Shape, colour: str) -> Iterator[str]:
    """A line through the known shares, with whiskers and marks."""
    known = [(x, one.share) for x, one in points if one.share.value is not None]
    yield svg.path([(x, _y(one.value or 0.0, top)) for x, one in known], f"{colour} curve")
    for x, one in known:
        if one.low is not None and one.high is not None:
            yield svg.whisker(x, _y(one.low, top), _y(one.high, top), f"{colour} thin")
        yield svg.mark(x, _y(one.value or 0.0, top), shape, f"{colour} solid")


def _legend() -> Iterator[str]:
    x: Length = _LEFT
    for name, shape, colour in _LINES:
        told = {"stopped": "stopped (reviewed or blocked)", "block": "blocked"}[name]
        yield svg.mark(x + 9, _HEIGHT - 16, shape, f"{colour} solid")
        yield svg.label(x + 24, _HEIGHT - 12, told, style="tick")
        x += 44 + 6.3 * wide(told)


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 and their tenths, so that the highest mark has room for its whisker."""
    wanted = min(1.0, max(value * 1.25, 1e-4))
    unit = 10.0 ** floor(log10(wanted))
    return next(min(1.0, step * unit) for step in (1, 2, 5, 10) if step * unit >= wanted - 1e-12)
