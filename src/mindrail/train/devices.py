"""One process or several, a CPU or a GPU: Accelerate says which; the arithmetic stays that of one process.

Every process reads its share of a step's rows and then sees the logits of all rows, so the algorithm computes
the same losses and the same memory everywhere. The gradient flows through a process's own rows only; the sum over
processes is the gradient of the whole step.
"""

import logging
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Literal, TypeVar

import torch
from torch import Tensor, distributed, nn

from mindrail import machine
from mindrail.errors import BadConfig
from mindrail.train import environment

Row = TypeVar("Row")
Precision = Literal["auto", "float32", "bfloat16"]

log = logging.getLogger(__name__)


class Devices:
    """Where a run computes, and with how many others. Start several with `torchrun` or `accelerate launch`."""

    def __init__(self, precision: Precision = "auto") -> None:
        from accelerate import PartialState

        # started with others, but without a graphics card: Accelerate wants to be told
        state = PartialState(cpu="RANK" in os.environ and not torch.accelerator.is_available())
        if state.num_processes == 1 and environment.meant_for_several():
            log.warning(
                "accelerate launch starts one process on CPUs. Do: torchrun --nproc-per-node N -m mindrail …"
            )
        self.device: torch.device = state.device
        self.rank, self.count, self.main = (
            state.process_index,
            state.num_processes,
            state.is_main_process,
        )
        self.precision = _resolved(precision, self.device)

    def share(self, rows: Sequence[Row]) -> Sequence[Row]:
        """This process's part of a step's rows; where there is none for it, one that does not count."""
        bounds = _bounds(len(rows), self.count)
        return rows[bounds[self.rank] : bounds[self.rank + 1]] or rows[:1]

    def whole(self, own: Tensor, rows: int) -> Tensor:
        """Logits [head, row, column] of all `rows` rows out of everyone's share; the gradient stays with the own."""
        if self.count == 1:
            return own
        bounds = _bounds(rows, self.count)
        sizes = [high - low for low, high in pairwise(bounds)]
        own = own[:, : sizes[self.rank]]
        padded = own.new_zeros(own.shape[0], max(sizes), own.shape[2])
        padded[:, : own.shape[1]] = own.detach()
        parts = [torch.empty_like(padded) for _ in range(self.count)]
        distributed.all_gather(parts, padded)
        kept = [part[:, :size] for part, size in zip(parts, sizes, strict=True)]
        kept[self.rank] = own
        return torch.cat(kept, dim=1)

    def sum_gradients(self, network: nn.Module) -> None:
        """Add the gradients of all processes up."""
        if self.count == 1:
            return
        learned = [(p, p.grad) for p in network.parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for _, gradient in learned])
        distributed.all_reduce(flat)
        start = 0
        for parameter, _ in learned:
            parameter.grad = flat[start : start + parameter.numel()].view_as(parameter)
            start += parameter.numel()

    def together(self) -> None:
        """Wait for the others."""
        if self.count > 1:
            distributed.barrier()

    def arithmetic(self) -> AbstractContextManager[object]:
        """Products in bfloat16 where that was chosen; sums, softmax and normalisation stay in float32."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)


def _bounds(rows: int, parts: int) -> list[int]:
    return [rows * part // parts for part in range(parts + 1)]


def _resolved(precision: Precision, device: torch.device) -> Precision:
    if precision not in ("auto", "float32", "bfloat16"):
        raise BadConfig(f"precision is '{precision}'; expected auto, float32 or bfloat16")
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if machine.multiplies_bfloat16() else "float32"
