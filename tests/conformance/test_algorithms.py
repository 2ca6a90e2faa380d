"""What every algorithm owes: finite losses, laws of symmetry, memory that is a value, and settings with units."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from hypothesis import given as cases
from hypothesis import settings as effort
from hypothesis import strategies as st
from torch import Tensor

from mindrail import config, plugins
from mindrail.errors import BadConfig
from mindrail.semisup import Algorithm, StepLogits
from mindrail.semisup._base import LearnsFrom
from mindrail.semisup._parts import supervised_loss
from mindrail.train.checkpoint import flatten, unflatten
from semisup.steps import steps

POOL, LABELS = 16, 3
GUIDE = Path(__file__).parents[2] / "docs" / "semi-supervision.md"
NAMES = plugins.names("algorithm")
#: Settings under which parts that the defaults leave out take part too.
MORE = {
    "fixmatch": [{"threshold": 0.6, "align": "labels"}],
    "flexmatch": [{"threshold": 0.7, "warm_up": False}],
    "freematch": [{"momentum": 0.8, "fairness_weight": 0.1}],
    "marginmatch": [
        {"mask": "freematch", "momentum": 0.8, "overwrite_kept_margins": True, "clock": "epoch"},
        {"cutoff": "erroneous_class", "erroneous": {"share": 0.25, "redraw": 0.3}},
    ],
    "multimatch": [
        {"momentum": 0.5, "count_confidence_twice": True, "allow_negative_cutoffs": True, "quantile": 0.3},
        {"recalibrate_every": 2, "stop_at_missing_label": True, "supervised_losses": "mean"},
    ],
    "pseudo-label": [{"threshold": 0.6, "ramp": 0.0, "align": "uniform"}],
}


def build(name: str, values: dict[str, Any]) -> Algorithm[Any]:
    algorithm: Algorithm[Any] = config.build(plugins.get("algorithm", name).ALGORITHM, values)
    return algorithm


VARIANTS = [(name, values) for name in NAMES for values in [{}, *MORE.get(name, [])]]
CASES = [
    pytest.param(algorithm, exclusive, id=f"{name}{i}-{'one of' if exclusive else 'any of'}")
    for i, (name, values) in enumerate(VARIANTS)
    for algorithm in [build(name, values)]
    for exclusive in (True, False)
    if exclusive or not algorithm.extra_labels
]
every = pytest.mark.parametrize(("algorithm", "exclusive"), CASES)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors this small are slower on several threads, and much slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(algorithm: Algorithm[Any], exclusive: bool, **more: Any) -> list[StepLogits]:
    return steps(algorithm, exclusive=exclusive, labels=LABELS, pool=POOL, **{"number": 9, **more})


def run(algorithm: Algorithm[Any], exclusive: bool, given: list[StepLogits], state: Any = None):
    """Totals, reports and the last memory."""
    state = algorithm.init(POOL, LABELS, exclusive=exclusive) if state is None else state
    totals, reports = [], []
    for step in given:
        losses, state = algorithm.step(state, step)
        totals.append(losses.total.item())
        reports.append(losses.report)
    return totals, reports, state


def tensors(value: Any) -> dict[str, Tensor]:
    return flatten("", value)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_needs(name):
    algorithm = build(name, {})
    assert isinstance(algorithm, Algorithm)
    assert algorithm.heads >= 1
    assert algorithm.extra_labels >= 0
    assert algorithm.learns_from in get_args(LearnsFrom)


def settings(kind: type, prefix: str = "") -> Iterator[tuple[type, dataclasses.Field[Any], str]]:
    """Every setting with the class it stands in and the name that users write."""
    for field in dataclasses.fields(kind):
        yield kind, field, prefix + field.name
        if dataclasses.is_dataclass(field.default_factory):
            yield from settings(field.default_factory, f"{field.name}.")


@pytest.mark.parametrize("name", NAMES)
def test_settings_have_defaults_units_and_a_line_in_the_guide(name):
    algorithm, guide = plugins.get("algorithm", name).ALGORITHM, GUIDE.read_text()
    assert f"`{name}`" in guide
    assert "units" in algorithm.__doc__ or not dataclasses.fields(algorithm)
    for kind, field, written in settings(algorithm):
        assert field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if field.type in (int, float):
            assert re.search(rf"^    {field.name}: .*  # .+", inspect.getsource(kind), re.MULTILINE), written
        assert f"`{written}`" in guide
    with pytest.raises(dataclasses.FrozenInstanceError):
        algorithm().heads = 2


@every
def test_reports_are_plain_finite_numbers(algorithm, exclusive):
    totals, reports, _ = run(algorithm, exclusive, made(algorithm, exclusive))
    for report in reports:
        assert all(type(value) is float for value in report.values())
    values = torch.tensor([*totals, *(value for report in reports for value in report.values())])
    assert values.isfinite().all()
    if algorithm.learns_from != "labels":
        assert {"unlabeled", "sure", *(f"share/{i}" for i in range(LABELS))} <= set(reports[0])
        assert all(0 <= report["sure"] <= 1 for report in reports)
        assert all(-1e-6 <= report[f"share/{i}"] <= 1 + 1e-6 for report in reports for i in range(LABELS))
        if exclusive:
            whole = [sum(report[f"share/{i}"] for i in range(LABELS)) for report in reports]
            assert whole == pytest.approx([float(report["sure"] > 0) for report in reports])


@every
def test_extreme_logits_give_finite_losses_and_gradients(algorithm, exclusive):
    given = made(algorithm, exclusive, spread=1e4)
    state = algorithm.init(POOL, LABELS, exclusive=exclusive)
    for step in given:
        losses, state = algorithm.step(state, step)
        losses.total.backward()
        assert losses.total.isfinite()
        assert torch.tensor(list(losses.report.values())).isfinite().all()
        assert step.labeled.grad.isfinite().all()
        assert step.strong.grad is None or step.strong.grad.isfinite().all()
    assert all(array.isfinite().all() for array in tensors(state).values())


@every
def test_without_unlabelled_rows_it_is_the_supervised_loss(algorithm, exclusive):
    state = algorithm.init(0, LABELS, exclusive=exclusive)
    weights = torch.tensor([0.5, 1.0, 2.0])
    for step in made(algorithm, exclusive, rows=0):
        step = replace(step, class_weights=weights)
        losses, state = algorithm.step(state, step)
        extra = (0, algorithm.extra_labels)
        targets = torch.nn.functional.pad(step.targets, extra)
        padded = torch.nn.functional.pad(weights, extra, value=1.0)
        heads = torch.stack(
            [
                supervised_loss(head, targets, exclusive=exclusive, class_weights=padded)
                for head in step.labeled
            ]
        )
        averaged = getattr(algorithm, "supervised_losses", "sum") == "mean"
        assert losses.total.item() == pytest.approx((heads.mean() if averaged else heads.sum()).item())
        assert torch.tensor(list(losses.report.values())).isfinite().all()


@pytest.mark.parametrize(
    "algorithm", [pytest.param(a, id=f"{n}{i}") for i, (n, v) in enumerate(VARIANTS) for a in [build(n, v)]]
)
@effort(max_examples=3, deadline=None)
@cases(seed=st.integers(0, 100), shift=st.floats(-30, 30))
def test_a_common_shift_of_all_logits_of_a_row_changes_nothing(algorithm, seed, shift):
    given = made(algorithm, True, seed=seed, number=8)
    moved = [
        replace(s, labeled=s.labeled + shift, weak=s.weak - shift, strong=s.strong + 2 * shift) for s in given
    ]
    assert run(algorithm, True, moved)[0] == pytest.approx(run(algorithm, True, given)[0], rel=1e-3, abs=1e-4)


@every
@effort(max_examples=3, deadline=None)
@cases(seed=st.integers(0, 100))
def test_the_order_of_rows_does_not_matter(algorithm, exclusive, seed):
    stream = torch.Generator().manual_seed(seed)
    given = made(algorithm, exclusive, seed=seed)
    mixed = []
    for s in given:
        a, b = (torch.randperm(many, generator=stream) for many in (len(s.targets), len(s.index)))
        rows = {"weak": s.weak[:, b], "strong": s.strong[:, b], "index": s.index[b]}
        mixed.append(replace(s, labeled=s.labeled[:, a], targets=s.targets[a], **rows))
    _, reports, state = run(algorithm, exclusive, given)
    _, again, after = run(algorithm, exclusive, mixed)
    assert again == [pytest.approx(report, rel=1e-4, abs=1e-5) for report in reports]
    for key, array in tensors(state).items():
        assert torch.allclose(array, tensors(after)[key], atol=1e-4)


@every
@effort(max_examples=3, deadline=None)
@cases(seed=st.integers(0, 100), order=st.permutations(range(LABELS)))
def test_renaming_labels_renames_results(algorithm, exclusive, seed, order):
    if getattr(algorithm, "stop_at_missing_label", False):
        pytest.skip("the paper's code goes through the labels in their order and stops at one")
    columns = [*order, *range(LABELS, LABELS + algorithm.extra_labels)]
    given = made(algorithm, exclusive, seed=seed)
    renamed = [
        replace(
            s,
            labeled=s.labeled[..., columns],
            targets=s.targets[:, list(order)],
            weak=s.weak[..., columns],
            strong=s.strong[..., columns],
        )
        for s in given
    ]
    names = {f"share/{new}": f"share/{old}" for new, old in enumerate(order)}
    _, reports, _ = run(algorithm, exclusive, given)
    for report, other in zip(reports, run(algorithm, exclusive, renamed)[1], strict=True):
        back = {names.get(key, key): value for key, value in other.items()}
        assert back == pytest.approx(report, rel=1e-4, abs=1e-5)


@every
def test_inputs_and_old_memory_are_left_as_they_were(algorithm, exclusive):
    state = algorithm.init(POOL, LABELS, exclusive=exclusive)
    for step in made(algorithm, exclusive):
        memory, logits = tensors(state), tensors(step)
        losses, after = algorithm.step(state, step)
        for before, now in ((memory, tensors(state)), (logits, tensors(step))):
            assert before.keys() == now.keys()
            assert all(torch.equal(before[key], now[key]) for key in before)
        again, _ = algorithm.step(state, step)
        assert again.total.item() == losses.total.item()
        assert not any(isinstance(v, Tensor) and v.requires_grad for v in vars_of(after))
        state = after


def vars_of(value: Any) -> list[Any]:
    if not dataclasses.is_dataclass(value):
        return [value]
    return [part for f in dataclasses.fields(value) for part in vars_of(getattr(value, f.name))]


@every
@pytest.mark.parametrize("stop", [5])
def test_saving_and_resuming_gives_the_same_losses(algorithm, exclusive, stop):
    given = made(algorithm, exclusive)
    totals, reports, end = run(algorithm, exclusive, given)
    _, _, half = run(algorithm, exclusive, given[:stop])
    fresh = algorithm.init(POOL, LABELS, exclusive=exclusive)
    restored = unflatten("memory", fresh, flatten("memory", half))
    assert type(restored) is type(half)
    later, more, last = run(algorithm, exclusive, given[stop:], restored)
    assert (later, more) == (totals[stop:], reports[stop:])
    assert all(torch.equal(array, tensors(last)[key]) for key, array in tensors(end).items())


@every
def test_the_gradient_flows_through_the_labelled_rows_and_what_is_learned_from(algorithm, exclusive):
    flowed = False
    state = algorithm.init(POOL, LABELS, exclusive=exclusive)
    for step in made(algorithm, exclusive):
        step = replace(step, weak=step.weak.detach().requires_grad_())
        losses, state = algorithm.step(state, step)
        losses.total.backward()
        assert step.weak.grad is None
        assert step.labeled.grad.abs().sum() > 0
        flowed |= step.strong.grad is not None and bool(step.strong.grad.abs().sum() > 0)
    assert flowed == (algorithm.learns_from != "labels")


@every
@pytest.mark.parametrize("part", ["labeled", "weak", "strong"])
@pytest.mark.parametrize("axis", [0, 1, 2], ids=["heads", "rows", "columns"])
def test_wrong_shapes_are_refused(algorithm, exclusive, part, axis):
    step = copy(made(algorithm, exclusive, number=1)[0])
    array = getattr(step, part)
    object.__setattr__(step, part, torch.cat([array, array.narrow(axis, 0, 1)], axis))  # past the type check
    with pytest.raises(BadConfig, match=rf"found {part} logits of shape .* expected .* Do: "):
        algorithm.step(algorithm.init(POOL, LABELS, exclusive=exclusive), step)
