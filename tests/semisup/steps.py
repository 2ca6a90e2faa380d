"""Made-up steps of training for the tests of algorithms."""

from collections.abc import Sequence
from typing import Any

import torch

from mindrail.semisup import Algorithm, StepLogits


def steps(
    algorithm: Algorithm[Any],
    *,
    exclusive: bool,
    seed: int = 0,
    number: int = 12,
    labels: int = 3,
    pool: int = 20,
    rows: int = 8,
    labeled: int = 5,
    spread: float = 3.0,
    per_epoch: int = 4,
) -> list[StepLogits]:
    """Random logits of the shape that the algorithm asks for; no text twice in a step."""
    stream = torch.Generator().manual_seed(seed)

    def logits(many: int, *, learned: bool = False) -> torch.Tensor:
        columns = labels + algorithm.extra_labels
        values = spread * torch.randn(algorithm.heads, many, columns, generator=stream)
        return values.requires_grad_(learned)

    def targets() -> torch.Tensor:
        if exclusive:
            return torch.eye(labels)[torch.randint(labels, (labeled,), generator=stream)]
        return torch.randint(2, (labeled, labels), generator=stream).float()

    return [
        StepLogits(
            logits(labeled, learned=True),
            targets(),
            logits(rows),
            logits(rows, learned=True),
            torch.randperm(pool, generator=stream)[:rows],
            exclusive,
            step=step,
            steps=number,
            epoch=step // per_epoch,
        )
        for step in range(number)
    ]


def one_step(
    weak: Sequence[Any],
    strong: Sequence[Any] | None = None,
    *,
    labels: int = 2,
    exclusive: bool = True,
    index: Sequence[int] | None = None,
    **more: Any,
) -> StepLogits:
    """One step from logits written by hand: rows for one head, or a list of rows for each of several heads.

    There is one labelled row, of the first label, whose logits are all zero.
    """
    first = torch.tensor(weak, dtype=torch.float32)
    first = first if first.ndim == 3 else first[None]
    second = first if strong is None else torch.tensor(strong, dtype=torch.float32).view_as(first)
    return StepLogits(
        torch.zeros(len(first), 1, first.shape[-1]),
        torch.eye(labels)[:1],
        first,
        second.clone().requires_grad_(),
        torch.arange(first.shape[1]) if index is None else torch.tensor(index),
        exclusive,
        **more,
    )
