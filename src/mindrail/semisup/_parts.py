"""Arithmetic that several algorithms share."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax


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
