"""What has to be settled before torch is imported, and how many threads it may use."""

import ctypes
import os
import sys

from mindrail import machine


def prepare() -> None:
    """Make training fast and polite on a shared CPU; call before the first `import torch`.

    OpenMP threads wait passively (14 % slower on a quiet machine, up to three times faster beside others),
    and glibc keeps freed memory, which saves millions of page faults. The user's own settings win.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        try:
            mallopt = ctypes.CDLL(None).mallopt
        except (OSError, AttributeError):  # not glibc
            return
        for option, value in (
            (-4, 0),
            (-1, 2**31 - 1),
            (-2, 64 << 20),
        ):  # M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD
            mallopt(option, value)


def settle() -> None:
    """Threads, determinism and silence, once torch is there."""
    import torch
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(machine.cores())
    torch.use_deterministic_algorithms(True, warn_only=True)
    # nothing reads uninitialised memory here, and filling it costs time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def main() -> bool:
    """Whether this process is the one that writes; the only one, unless several were launched together."""
    return int(os.environ.get("RANK", "0")) == 0


def meant_for_several() -> bool:
    """Whether `accelerate launch --cpu` was asked for several processes; without MPI it starts one all the same."""
    asked = os.environ.get("ACCELERATE_USE_CPU") == "True" and "MASTER_ADDR" in os.environ
    return asked and "RANK" not in os.environ


def together() -> None:
    """Wait for the other processes of a launch."""
    if "RANK" in os.environ:
        from torch import distributed

        if distributed.is_initialized():
            distributed.barrier()
