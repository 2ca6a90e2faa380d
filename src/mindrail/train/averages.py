"""A moving average of the weights: steadier than the last step's, at the price of one more copy."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Exponential moving average of what is learned. `decay` per step, in [0, 1); 0 keeps no average.

    Early on, while there is little to average, the decay is smaller: (1 + t) / (10 + t) after t steps.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network, self.decay, self.steps = network, decay, 0
        self.weights: dict[str, Tensor] = {name: p.detach().clone() for name, p in self._learned()}

    def update(self) -> None:
        """Take the present weights in."""
        self.steps += 1
        kept = min(self.decay, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for name, parameter in self._learned():
                self.weights[name].lerp_(parameter, 1 - kept)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Inside, the network has the averaged weights; afterwards its own again."""
        own = {name: p.detach().clone() for name, p in self._learned()}
        self.adopt()
        try:
            yield
        finally:
            self._set(own)

    def adopt(self) -> None:
        """Give the network the averaged weights for good."""
        self._set(self.weights)

    def _learned(self) -> list[tuple[str, nn.Parameter]]:
        return [(name, p) for name, p in self.network.named_parameters() if self.decay and p.requires_grad]

    def _set(self, weights: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self._learned():
                parameter.copy_(weights[name])
