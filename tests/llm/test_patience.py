"""Waiting as asked, never for long, and giving up in time."""

import pytest

from mindrail import seeds
from mindrail.llm.providers._patience import Line, asked_wait, backoff

NOON = 1_792_065_600.0  # Thursday, 15 October 2026, 12:00 in Greenwich


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Thu, 15 Oct 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Thu, 15 Oct 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Thu, 15 Oct 2026 14:01:30 +0200"}, 90.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_a_server_may_say_how_long(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, NOON) == seconds


def test_waits_double_up_to_eight_seconds_and_differ() -> None:
    for tries, most in ((1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (40, 8.0)):
        waits = [backoff(tries, 0.5, seeds.stream(0, "retry", i)) for i in range(50)]
        assert most / 2 <= min(waits) < 0.6 * most
        assert 0.9 * most < max(waits) <= most
    assert backoff(1, 0.5, seeds.stream(0, "a")) == backoff(1, 0.5, seeds.stream(0, "a"))


def test_a_line_dies_of_failures_in_a_row_and_gets_one_more_try() -> None:
    line = Line(2)
    line.failures += 1
    line.answered()
    line.failures += 1
    assert not line.dead
    line.failures += 1
    assert line.dead
    line.revive()
    assert not line.dead
    assert line.suspect
    line.answered()
    assert not line.suspect
    assert line.failures == 0
