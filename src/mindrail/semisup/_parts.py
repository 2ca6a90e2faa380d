"""Arithmetic that several algorithms share.

All of them speak of questions and options. Labels that exclude each other are one question whose options are
the labels. Labels that do not are a question each, with the options absent (0) and present (1). Several heads
ask one after the other. So masks, thresholds, margins and losses are written once, over [row, question, option].
"""

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    log_softmax,
    one_hot,
    pad,
)

from mindrail.errors import BadConfig
from mindrail.semisup._base import Algorithm, StepLogits, StepLosses

State = TypeVar("State")


def supervised_loss(
    logits: Float[Tensor, "labeled k"],
    targets: Float[Tensor, "labeled k"],
    *,
    exclusive: bool,
    class_weights: Float[Tensor, " k"] | None = None,
) -> Float[Tensor, ""]:
    """Cross-entropy against hard or soft targets; the weighted mean over rows.

    With labels that exclude each other a row counts with the weight of its label, and the sum is divided by
    the sum of the weights (as torch does). For `any_of` the weight multiplies the positive part of each label.
    """
    if not exclusive:
        return binary_cross_entropy_with_logits(logits, targets, pos_weight=class_weights)
    weighted = targets if class_weights is None else targets * class_weights
    return -(weighted * log_softmax(logits, dim=-1)).sum() / weighted.sum()


def supervised(logits: StepLogits) -> Float[Tensor, " head"]:
    """The supervised loss of each head. Extra labels are never the answer and share the probability."""
    extra = logits.labeled.shape[-1] - logits.targets.shape[-1]
    targets, weights = pad(logits.targets, (0, extra)), logits.class_weights
    if weights is not None:
        weights = pad(weights, (0, extra))
    return torch.stack(
        [
            supervised_loss(head, targets, exclusive=logits.exclusive, class_weights=weights)
            for head in logits.labeled
        ]
    )


def questions(
    logits: Float[Tensor, "head row column"], *, exclusive: bool
) -> Float[Tensor, "row question option"]:
    """Logits as questions with options, head after head; in single precision whatever the network computes in."""
    logits = logits.float()
    if exclusive:
        return logits.transpose(0, 1)
    return torch.stack((torch.zeros_like(logits), logits), dim=-1).transpose(0, 1).flatten(1, 2)


def shape(labels: int, *, exclusive: bool) -> tuple[int, int]:
    """How many questions one head is asked, and how many options each has."""
    return (1, labels) if exclusive else (labels, 2)


def pull(
    strong: Float[Tensor, "row question option"],
    label: Int[Tensor, "row question"],
    weight: Float[Tensor, "row question"],
) -> Float[Tensor, ""]:
    """Cross-entropy towards `label`, times `weight`, averaged over all rows and questions.

    Those of weight 0 count in the denominator: a hesitant model learns gently.
    """
    losses = cross_entropy(strong.flatten(0, 1), label.flatten(), reduction="none").view_as(weight)
    return (losses * weight).sum() / max(1, weight.numel())


def conclude(
    logits: StepLogits,
    supervised: Float[Tensor, ""],
    unlabeled: Float[Tensor, ""],
    unlabeled_weight: float,
    *,
    label: Int[Tensor, "row question"],
    counted: Bool[Tensor, "row question"],
    **more: Float[Tensor, ""],
) -> StepLosses:
    """The total and the report; `counted` marks the pseudo-labels that had a weight."""
    total = supervised + unlabeled_weight * unlabeled
    share = shares(label, counted, labels=logits.targets.shape[-1], exclusive=logits.exclusive)
    sure = counted.float().sum() / max(1, counted.numel())
    report = {"supervised": supervised, "unlabeled": unlabeled, "sure": sure}
    report |= {f"share/{i}": value for i, value in enumerate(share)} | more
    values = torch.stack([value.detach().float() for value in report.values()]).tolist()
    return StepLosses(total, dict(zip(report, values, strict=True)))


def shares(
    label: Int[Tensor, "row question"],
    counted: Bool[Tensor, "row question"],
    *,
    labels: int,
    exclusive: bool,
) -> Float[Tensor, " k"]:
    """Each label's share of the pseudo-labels that counted; 0 where none did.

    Where labels do not exclude each other: of the answers to a label's own question, the share of "present".
    """
    if exclusive:
        found = one_hot(label[counted], labels)
        return found.sum(0) / max(1, len(found))
    label, counted = label.reshape(-1, labels), counted.reshape(-1, labels)
    return (label * counted).sum(0) / counted.sum(0).clamp(min=1)


def check(algorithm: Algorithm[Any], logits: StepLogits, *, pool: int | None = None) -> None:
    """Refuse logits that do not fit the algorithm, one another, or the pool that `init` was told of."""
    k = logits.targets.shape[-1]
    heads, columns = algorithm.heads, k + algorithm.extra_labels
    expected = f"{heads} heads of {columns} columns ({k} labels and {algorithm.extra_labels} extra)"
    rows = {"labeled": len(logits.targets), "weak": len(logits.index), "strong": len(logits.index)}
    for name, many in rows.items():
        found = tuple(getattr(logits, name).shape)
        if found != (heads, many, columns):
            raise BadConfig(
                f"found {name} logits of shape {found}, expected {(heads, many, columns)}: {expected}, with a "
                "row for every target or index. Do: build the network with the algorithm's heads and extra_labels"
            )
    if pool is None or not len(logits.index):
        return
    low, high = (int(end) for end in torch.aminmax(logits.index))
    if low < 0 or high >= pool:
        raise BadConfig(
            f"found rows {low} to {high} of the unlabelled pool, expected 0 to {pool - 1}. "
            "Do: start the algorithm with the number of unlabelled texts"
        )


def expect(fits: bool, setting: str, found: object, expected: str) -> None:
    """Refuse a setting outside its range; as ValueError, which a recipe reports with its place."""
    if not fits:
        raise ValueError(f"{setting}: found {found}, expected {expected}")


def moved(memory: State, device: torch.device) -> State:
    """The same memory on another device. It starts on the CPU and follows the logits."""
    value: Any = memory
    if isinstance(value, Tensor):
        value = value.to(device)
    elif is_dataclass(value) and not isinstance(value, type):
        value = replace(value, **{f.name: moved(getattr(value, f.name), device) for f in fields(value)})
    return cast(State, value)
