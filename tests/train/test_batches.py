"""Order is a function of seed and epoch, and every example is seen once."""

from hypothesis import given
from hypothesis import strategies as st

from mindrail.train import batches
from mindrail.train.loop import rate


@given(st.lists(st.integers(1, 300), min_size=1, max_size=400), st.integers(1, 20), st.integers(0, 5))
def test_every_example_once_per_epoch(lengths: list[int], size: int, number: int) -> None:
    made = batches.epoch(lengths, size, 7, number)
    assert sorted(i for batch in made for i in batch.tolist()) == list(range(len(lengths)))
    assert len(made) == batches.steps_per_epoch(len(lengths), size)
    assert all(1 <= len(batch) <= size for batch in made)


def test_same_seed_same_order_other_epoch_other_order() -> None:
    def order(seed: int, number: int) -> list[list[int]]:
        return [batch.tolist() for batch in batches.epoch([5] * 40, 4, seed, number)]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_neighbours_in_length_share_a_batch() -> None:
    lengths = [10] * 64 + [200] * 64
    mixed = [b for b in batches.epoch(lengths, 16, 0, 0) if len({lengths[i] for i in b}) > 1]
    assert len(mixed) <= 1


def test_rate_rises_then_falls_to_zero() -> None:
    rates = [rate(step, 100, 0.1) for step in range(101)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == 1.0
    assert rates[100] == 0.0
    assert min(rates[:100]) > 0.0
