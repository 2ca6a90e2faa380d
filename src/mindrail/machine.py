"""What a result was made on. Goes into every committed number and every run record."""

import os
import platform
from pathlib import Path

PACKAGES = (
    "mindrail",
    "numpy",
    "onnxruntime",
    "tokenizers",
    "torch",
    "accelerate",
    "transformers",
    "scikit-learn",
    "model2vec",
)


def cores() -> int:
    """Usable cores: the affinity mask, cut by the container's CPU quota (Linux cgroup v2)."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        usable = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            usable = min(usable, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return usable


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it (AVX-512 BF16 or AMX); without, bfloat16 is slower by far."""
    return bool(_flags() & {"avx512_bf16", "amx_bf16"})


def multiplies_signed_bytes() -> bool:
    """Whether the processor multiplies unsigned by signed bytes exactly (VNNI, AMX); others saturate the sums."""
    return bool(_flags() & {"avx512_vnni", "avx_vnni", "amx_int8"})


def _flags() -> set[str]:
    """What the first processor can do, as Linux tells it; nothing where it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def versions() -> dict[str, str]:
    """Installed versions of the packages that results depend on."""
    from importlib.metadata import PackageNotFoundError, version  # slow to load; a guard only asks for cores

    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def describe() -> dict[str, object]:
    """Processor, cores, system, Python and package versions."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {
        "processor": model,
        "cores": cores(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": versions(),
    }
