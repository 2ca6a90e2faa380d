"""The drawings of a report: small pure functions from results to inline SVG.

They read in light and dark, on paper and in grey: shapes and dashes say what colours say. Every drawing
carries its title and its numbers as text for those who do not see it.
"""

from collections.abc import Iterator, Sequence

from mindrail.evaluate import svg
from mindrail.evaluate.results import Bin, Choice, Confusion, Estimate, EventResult
from mindrail.evaluate.svg import Frame, Length, Shape
from mindrail.evaluate.words import score, share, short, wide

#: how each chosen threshold is drawn
_ROLES: dict[str, tuple[Shape, str]] = {
    "review": ("circle", "second solid"),
    "block": ("square", "accent solid"),
    "review and block": ("diamond", "accent solid"),
}


def confusion(found: Confusion, title: str) -> str:
    """Counts by truth (rows) and decided label (columns), darker where a larger share of the row lies."""
    named = all(wide(name) <= 11 for name in found.labels)
    cell, high = (84, 46) if named else (58, 42)
    rows = [name if named else f"{i} {name}" for i, name in enumerate(found.labels, start=1)]
    heads = list(found.labels) if named else [str(i) for i in range(1, len(rows) + 1)]
    left, top = 34 + 7 * min(26, max(map(wide, rows))), 44
    width, height = left + cell * len(rows) + 12, top + high * len(rows) + 10
    parts = [
        svg.label(left + cell * len(rows) / 2, 14, "decided", anchor="middle"),
        svg.label(14, top + high * len(rows) / 2, "truth", anchor="middle", turned=True),
    ]
    for i, (row, counts) in enumerate(zip(rows, found.counts, strict=True)):
        y = top + high * i
        parts.append(svg.label(left - 8, y + high / 2 + 4, short(row, 26), anchor="end"))
        parts.append(svg.label(left + cell * (i + 0.5), top - 8, heads[i], anchor="middle"))
        parts += _cells(counts, left, y, cell, high, i)
    described = "; ".join(
        f"{name}: {', '.join(f'{count} as {to}' for to, count in zip(found.labels, counts, strict=True))}"
        for name, counts in zip(found.labels, found.counts, strict=True)
    )
    return svg.drawing(width, height, title, described, parts)


def _cells(
    counts: Sequence[int], left: Length, y: Length, cell: Length, high: Length, own: int
) -> Iterator[str]:
    """One row of a confusion table; the cell of right decisions is framed."""
    total = sum(counts) or 1
    for j, count in enumerate(counts):
        x, part = left + cell * j, count / total
        yield svg.box(
            x + 1, y + 1, cell - 2, high - 2, "heat right" if j == own else "heat", 0.04 + 0.5 * part
        )
        yield svg.label(x + cell / 2, y + high / 2 - 1, str(count), anchor="middle", style="strong")
        yield svg.label(x + cell / 2, y + high / 2 + 14, f"{part:.0%}", anchor="middle", style="small")


def precision_recall(result: EventResult, title: str) -> str:
    """Precision against recall over all thresholds, the chosen ones marked."""
    frame = Frame("recall", "precision")
    curve = [(frame.x(point.recall), frame.y(point.precision)) for point in result.curve]
    guess = result.positives / max(1, result.positives + result.negatives)
    chosen = [choice for choice in result.choices if choice.role]
    told = [f"{c.role} from {score(c.threshold)}" for c in chosen]
    at = [
        (frame.x(c.recall.value), frame.y(c.precision), *_ROLES[c.role])
        for c in chosen
        if c.recall.value is not None and c.precision is not None
    ]
    parts = [
        frame.axes(),
        svg.line(frame.x(0), frame.y(guess), frame.x(1), frame.y(guess), "muted dashes"),
        svg.path(curve, "accent curve"),
        *(svg.mark(*place) for place in at),
        frame.legend(
            [
                *((*_ROLES[c.role], name) for c, name in zip(chosen, told, strict=True)),
                ("dashes", "muted dashes", f"guessing {share(guess)}"),
            ]
        ),
    ]
    described = "; ".join(
        f"{name}: recall {share(c.recall.value)}, precision {share(c.precision)}"
        for c, name in zip(chosen, told, strict=True)
    )
    return svg.drawing(frame.width, frame.height, title, described, parts)


def trade_off(choices: Sequence[Choice], title: str) -> str:
    """Recall and false alarms at every threshold with their intervals; the chosen thresholds as uprights."""
    frame = Frame("threshold", "share of messages", top=38)
    parts = [frame.axes()]
    for choice in choices:
        if choice.role:
            x, above = frame.x(choice.threshold), 6 if choice.role == "block" else 20
            parts.append(svg.line(x, frame.y(0), x, frame.y(1) - above + 2, "muted dashes"))
            parts.append(svg.label(x, frame.y(1) - above, choice.role, anchor="middle", style="tick"))
    lines: tuple[tuple[str, Shape, list[tuple[float, Estimate]]], ...] = (
        ("accent", "circle", [(c.threshold, c.recall) for c in choices]),
        ("second", "square", [(c.threshold, c.false_positive_rate) for c in choices]),
    )
    for colour, shape, points in lines:
        parts += _curve(frame, colour, shape, points)
    parts.append(
        frame.legend([("circle", "accent solid", "recall"), ("square", "second solid", "false alarms")])
    )
    described = "; ".join(
        f"{score(choice.threshold)}: recall {share(choice.recall.value)}, "
        f"false alarms {share(choice.false_positive_rate.value)}"
        for choice in choices
    )
    return svg.drawing(frame.width, frame.height, title, described, parts)


def _curve(
    frame: Frame, colour: str, shape: Shape, points: Sequence[tuple[float, Estimate]]
) -> Iterator[str]:
    """A line through estimates, with marks and whiskers."""
    known = [(frame.x(at), frame.y(found.value), found) for at, found in points if found.value is not None]
    yield svg.path([(x, y) for x, y, _ in known], f"{colour} curve")
    for x, y, found in known:
        if found.low is not None and found.high is not None:
            yield svg.whisker(x, frame.y(found.low), frame.y(found.high), f"{colour} thin")
        yield svg.mark(x, y, shape, f"{colour} solid")


def reliability(bins: Sequence[Bin], title: str) -> str:
    """What was said against what was seen, with intervals, and how many rows each point rests on."""
    frame = Frame("probability that was stated", "share that was true", bottom=104)
    most = max((found.rows for found in bins), default=1)
    ground = frame.height - 34
    parts = [frame.axes(), svg.line(frame.x(0), frame.y(0), frame.x(1), frame.y(1), "muted dashes")]
    for found in bins:
        left, right = frame.x(found.low), frame.x(found.high)
        high = 14 * found.rows / most
        parts += [
            svg.box(left + 3, ground - high, right - left - 6, high, "heat", 0.35),
            svg.label((left + right) / 2, ground + 12, str(found.rows), anchor="middle", style="tick"),
        ]
    points = [(found.said, found.seen) for found in bins]
    parts += _curve(frame, "accent", "circle", points)
    parts.append(
        svg.label(frame.x(0.5), frame.height - 6, "messages in each band", anchor="middle", style="tick")
    )
    described = "; ".join(
        f"stated {score(found.said)}, true {share(found.seen.value)} of {found.rows}" for found in bins
    )
    return svg.drawing(frame.width, frame.height, title, described, parts)


def bars(rows: Sequence[tuple[str, Estimate]], title: str) -> str:
    """Shares as bars with their intervals and numbers."""
    left = 20 + 7 * min(26, max((wide(name) for name, _ in rows), default=0))
    width, step = left + 375, 28

    def x(value: Length) -> Length:
        return left + 210 * value

    parts = [
        part
        for tick in (0.0, 0.5, 1.0)
        for part in (
            svg.line(x(tick), 8, x(tick), 12 + step * len(rows), "grid"),
            svg.label(x(tick), 26 + step * len(rows), f"{tick:.0%}", anchor="middle", style="tick"),
        )
    ]
    for i, (name, found) in enumerate(rows):
        y = 12 + step * i
        parts.append(svg.label(left - 8, y + 15, short(name, 26), anchor="end"))
        parts.append(svg.label(left + 222, y + 15, _told(found), style="tick"))
        if found.value is None or found.low is None or found.high is None:
            continue
        parts += [
            svg.box(x(0), y + 4, 210 * found.value, 16, "heat", 0.5),
            svg.line(x(found.low), y + 12, x(found.high), y + 12, "ink"),
            svg.line(x(found.low), y + 8, x(found.low), y + 16, "ink"),
            svg.line(x(found.high), y + 8, x(found.high), y + 16, "ink"),
        ]
    described = "; ".join(f"{name}: {_told(found)}" for name, found in rows)
    return svg.drawing(width, 36 + step * len(rows), title, described, parts)


def _told(found: Estimate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "no rows"
    return f"{share(found.value)} ({found.low:.0%} to {found.high:.0%})"
