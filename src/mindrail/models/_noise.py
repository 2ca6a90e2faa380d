"""Dropout whose draws depend on seed and step alone, so that an interrupted run goes on with the same bits."""

from threading import local

import torch
from torch import Tensor, nn

from mindrail import seeds


class Noise(local):
    """Where dropout draws from, on each thread apart: what it draws depends on seed, step and part alone."""

    def __init__(self) -> None:
        self.stream = seeds.stream(0, "dropout")

    def __reduce__(self) -> tuple[type["Noise"], tuple[()]]:
        return Noise, ()  # a copied network begins anew; what threads hold cannot be copied

    def start(self, seed: int, step: int, part: int = 0) -> None:
        """Begin one part of a step's reading, on the thread that does it."""
        self.stream = seeds.stream(seed, "dropout", step, part)


class SeededDropout(nn.Module):
    """Dropout with a byte mask from a numpy stream: faster than torch's on a CPU, and resumable."""

    def __init__(self, p: float, noise: Noise) -> None:
        super().__init__()
        self.p, self.noise = p, noise

    def forward(self, x: Tensor) -> Tensor:
        """Zero a share `p` of the values and scale the rest, in training only."""
        if not self.training or self.p == 0.0:
            return x
        kept = round((1.0 - self.p) * 256)
        drawn = torch.frombuffer(bytearray(self.noise.stream.bytes(x.numel())), dtype=torch.uint8)
        mask = (drawn.view(x.shape) < kept).to(x.device, x.dtype)
        return x * mask.mul_(256.0 / kept)


def seed_dropout(module: nn.Module, noise: Noise) -> None:
    """Put `SeededDropout` in the place of every dropout inside."""
    for name, child in module.named_children():
        if isinstance(child, nn.Dropout):
            setattr(module, name, SeededDropout(child.p, noise))
        else:
            seed_dropout(child, noise)
