"""Time in equal parts."""

from collections import Counter

import numpy as np
import pytest

from mindrail.survey.periods import Hours, Periods


def of(moments: list[str]) -> tuple[Periods | None, np.ndarray]:
    at = np.array(moments, dtype="datetime64[us]")
    hours = Hours()
    hours.add(at)
    return hours.periods(), at


@pytest.mark.parametrize(
    ("days", "unit", "size"),
    [(2, "hour", 48), (50, "day", 50), (300, "week", 43), (1500, "month", 50), (9000, "year", 25)],
)
def test_the_shortest_unit_that_makes_at_most_sixty(days: int, unit: str, size: int) -> None:
    start = np.datetime64("2020-01-01T00:00", "us")
    periods, _ = of([str(start + np.timedelta64(hour, "h")) for hour in range(days * 24)])
    assert periods is not None
    assert (periods.unit, periods.size) == (unit, pytest.approx(size, abs=1))


def test_weeks_begin_on_monday() -> None:
    """1 June 2026 is a Monday."""
    periods = Periods("week", int(np.datetime64("2026-06-01", "D").astype(int) - 4) // 7, 2)
    at = np.array(
        ["2026-05-31T23:59", "2026-06-01T00:00", "2026-06-07T23:59", "2026-06-08", "NaT"], "datetime64[us]"
    )
    assert periods.of(at).tolist() == [-1, 0, 0, 1, -1]
    assert periods.starts() == ["2026-06-01", "2026-06-08"]


def test_days_are_counted_as_a_calendar_does() -> None:
    periods, at = of([f"2026-03-{day:02}T{hour:02}:30" for day in range(1, 9) for hour in (0, 12, 23)])
    assert periods is not None and periods.unit == "day"
    assert Counter(periods.of(at).tolist()) == dict.fromkeys(range(8), 3)
    assert periods.starts()[0] == "2026-03-01"


def test_a_clock_set_wrong_does_not_stretch_the_rest() -> None:
    moments = [f"2026-03-01T{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]
    periods, at = of([*moments, "1970-01-01T00:00"])
    assert periods is not None and (periods.unit, periods.size) == ("hour", 24)
    assert (periods.of(at) < 0).sum() == 1


def test_without_times_there_are_no_periods() -> None:
    assert of(["NaT", "NaT"])[0] is None
