"""Dropout whose draws depend on seed, step and text alone.

So an interrupted run goes on with the same bits, and a text meets the same noise whichever process or thread reads
it, beside whichever others.
"""

from collections.abc import Sequence
from threading import local

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor, nn

from mindrail import seeds

Tokens = Sequence[int]


class Noise(local):
    """Where dropout draws from, on each thread apart: a stream for every row of what is read there."""

    def __init__(self) -> None:
        self.start(0, 0, [])

    def __reduce__(self) -> tuple[type["Noise"], tuple[()]]:
        return Noise, ()  # a copied network begins anew; what threads hold cannot be copied

    def start(self, seed: int, step: int, rows: Sequence[Tokens]) -> None:
        """Before `rows` of tokens are read in one step, on the thread that reads them."""
        self.streams = [seeds.stream(seed, "dropout", step, *row) for row in rows]
        self.lengths = [len(row) for row in rows]
        self.common = seeds.stream(seed, "dropout", step)

    def bytes(self, shape: torch.Size) -> UInt8[Tensor, "..."]:
        """Uniform bytes for values [row, token, ...] or [row, ...]; all that is not row by row has one mask."""
        if shape[0] != len(self.streams):
            return torch.frombuffer(bytearray(self.common.bytes(shape.numel())), dtype=torch.uint8).view(
                shape
            )
        drawn = np.zeros(shape, dtype=np.uint8)
        for row, stream, length in zip(drawn, self.streams, self.lengths, strict=True):
            there = row[:length] if row.ndim > 1 else row  # nothing is drawn for padding
            there[...] = np.frombuffer(stream.bytes(there.size), dtype=np.uint8).reshape(there.shape)
        return torch.from_numpy(drawn)


class SeededDropout(nn.Module):
    """Dropout with a byte mask from numpy streams: faster than torch's on a CPU, and resumable."""

    def __init__(self, p: float, noise: Noise) -> None:
        super().__init__()
        self.p, self.noise = p, noise

    def forward(self, x: Tensor) -> Tensor:
        """Zero a share `p` of the values and scale the rest, in training only."""
        if not self.training or self.p == 0.0:
            return x
        kept = round((1.0 - self.p) * 256)
        mask = (self.noise.bytes(x.shape) < kept).to(x.device, x.dtype)
        return x * mask.mul_(256.0 / kept)


def seed_dropout(module: nn.Module, noise: Noise) -> None:
    """Put `SeededDropout` in the place of every dropout inside."""
    for name, child in module.named_children():
        if isinstance(child, nn.Dropout):
            setattr(module, name, SeededDropout(child.p, noise))
        else:
            seed_dropout(child, noise)
