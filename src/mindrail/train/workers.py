"""Threads of one process that each read a share of a step's texts on a core of their own.

The products of a small encoder are too small for two threads to share one of them well: a second thread makes a step
a tenth faster. Threads that read different texts do not wait for each other at every product.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cached_property, partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

#: Each worker holds gradients of its own while a step is being learned from.
MOST = 4

Job = Callable[[], Tensor]  # one part of the work, which gives [head, row, column]


class Workers:
    """At most MOST threads, which share the cores that torch may use. One core, or a graphics card: no thread."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        self.threads = torch.get_num_threads()
        self.count = min(self.threads, MOST) if device.type == "cpu" else 1
        self._network = network

    def run(self, jobs: Sequence[Job], sizes: Sequence[int]) -> tuple[Tensor, list[int]]:
        """What the jobs give, one after the other, and the order in which they stand.

        `sizes` says how much work each one is. The gradient flows back on the thread that did the job, and the
        shares are added in a fixed order: the same jobs and number of workers give the same bits.
        """
        groups = balanced(sizes, min(self.count, len(jobs)))
        order = [job for group in groups for job in group]
        if len(groups) == 1:
            return torch.cat([jobs[i]() for i in order], dim=1), order
        how = _Mode.now()
        parts = list(self._pool.map(partial(_together, how), [[jobs[i] for i in group] for group in groups]))
        whole = torch.cat([part.detach() for part in parts], dim=1)
        if how.learning:
            whole.requires_grad_()
            whole.register_post_accumulate_grad_hook(partial(self._backward, parts))  # type: ignore[no-untyped-call]
        return whole, order

    def _backward(self, parts: Sequence[Tensor], whole: Tensor) -> None:
        assert whole.grad is not None
        learned = [parameter for parameter in self._network.parameters() if parameter.requires_grad]
        own = torch.split(whole.grad, [part.shape[1] for part in parts], dim=1)
        whole.grad = None
        for gradients in self._pool.map(partial(_gradients, learned), parts, own):
            for parameter, gradient in zip(learned, gradients, strict=True):
                if gradient is not None:
                    parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        threads = max(1, self.threads // self.count)
        return ThreadPoolExecutor(self.count, "mindrail-train", torch.set_num_threads, (threads,))


class _Mode(NamedTuple):
    """What torch keeps for each thread apart."""

    learning: bool
    lowered: torch.dtype | None  # the precision of products, where it is not that of the weights

    @classmethod
    def now(cls) -> "_Mode":
        lowered = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None
        return cls(torch.is_grad_enabled(), lowered)


def _together(how: _Mode, jobs: Sequence[Job]) -> Tensor:
    # torch keeps lowered weights for all threads together, and forgets them when one thread is done
    lowered = (
        nullcontext()
        if how.lowered is None
        else torch.autocast("cpu", dtype=how.lowered, cache_enabled=False)
    )
    with torch.set_grad_enabled(how.learning), lowered:
        return torch.cat([job() for job in jobs], dim=1)


def _gradients(learned: Sequence[nn.Parameter], part: Tensor, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return torch.autograd.grad(part, learned, gradient, allow_unused=True)


def balanced(sizes: Sequence[int], groups: int) -> list[list[int]]:
    """Places of `sizes` in groups of about the same sum: the largest first, each to the lightest group."""
    made: list[list[int]] = [[] for _ in range(max(1, groups))]
    weights = [0] * len(made)
    for place in sorted(range(len(sizes)), key=lambda place: -sizes[place]):
        lightest = weights.index(min(weights))
        made[lightest].append(place)
        weights[lightest] += sizes[place]
    return made
