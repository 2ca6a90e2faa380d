"""Turns are fair in cost, not in pieces."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as some

from mindrail.serve.fair import FairQueue

_PIECES = some.lists(some.tuples(some.sampled_from("abc"), some.integers(0, 2000)), max_size=60)


@given(_PIECES, some.integers(1, 700))
def test_everything_comes_out_once_and_in_order_per_key(pieces: list[tuple[str, int]], quantum: int) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue(quantum)
    for place, (key, cost) in enumerate(pieces):
        queue.push(key, cost, (key, place))
    out = []
    while (item := queue.pop()) is not None:
        out.append(item)
    assert len(queue) == 0 and queue.pop() is None
    assert sorted(place for _, place in out) == list(range(len(pieces)))
    for key in "abc":
        places = [place for k, place in out if k == key]
        assert places == sorted(places)


@given(some.integers(1, 50), some.integers(1, 50))
def test_while_two_wait_neither_gets_far_ahead(small: int, large: int) -> None:
    quantum, queue = 100, FairQueue[str](100)
    costs = {"small": small, "large": large * 10}
    for key, cost in costs.items():
        for _ in range(200):
            queue.push(key, cost, key)
    spent: Counter[str] = Counter()
    for _ in range(150):
        key = queue.pop()
        assert key is not None
        spent[key] += costs[key]
        if spent["small"] < 200 * small and spent["large"] < 2000 * large:
            assert abs(spent["small"] - spent["large"]) <= 2 * (quantum + max(costs.values()))
