"""The loop: a generator that yields what happened and leaves printing, keeping and stopping to its caller."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mindrail.semisup import Algorithm, StepLogits
from mindrail.train import batches, checkpoint
from mindrail.train.averages import Average
from mindrail.train.checkpoint import Checkpoint
from mindrail.train.devices import Devices
from mindrail.train.progress import Stepped


class Ask(NamedTuple):
    """One text to read: a labelled one, an unlabelled one as it is, or another wording of it."""

    part: Literal["labelled", "weak", "strong"]
    row: int


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn. `learning_rate` per step is warmed up linearly, then decays to zero."""

    epochs: int  # passes over the labelled texts
    batch: int  # labelled texts per step
    learning_rate: float
    weight_decay: float
    warmup: float  # share of all steps, 0 to 1
    unlabelled: int = 3  # unlabelled texts per labelled one, where the algorithm learns from them
    layer_decay: float = 1.0  # the learning rate of each stage, as a share of that of the stage above
    average: float = 0.0  # decay of the moving average of the weights per step; 0 for none
    clip: float = 1.0  # largest gradient norm
    save_every: int = 100  # steps between checkpoints; 0 for none
    judge_every: int = 0  # steps between looks at the dev part; 0 for none


@dataclass(frozen=True)
class Task:
    """What is learned. `forward(asks, step)` gives logits [head, ask, column] for texts of any part."""

    network: nn.Module
    stages: Sequence[Sequence[nn.Parameter]]  # from the embeddings up to the head
    forward: Callable[[Sequence[Ask], int], Tensor]
    lengths: Sequence[int]  # tokens per labelled text, for batches of similar length
    targets: Float[Tensor, "labelled k"]
    exclusive: bool
    class_weights: Float[Tensor, " k"] | None = None
    pool: int = 0  # unlabelled texts
    judge: Callable[[], float] | None = None  # how good the network is on the dev part, higher is better


def train(
    task: Task,
    plan: Plan,
    algorithm: Algorithm[Any],
    *,
    seed: int,
    devices: Devices,
    folder: Path | None = None,
    identity: str = "",
) -> Iterator[Stepped]:
    """Train `task.network` in place, yielding after every step; resumes from `folder` where it holds a checkpoint.

    A resumed run first yields the steps it has taken before, so that whoever listens knows all of its course.

    The same seed, data and thread count give the same bits, whether or not the run was interrupted.
    """
    per_epoch = batches.steps_per_epoch(len(task.lengths), plan.batch)
    steps = per_epoch * plan.epochs
    optimiser = torch.optim.AdamW(_groups(task, plan), lr=plan.learning_rate, fused=True)
    average = Average(task.network, plan.average)
    state = algorithm.init(task.pool, task.targets.shape[1], exclusive=task.exclusive)
    pool = batches.Pool(0 if algorithm.learns_from == "labels" else task.pool, seed)
    history: list[dict[str, float]] = []
    first = 0
    if folder is not None and (found := checkpoint.latest(folder, identity=identity)) is not None:
        state = _restore(found, task.network, optimiser, average, state)
        history, first = [dict(report) for report in found.history], found.step
        for number, report in enumerate(history, 1):
            losses_then = {name: value for name, value in report.items() if name != "dev"}
            yield Stepped(number, steps, losses_then, report.get("dev"), fresh=False)
    order: list[Any] = []
    for step in range(first, steps):
        epoch, position = divmod(step, per_epoch)
        if position == 0 or not order:
            order = batches.epoch(task.lengths, plan.batch, seed, epoch)
        for group in optimiser.param_groups:
            group["lr"] = plan.learning_rate * group["scale"] * rate(step, steps, plan.warmup)
        rows = order[position].tolist()
        picked = pool.draw(step, plan.batch * plan.unlabelled).tolist()
        logits = read(task, devices, algorithm, state, rows, picked, Clock(step, steps, epoch))
        losses, state = algorithm.step(state, logits)
        losses.total.backward()  # type: ignore[no-untyped-call]
        devices.sum_gradients(task.network)
        nn.utils.clip_grad_norm_(task.network.parameters(), plan.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        average.update()
        done = step + 1
        dev = None
        if task.judge is not None and plan.judge_every and (done % plan.judge_every == 0 or done == steps):
            with average.used():
                dev = task.judge()
        history.append(losses.report | ({} if dev is None else {"dev": dev}))
        if folder is not None and plan.save_every and (done % plan.save_every == 0 or done == steps):
            if devices.main:
                snapshot = _snapshot(done, task.network, optimiser, average, state, history)
                checkpoint.save(folder, snapshot, identity=identity)
            devices.together()
        yield Stepped(done, steps, losses.report, dev)
    average.adopt()


class Clock(NamedTuple):
    """Where a run is: the step out of all steps, and the pass over the labelled texts."""

    step: int
    steps: int
    epoch: int


def read(
    task: Task,
    devices: Devices,
    algorithm: Algorithm[Any],
    state: Any,
    rows: Sequence[int],
    picked: Sequence[int],
    clock: Clock,
) -> StepLogits:
    """The logits of labelled `rows` and unlabelled `picked`.

    Guesses come first, without gradient and noise. Then everything that is learned from is read in one pass;
    unlabelled texts that do not count in this step are not read a second time.
    """
    about = {
        "targets": task.targets[rows].to(devices.device),
        "index": torch.tensor(picked, dtype=torch.long, device=devices.device),
        "exclusive": task.exclusive,
        "class_weights": task.class_weights,
        **clock._asdict(),
    }
    weak, counting = None, []
    if picked:
        task.network.eval()
        with torch.no_grad():
            weak = _logits(task, devices, [Ask("weak", row) for row in picked], clock.step)
        counting = _counting(algorithm, state, weak, about)
    task.network.train()
    part: Literal["weak", "strong"] = "strong" if algorithm.learns_from == "strong" else "weak"
    asks = [Ask("labelled", row) for row in rows] + [Ask(part, picked[i]) for i in counting]
    both = _logits(task, devices, asks, clock.step)
    labeled, learned = both[:, : len(rows)], both[:, len(rows) :]
    if weak is None:
        return StepLogits(labeled, weak=learned, strong=learned, **about)
    places = torch.tensor(counting, dtype=torch.long, device=devices.device)
    return StepLogits(labeled, weak=weak, strong=weak.index_copy(1, places, learned), **about)


def _counting(algorithm: Algorithm[Any], state: Any, weak: Tensor, about: dict[str, Any]) -> list[int]:
    """The places of unlabelled rows that count: those through which a gradient would flow.

    The step is a pure function, so it can be asked what it would do before the dear pass is made.
    """
    probe = torch.zeros_like(weak, requires_grad=True)
    labeled = weak.new_zeros(weak.shape[0], len(about["targets"]), weak.shape[2])
    losses, _ = algorithm.step(state, StepLogits(labeled, weak=weak, strong=probe, **about))
    if not losses.total.requires_grad:
        return []
    (gradient,) = torch.autograd.grad(losses.total, probe)
    return gradient.abs().sum(dim=(0, 2)).nonzero().flatten().tolist()


def _logits(task: Task, devices: Devices, asks: Sequence[Ask], step: int) -> Tensor:
    with devices.arithmetic():
        own = task.forward(devices.share(asks), step)
    return devices.whole(own.float(), len(asks))


def rate(step: int, steps: int, warmup: float) -> float:
    """The learning rate's factor at a step: linear from 0 to 1 over the warm-up, then linear to 0."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    return max(0.0, (steps - step) / max(1, steps - rising))


def _groups(task: Task, plan: Plan) -> list[dict[str, Any]]:
    """Weights decay; biases and normalisation do not. Lower stages learn more slowly where that is asked."""
    groups = []
    for depth, stage in enumerate(reversed(task.stages)):
        learned = [p for p in stage if p.requires_grad]
        scale = plan.layer_decay**depth
        for parameters, decay in (
            ([p for p in learned if p.ndim > 1], plan.weight_decay),
            ([p for p in learned if p.ndim <= 1], 0.0),
        ):
            if parameters:
                groups.append({"params": parameters, "weight_decay": decay, "scale": scale})
    return groups


def _snapshot(
    step: int,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Average,
    state: Any,
    history: list[dict[str, float]],
) -> Checkpoint:
    arrays = checkpoint.flatten("network", dict(network.state_dict()))
    arrays |= checkpoint.flatten("optimiser", optimiser.state_dict()["state"])
    arrays |= checkpoint.flatten("average", average.weights)
    arrays |= checkpoint.flatten("algorithm", state)
    return Checkpoint(step, arrays, tuple(history))


def _restore(
    found: Checkpoint, network: nn.Module, optimiser: torch.optim.Optimizer, average: Average, state: Any
) -> Any:
    network.load_state_dict(checkpoint.unflatten("network", dict(network.state_dict()), found.arrays))
    average.steps = found.step
    average.weights = checkpoint.unflatten("average", average.weights, found.arrays)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, array in found.arrays.items():
        part, _, rest = name.partition("/")
        if part == "optimiser":
            index, _, key = rest.partition("/")
            moments.setdefault(int(index), {})[key] = array
    full = optimiser.state_dict()
    optimiser.load_state_dict({"state": moments, "param_groups": full["param_groups"]})
    return checkpoint.unflatten("algorithm", state, found.arrays)
