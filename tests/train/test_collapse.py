"""What a run that goes wrong looks like, step by step, and what one looks like that does not."""

from collections.abc import Sequence

import pytest

from mindrail.train.collapse import FALL, WINDOW, Watch
from mindrail.train.progress import Stepped

STEPS = 120


def stepped(step: int, sure: float, shares: Sequence[float], dev: float | None = None) -> Stepped:
    report = {"supervised": 0.4, "unlabeled": 0.1, "sure": sure}
    return Stepped(step, STEPS, report | {f"share/{i}": share for i, share in enumerate(shares)}, dev)


def seen(watch: Watch, steps: Sequence[Stepped]) -> tuple[int, str] | None:
    """The first step at which the run should end, and why."""
    for one in steps:
        if why := watch.see(one):
            return one.step, why
    return None


def test_a_healthy_run_goes_to_its_end() -> None:
    watch = Watch((0.7, 0.3), twin=0.8)
    steps = [
        stepped(i, min(1.0, i / 50), (0.6, 0.4) if i % 2 else (0.9, 0.1), 0.79 if i % 10 == 0 else None)
        for i in range(1, STEPS + 1)
    ]
    assert seen(watch, steps) is None
    assert watch.afterwards() is None


@pytest.mark.parametrize("label", [0, 1])
def test_one_label_takes_over(label: int) -> None:
    watch = Watch((0.5, 0.5), twin=None)
    shares = (0.99, 0.01) if label == 0 else (0.01, 0.99)
    healthy = [stepped(i, 0.5, (0.5, 0.5)) for i in range(1, 21)]
    found = seen(watch, healthy + [stepped(i, 0.5, shares) for i in range(21, STEPS + 1)])
    assert found is not None
    step, why = found
    assert 20 + WINDOW // 2 < step <= 20 + WINDOW
    assert f"at step {step} label {label} had 9" in why
    assert "50.0% of the labels" in why


def test_a_label_that_is_common_among_the_labels_may_be_as_common_among_the_guesses() -> None:
    steps = [stepped(i, 0.5, (0.97, 0.03)) for i in range(1, STEPS + 1)]
    assert seen(Watch((0.95, 0.05), twin=None), steps) is None
    assert seen(Watch((0.5, 0.5), twin=None), steps) is not None


def test_steps_with_more_guesses_count_more() -> None:
    few, many = stepped(1, 0.01, (1.0, 0.0)), stepped(1, 0.99, (0.5, 0.5))
    assert seen(Watch((0.5, 0.5), twin=None), [few, many] * WINDOW) is None


def test_a_window_of_steps_is_waited_for_and_empty_ones_do_not_count() -> None:
    watch = Watch((0.5, 0.5), twin=None)
    empty = [stepped(i, 0.0, (0.0, 0.0)) for i in range(2 * WINDOW)]
    assert seen(watch, [*empty, *[stepped(i, 0.1, (1.0, 0.0)) for i in range(WINDOW - 1)]]) is None
    assert watch.see(stepped(STEPS, 0.1, (1.0, 0.0))) is not None


def looks(*values: float, first: int = 60) -> list[Stepped]:
    """One step for each look at the dev part."""
    return [stepped(first + i, 0.5, (0.5, 0.5), value) for i, value in enumerate(values)]


def test_a_dev_part_that_falls_twice_in_a_row_ends_the_run() -> None:
    low = 0.8 - FALL - 0.01
    assert seen(Watch((0.5, 0.5), twin=0.8), looks(low, 0.8, low, 0.8)) is None
    found = seen(Watch((0.5, 0.5), twin=0.8), looks(0.8, low, low))
    assert found is not None
    assert found[0] == 62
    assert "0.740" in found[1]
    assert "0.800" in found[1]


def test_steps_without_a_look_lie_between() -> None:
    low = looks(0.5)[0]
    between = [stepped(61, 0.5, (0.5, 0.5))] * 5
    assert seen(Watch((0.5, 0.5), twin=0.8), [low, *between, low]) is not None


def test_the_first_third_may_be_low_and_a_small_fall_is_no_fall() -> None:
    assert seen(Watch((0.5, 0.5), twin=0.8), looks(0.1, 0.1, 0.1, first=30)) is None
    assert seen(Watch((0.5, 0.5), twin=0.8), looks(0.76, 0.76, 0.76)) is None
    assert seen(Watch((0.5, 0.5), twin=None), looks(0.1, 0.1, 0.1)) is None


def test_a_model_that_was_never_sure_learned_nothing() -> None:
    watch = Watch((0.5, 0.5), twin=0.8)
    assert seen(watch, [stepped(i, 0.4 if i < 10 else 0.0, (0.5, 0.5)) for i in range(1, STEPS + 1)]) is None
    told = watch.afterwards()
    assert told is not None
    assert "0.0% of the unlabelled texts" in told
    assert "lower the threshold" in told


def test_learning_from_labels_alone_is_not_watched() -> None:
    watch = Watch((0.5, 0.5), twin=0.8)
    assert seen(watch, [Stepped(i, STEPS, {"supervised": 0.1}, 0.0) for i in range(1, STEPS + 1)]) is None
    assert watch.afterwards() is None
