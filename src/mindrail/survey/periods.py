"""Time in equal parts: the shortest of hour, day, week, month and year that makes at most sixty of them."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mindrail.arrays import Int, ndarray

Unit = Literal["hour", "day", "week", "month", "year"]

MOST = 60
#: the share of rows at either end that may lie outside: clocks that were set wrong must not stretch the rest
STRAY = 0.001

_UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month", "year")
_FLOORS = {"hour": "h", "day": "D", "month": "M", "year": "Y"}
#: the first Monday of the epoch, in days
_MONDAY = 4


@dataclass(frozen=True)
class Periods:
    """`size` parts from number `first` on, counted in units since 1970."""

    unit: Unit
    first: int
    size: int

    def of(self, at: ndarray) -> Int[ndarray, " n"]:
        """The part of each moment (datetime64, UTC); -1 where it has none."""
        number = _numbers(self.unit, at) - self.first
        inside: ndarray = np.where(np.isnat(at) | (number < 0) | (number >= self.size), -1, number)
        return inside

    def starts(self) -> list[str]:
        """When each part begins, as people write it."""
        numbers = np.arange(self.first, self.first + self.size)
        if self.unit == "week":
            return [str(day) for day in (numbers * 7 + _MONDAY).astype("datetime64[D]")]
        moments = numbers.astype(f"datetime64[{_FLOORS[self.unit]}]")
        return [
            f"{moment}:00".replace("T", " ") if self.unit == "hour" else str(moment) for moment in moments
        ]


class Hours:
    """How many rows fall into each hour; NaT is left out."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, at: ndarray) -> None:
        """Count moments."""
        hours, counts = np.unique(at[~np.isnat(at)].astype("datetime64[h]").astype(int), return_counts=True)
        self._counts.update(dict(zip(hours.tolist(), counts.tolist(), strict=True)))

    def periods(self) -> Periods | None:
        """The parts that hold all but the stray rows; None without any moment."""
        if not self._counts:
            return None
        hours = np.array(sorted(self._counts))
        passed = np.cumsum([self._counts[hour] for hour in hours.tolist()])
        first, last = np.searchsorted(passed, [STRAY * passed[-1], (1 - STRAY) * passed[-1]])
        ends = hours[[first, min(last, len(hours) - 1)]].astype("datetime64[h]").astype("datetime64[us]")
        for unit in _UNITS:
            low, high = _numbers(unit, ends).tolist()
            if high - low < MOST or unit == "year":
                return Periods(unit, low, high - low + 1)
        raise AssertionError("a year is the last unit")


def _numbers(unit: Unit, at: ndarray) -> Int[ndarray, " n"]:
    """How many units since 1970 each moment lies; whatever where there is none."""
    if unit == "week":
        weeks: ndarray = (at.astype("datetime64[D]").astype(np.int64) - _MONDAY) // 7
        return weeks
    numbers: ndarray = at.astype(f"datetime64[{_FLOORS[unit]}]").astype(np.int64)
    return numbers
