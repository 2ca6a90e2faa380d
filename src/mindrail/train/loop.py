"""The loop: a generator that yields what happened and leaves printing, keeping and stopping to its caller."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mindrail.semisup import Algorithm, StepLogits
from mindrail.train import batches, checkpoint
from mindrail.train.checkpoint import Checkpoint
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn. `learning_rate` per step is warmed up linearly, then decays to zero."""

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float
    warmup: float  # share of all steps, 0 to 1
    clip: float = 1.0  # largest gradient norm
    save_every: int = 100  # steps between checkpoints; 0 for none


@dataclass(frozen=True)
class Task:
    """What is learned: `forward(rows, step)` gives logits [head, rows, k] for rows of the labelled set."""

    network: nn.Module
    forward: Callable[[Sequence[int], int], Tensor]
    lengths: Sequence[int]  # tokens per example, for batches of similar length
    targets: Tensor  # [examples, k]
    exclusive: bool
    class_weights: Tensor | None = None


def train(
    task: Task,
    plan: Plan,
    algorithm: Algorithm[Any],
    *,
    seed: int,
    folder: Path | None = None,
    identity: str = "",
) -> Iterator[Stepped]:
    """Train `task.network` in place, yielding after every step; resumes from `folder` where it holds a checkpoint.

    The same seed, data and thread count give the same bits, whether or not the run was interrupted.
    """
    per_epoch = batches.steps_per_epoch(len(task.lengths), plan.batch)
    steps = per_epoch * plan.epochs
    optimiser = torch.optim.AdamW(_groups(task.network, plan.weight_decay), lr=plan.learning_rate, fused=True)
    state = algorithm.init(0, task.targets.shape[1])
    history: list[dict[str, float]] = []
    first = 0
    if folder is not None and (found := checkpoint.latest(folder, identity=identity)) is not None:
        state = _restore(found, task.network, optimiser, state)
        history, first = [dict(report) for report in found.history], found.step
    order: list[Any] = []
    for step in range(first, steps):
        number, position = divmod(step, per_epoch)
        if position == 0 or not order:
            order = batches.epoch(task.lengths, plan.batch, seed, number)
        for group in optimiser.param_groups:
            group["lr"] = plan.learning_rate * rate(step, steps, plan.warmup)
        rows = order[position].tolist()
        task.network.train()
        logits = StepLogits(
            task.forward(rows, step), task.targets[rows], task.exclusive, task.class_weights, step
        )
        losses, state = algorithm.step(state, logits)
        losses.total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(task.network.parameters(), plan.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        history.append(losses.report)
        done = step + 1
        if folder is not None and plan.save_every and (done % plan.save_every == 0 or done == steps):
            checkpoint.save(
                folder, _snapshot(done, task.network, optimiser, state, history), identity=identity
            )
        yield Stepped(done, steps, losses.report)


def rate(step: int, steps: int, warmup: float) -> float:
    """The learning rate's factor at a step: linear from 0 to 1 over the warm-up, then linear to 0."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    return max(0.0, (steps - step) / max(1, steps - rising))


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weights decay; biases and normalisation do not."""
    learned = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _snapshot(
    step: int,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    state: Any,
    history: list[dict[str, float]],
) -> Checkpoint:
    arrays = checkpoint.flatten("network", dict(network.state_dict()))
    arrays |= checkpoint.flatten("optimiser", optimiser.state_dict()["state"])
    arrays |= checkpoint.flatten("algorithm", state)
    return Checkpoint(step, arrays, tuple(history))


def _restore(found: Checkpoint, network: nn.Module, optimiser: torch.optim.Optimizer, state: Any) -> Any:
    network.load_state_dict(checkpoint.unflatten("network", dict(network.state_dict()), found.arrays))
    moments: dict[int, dict[str, Tensor]] = {}
    for name, array in found.arrays.items():
        part, _, rest = name.partition("/")
        if part == "optimiser":
            index, _, key = rest.partition("/")
            moments.setdefault(int(index), {})[key] = array
    full = optimiser.state_dict()
    optimiser.load_state_dict({"state": moments, "param_groups": full["param_groups"]})
    return checkpoint.unflatten("algorithm", state, found.arrays)
