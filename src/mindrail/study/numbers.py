"""Numbers with intervals as studies keep and tell them."""

from collections.abc import Mapping
from math import isnan
from typing import Any

from mindrail.stats.intervals import Interval


def plain(found: Interval) -> dict[str, Any]:
    """A value and its interval for JSON."""
    return {"value": rounded(found.value), "interval": [rounded(found.low), rounded(found.high)]}


def rounded(value: float) -> float | None:
    """For JSON, which has no NaN: None where a measure is undefined."""
    return None if isnan(value) else round(value, 4)


def points(found: Mapping[str, Any], *, signed: bool = False) -> str:
    """A share in points with its interval, or a dash where it is undefined."""
    if found["value"] is None:
        return "–"
    sign = "+" if signed else ""
    value, (low, high) = f"{100 * found['value']:{sign}.1f}", found["interval"]
    return value if low is None else f"{value} ({100 * low:{sign}.1f} to {100 * high:{sign}.1f})"
