"""The loop on a network of a few numbers: which texts are read, what is skipped, what is told, what is drawn."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from mindrail import config, plugins, seeds
from mindrail.semisup import Algorithm
from mindrail.train import loop
from mindrail.train.batches import Pool
from mindrail.train.checkpoint import flatten
from mindrail.train.devices import Devices
from mindrail.train.loop import Ask, Plan, Task
from mindrail.train.progress import Stepped

LABELS, LABELLED, POOL, SIZE = 3, 12, 20, 6
PLAN = Plan(epochs=3, batch=4, learning_rate=0.05, weight_decay=0.01, warmup=0.1, unlabelled=2, save_every=2)
#: settings under which some of the made-up texts count and some do not
ALGORITHMS: dict[str, dict[str, Any]] = {
    "fixmatch": {"threshold": 0.6, "align": "labels"},
    "flexmatch": {"threshold": 0.95, "warm_up": False},
    "freematch": {"momentum": 0.5, "fairness_weight": 0.1},
    "marginmatch": {"threshold": 0.8, "cutoff": "erroneous_class", "erroneous": {"share": 0.3, "first": 0.1}},
    "multimatch": {"momentum": 0.5, "quantile": 0.9},
    "pseudo-label": {"threshold": 0.9, "ramp": 0.2},
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def build(name: str) -> Algorithm[Any]:
    algorithm: Algorithm[Any] = config.build(
        plugins.get("algorithm", name).ALGORITHM, ALGORITHMS.get(name, {})
    )
    return algorithm


class Reader:
    """A linear network over made-up features of texts, and a note of everything that it was asked."""

    def __init__(self, algorithm: Algorithm[Any]) -> None:
        self.algorithm = algorithm
        self.network = nn.Linear(SIZE, algorithm.heads * (LABELS + algorithm.extra_labels))
        stream = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.copy_(0.5 * torch.randn(parameter.shape, generator=stream))
        self.asked: list[tuple[int, bool, bool, list[Ask]]] = []

    def forward(self, asks: Sequence[Ask], step: int) -> Tensor:
        self.asked.append((step, self.network.training, torch.is_grad_enabled(), list(asks)))
        made = [seeds.stream(0, part, row).normal(size=SIZE) for part, row in asks]
        scores: Tensor = self.network(torch.tensor(np.array(made), dtype=torch.float32))
        return scores.view(len(asks), self.algorithm.heads, -1).transpose(0, 1)

    def task(self, **changes: Any) -> Task:
        targets = torch.eye(LABELS)[torch.arange(LABELLED) % LABELS]
        stages = [[parameter] for parameter in self.network.parameters()]  # the weight, then the bias
        lengths = [5 + row for row in range(LABELLED)]
        given = {"pool": POOL, "exclusive": True} | changes
        return Task(self.network, stages, self.forward, lengths, targets, **given)


def train(reader: Reader, plan: Plan = PLAN, folder: Path | None = None, **changes: Any) -> Iterator[Stepped]:
    devices = Devices("float32")
    return loop.train(reader.task(**changes), plan, reader.algorithm, seed=3, devices=devices, folder=folder)


def everything(*arguments: Any) -> list[int]:
    """In place of `_counting`: no row is left out."""
    return list(range(arguments[2].shape[1]))


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_rows_that_are_left_out_change_no_loss_and_no_gradient(
    name: str, exclusive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    algorithm = build(name)
    if algorithm.extra_labels and not exclusive:
        pytest.skip("no extra label where labels do not exclude each other")
    reader, devices = Reader(algorithm), Devices("float32")
    task, steps, shares = reader.task(exclusive=exclusive), 12, []
    state = algorithm.init(POOL, LABELS, exclusive=exclusive)

    def taken(step: int, counting: Callable[..., list[int]]) -> tuple[Any, list[Tensor], Any, int]:
        monkeypatch.setattr(loop, "_counting", counting)
        clock, rows = loop.Clock(step, steps, step // 4), [(4 * step + i) % LABELLED for i in range(4)]
        picked = Pool(POOL, 0).draw(step, 8).tolist()
        losses, after = algorithm.step(state, loop.read(task, devices, algorithm, state, rows, picked, clock))
        gradients = torch.autograd.grad(losses.total, list(reader.network.parameters()))
        return losses, list(gradients), after, len(reader.asked[-1][-1]) - len(rows)

    real = loop._counting
    for step in range(steps):
        losses, gradients, after, read = taken(step, real)
        same, others, also, all_read = taken(step, everything)
        assert all_read == 8
        shares.append(read / all_read)
        assert losses.total.item() == pytest.approx(same.total.item(), abs=1e-6)
        assert losses.report["supervised"] == same.report["supervised"]
        assert losses.report["sure"] == same.report["sure"]
        for one, other in zip(gradients, others, strict=True):
            assert torch.allclose(one, other, atol=1e-6)
        arrays = flatten("", also)
        assert all(torch.equal(array, arrays[key]) for key, array in flatten("", after).items())
        state = after
        with torch.no_grad():
            for parameter, gradient in zip(reader.network.parameters(), gradients, strict=True):
                parameter.sub_(0.5 * gradient)
    assert any(0 < share < 1 for share in shares)


def test_guesses_come_first_without_gradient_and_noise() -> None:
    reader = Reader(build("fixmatch"))
    for _ in train(reader):
        pass
    for (step, noisy, learning, weak), (also, noisy_then, learning_then, learned) in zip(
        reader.asked[::2], reader.asked[1::2], strict=True
    ):
        assert step == also
        assert (noisy, learning, noisy_then, learning_then) == (False, False, True, True)
        assert [ask.part for ask in weak] == ["weak"] * 8
        assert [ask.part for ask in learned[:4]] == ["labelled"] * 4
        again = [ask.row for ask in weak]
        assert [ask.row for ask in learned[4:]] == [row for row in again if Ask("strong", row) in learned[4:]]


def test_pseudo_labels_are_learned_on_the_text_itself() -> None:
    reader = Reader(build("pseudo-label"))
    for _ in train(reader):
        pass
    assert {ask.part for *_, asks in reader.asked for ask in asks} == {"labelled", "weak"}


def test_learning_from_labels_reads_nothing_else() -> None:
    reader = Reader(build("supervised"))
    assert [stepped.step for stepped in train(reader)] == list(range(1, 10))
    assert {ask.part for *_, asks in reader.asked for ask in asks} == {"labelled"}
    assert len(reader.asked) == 9


def test_a_pool_of_nothing_is_learning_from_labels() -> None:
    reader, alone = Reader(build("fixmatch")), Reader(build("supervised"))
    found = [stepped.report["supervised"] for stepped in train(reader, pool=0)]
    assert found == [stepped.report["supervised"] for stepped in train(alone)]
    assert torch.equal(reader.network.weight, alone.network.weight)


def test_the_dev_part_is_judged_on_the_average_and_the_average_is_kept() -> None:
    reader, judged = Reader(build("supervised")), []
    plan = Plan(**vars(PLAN) | {"average": 0.5, "judge_every": 4})

    def judge() -> float:
        judged.append(reader.network.weight.detach().clone())
        return float(len(judged))

    own = []
    looks = {}
    for stepped in train(reader, plan, judge=judge):
        own.append(reader.network.weight.detach().clone())
        if stepped.dev is not None:
            looks[stepped.step] = stepped.dev
    assert looks == {4: 1.0, 8: 2.0, 9: 3.0}
    assert not torch.equal(own[3], judged[0])
    assert torch.equal(reader.network.weight, judged[-1])


def test_weights_decay_and_lower_stages_learn_more_slowly() -> None:
    plan = Plan(**vars(PLAN) | {"layer_decay": 0.5})
    weight, bias = loop._groups(Reader(build("supervised")).task(), plan)[::-1]
    assert (weight["weight_decay"], weight["scale"]) == (0.01, 0.5)
    assert (bias["weight_decay"], bias["scale"]) == (0.0, 1.0)


@pytest.mark.parametrize("name", ["fixmatch", "multimatch"])
def test_a_resumed_run_tells_of_every_step(tmp_path: Path, name: str) -> None:
    plan = Plan(**vars(PLAN) | {"average": 0.9, "judge_every": 2})
    whole, last = Reader(build(name)), Reader(build(name))
    told = list(train(whole, plan, tmp_path / "whole", judge=lambda: 0.25))
    for stop in (3, 4, 7):
        for stepped in train(Reader(build(name)), plan, tmp_path / "parts", judge=lambda: 0.25):
            if stepped.step == stop:
                break
    again = list(train(last, plan, tmp_path / "parts", judge=lambda: 0.25))
    assert [(s.step, s.report, s.dev) for s in again] == [(s.step, s.report, s.dev) for s in told]
    assert [s.step for s in again if s.fresh] == [7, 8, 9]
    assert torch.equal(last.network.weight, whole.network.weight)


def test_what_a_kill_left_unfinished_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / ".step-00000002.abc"
    left.mkdir()
    (left / "state.safetensors").write_bytes(b"half")
    for _ in train(Reader(build("fixmatch")), PLAN, tmp_path):
        pass
    assert sorted(place.name for place in tmp_path.iterdir()) == ["step-00000008", "step-00000009"]


@given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 6))
def test_every_row_of_the_pool_once_per_pass(size: int, batch: int, passes: int) -> None:
    pool = Pool(size, seed=5)
    steps = -(-size * passes // batch)
    drawn = np.concatenate([pool.draw(step, batch) for step in range(steps)])
    for number in range(passes):
        assert sorted(drawn[number * size : (number + 1) * size]) == list(range(size))


@given(st.integers(1, 12), st.integers(1, 9), st.permutations(range(8)))
def test_a_draw_depends_on_the_step_alone(size: int, batch: int, order: list[int]) -> None:
    pool = Pool(size, seed=5)
    drawn = {step: pool.draw(step, batch).tolist() for step in order}
    assert drawn == {step: Pool(size, seed=5).draw(step, batch).tolist() for step in order}


def test_passes_and_seeds_differ_and_an_empty_pool_gives_nothing() -> None:
    pool = Pool(30, seed=1)
    assert pool.draw(0, 30).tolist() != pool.draw(1, 30).tolist()
    assert pool.draw(0, 30).tolist() != Pool(30, seed=2).draw(0, 30).tolist()
    assert Pool(0, seed=1).draw(7, 4).tolist() == []
