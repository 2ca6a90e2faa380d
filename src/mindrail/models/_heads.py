"""Several classification heads on one encoder, for algorithms in which heads teach one another."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mindrail import seeds


class Heads(nn.Module):
    """`count` heads with `columns` outputs each; every head sees the mean over tokens through a layer of its own.

    They start near the plain mean, each a little differently, so that they can disagree.
    """

    def __init__(self, size: int, count: int, columns: int, dropout: float, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(seed, "heads"))
            self.pools = nn.ModuleList(nn.Linear(size, size) for _ in range(count))
            self.outputs = nn.ModuleList(nn.Linear(size, columns) for _ in range(count))
            for pool in self.pools:
                _start(pool, 0.5 * torch.eye(size) + 0.02 * torch.randn(size, size))
            for output in self.outputs:
                _start(output, 0.02 * torch.randn(columns, size))
        self.dropout = nn.Dropout(dropout)

    def forward(self, mean: Float[Tensor, "window d"]) -> Float[Tensor, "head window column"]:
        """The outputs of every head."""
        both = zip(self.pools, self.outputs, strict=True)
        return torch.stack([output(self.dropout(torch.tanh(pool(mean)))) for pool, output in both])

    def trimmed(self, columns: int) -> dict[str, Tensor]:
        """The weights without what only training needed: outputs beyond the first `columns` are cut."""
        return {
            name: (weights[:columns] if name.startswith("outputs.") else weights).contiguous()
            for name, weights in self.state_dict().items()
        }


def _start(layer: nn.Module, weight: Float[Tensor, "out in"]) -> None:
    layer.load_state_dict({"weight": weight, "bias": torch.zeros(len(weight))})
