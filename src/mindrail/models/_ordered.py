"""The last layer of a network that answers node by node: what `taxonomy.tree.labels` computes, for torch and ONNX."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad, softplus


def in_order(said: Float[Tensor, "*any column"], nodes: int) -> Float[Tensor, "*any column+1"]:
    """Log-odds of "yes" at the first `nodes` columns to log-probabilities of one label more.

    Further columns, the extra labels of an algorithm, stay as they are: they compete with all labels together.
    Softplus, because the logarithm of a sigmoid is minus infinity where an exported model is very sure.
    """
    answers, extra = said[..., :nodes].float(), said[..., nodes:].float()
    yes, no = -softplus(-answers), -softplus(answers)
    labels = pad(yes, (0, 1)) + pad(no.cumsum(dim=-1), (1, 0))
    return torch.cat((labels, extra), dim=-1)
