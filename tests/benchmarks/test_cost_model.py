"""The cost model against sums done by hand."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from mindrail import files

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def model() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import cost_model

        sys.modules.pop("_result", None)
        return cost_model


def inputs(model: ModuleType, **changed: float):  # type: ignore[no-untyped-def]
    plain = {
        "linear": 0.001, "encoder": 0.004, "small_llm": 0.3, "cascade_gain": 2.0, "core_hour": 0.036, "gpu_hour": 3.6,
        "busy": 0.5, "length": 1.0, "reviewed": 0.01, "prompt": 1000.0, "node_tokens": 10_000.0, "node_gpus": 4.0,
    }  # fmt: skip
    return model.Inputs(**{**plain, **changed})


def test_a_message_costs_what_it_does_by_hand(model: ModuleType) -> None:
    """4 ms of work are 8 ms of paid core at half use, and 8 ms of 0.036 an hour are 8e-8."""
    assert model.PLANS["encoder"](inputs(model)) == pytest.approx((0.008, 8e-8))
    assert model.PLANS["cascade"](inputs(model)) == pytest.approx((0.004, 4e-8))


def test_the_large_model_costs_its_share(model: ModuleType) -> None:
    """One message in 100 reads 1,000 tokens: 1 ms of a node, 2 ms paid, of 4 GPUs at 3.6 an hour: 8e-6."""
    seconds, money = model.PLANS["cascade_and_70b"](inputs(model))
    assert (seconds, money) == pytest.approx((0.004, 4e-8 + 8e-6))


def test_corners_hold_every_swing(model: ModuleType) -> None:
    guesses, at = model.assumed(0.03, 3.0), inputs(model, core_hour=0.03, gpu_hour=3.0)
    for plan in model.PLANS.values():
        low, high = model.corners(plan, at, guesses)
        for ends in model.swings(plan, at, guesses).values():
            assert low - 0.01 <= ends[0] <= ends[1] <= high + 0.01


def test_the_page_quotes_the_committed_numbers(model: ModuleType) -> None:
    told = model.tables(files.read_json(BENCHMARKS / "results" / "cost_model.json"))
    assert told in model.PAGE.read_text(encoding="utf-8")


def test_the_committed_numbers_are_those_of_the_committed_results(model: ModuleType) -> None:
    results = BENCHMARKS / "results"
    committed = files.read_json(results / "cost_model.json")
    constants = model.measured(results)
    assert {name: one["value"] for name, one in committed["measured"].items()} == {
        name: pytest.approx(value) for name, (value, _) in constants.items()
    }
