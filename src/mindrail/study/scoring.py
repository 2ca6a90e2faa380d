"""Scores of a run and what they cost, measured in a fresh process that does nothing else.

The process holds Python, the model and the texts. Memory is its peak, so what a model needs for a moment counts;
time is that of its own threads, so a busy machine spoils latency, and CPU seconds hardly.
"""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import FunctionType
from typing import Any

import numpy as np

from mindrail import config, files, machine
from mindrail.arrays import Float, ndarray
from mindrail.errors import BadFile
from mindrail.recipes.run import Run
from mindrail.records import Example, jsonl
from mindrail.runtime.scorer import Asks, Scorer
from mindrail.taxonomy import Axis

#: messages that are scored one by one
SINGLE = 20


@dataclass(frozen=True)
class Costs:
    """What scoring cost. `bare_rss_mb` is the process before it loaded the model, texts included.

    `parameters` and `weights_mb` count the numbers that the scorer holds (None where it is elsewhere, or opaque);
    `cuda_peak_mb` is what torch took on a GPU.
    """

    parameters: int | None
    weights_mb: float | None
    bare_rss_mb: float
    peak_rss_mb: float
    cuda_peak_mb: float | None
    load_s: float
    single_ms: float  # median of one message after the other
    cpu_s_per_1000: float  # CPU seconds, all threads together
    wall_s_per_1000: float
    rows: int
    threads: int  # that were allowed; the linear and static families use one for a text
    accelerator: str | None = None
    answers: Mapping[str, int] | None = (
        None  # of a language model: graded, plain, or failed and by which reason
    )


def score(run: Path, sets: Sequence[Sequence[Example]], place: Path) -> tuple[list[ndarray], Costs]:
    """Scores [n, k] of every set, and what those of the first one cost. `place` is a folder to work in.

    Raises BadFile where the process ended without a result; its own words went where this one's go.
    """
    for number, examples in enumerate(sets):
        jsonl.write(place / f"{number}.jsonl", examples)
    done = subprocess.run([sys.executable, "-m", __name__, str(run), str(place)], check=False)
    if done.returncode:
        raise BadFile(
            run, f"scoring this run ended with code {done.returncode}. Do: look at what it said above"
        )
    with np.load(place / "scores.npz") as kept:
        scores = [kept[f"arr_{number}"] for number in range(len(sets))]
    return scores, config.build(Costs, files.read_json(place / "costs.json"), where="costs")


def measure(scorer: Scorer, examples: Sequence[Example]) -> tuple[Float[ndarray, "n k"], dict[str, float]]:
    """Scores of all examples at once, and the time that they and some single ones took."""
    scorer.score(examples[:1])  # what is made ready on first use is no latency
    alone = []
    for example in examples[:SINGLE]:
        began = time.perf_counter()
        scorer.score([example])
        alone.append(time.perf_counter() - began)
    wall, cpu = time.perf_counter(), time.process_time()
    scores = scorer.score(examples)
    per_thousand = 1000 / len(examples)
    return scores, {
        "single_ms": round(1000 * median(alone), 3),
        "wall_s_per_1000": round((time.perf_counter() - wall) * per_thousand, 3),
        "cpu_s_per_1000": round((time.process_time() - cpu) * per_thousand, 3),
    }


def peak_rss_mb() -> float:
    """The most memory this process ever held, in MB of 2**20 bytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    except (OSError, StopIteration):
        import resource  # not on every system

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak) / (2**20 if sys.platform == "darwin" else 1024)


def held(scorer: Any) -> tuple[int | None, float | None]:
    """(numbers, MB) of the arrays and networks that a scorer holds, each once; None where there are none."""
    arrays: dict[int, tuple[int, int]] = {}
    _gather(scorer, arrays, set())
    if not arrays:
        return None, None
    numbers, size = (sum(column) for column in zip(*arrays.values(), strict=True))
    return numbers, round(size / 2**20, 2)


def _gather(thing: Any, arrays: dict[int, tuple[int, int]], seen: set[int]) -> None:
    """Walk through what belongs to a scorer; buffers and intermediate results of a network are no parameters."""
    if id(thing) in seen or isinstance(thing, Axis):  # a question is no part of the model
        return
    seen.add(id(thing))
    if isinstance(thing, ndarray):
        arrays[id(thing)] = (thing.size, thing.nbytes)
    elif callable(getattr(thing, "parameters", None)):
        for one in thing.parameters():
            packed = getattr(one, "quant_state", None)  # four bits are two to a byte
            numbers = one.numel() if packed is None else int(np.prod(packed.shape))
            arrays[id(one)] = (numbers, one.numel() * one.element_size())
    elif isinstance(thing, Mapping):
        if len(thing) < 1000:  # a vocabulary holds words
            for value in thing.values():
                _gather(value, arrays, seen)
    elif isinstance(thing, list | tuple):
        for value in thing[:100]:
            _gather(value, arrays, seen)
    elif isinstance(thing, FunctionType):  # what it was made with
        for cell in thing.__closure__ or ():
            _gather(cell.cell_contents, arrays, seen)
    elif type(thing).__module__.startswith("mindrail"):
        for value in vars(thing).values() if hasattr(thing, "__dict__") else ():
            _gather(value, arrays, seen)


def _threads() -> int:
    torch = sys.modules.get("torch")
    return machine.cores() if torch is None else int(torch.get_num_threads())


def _accelerator() -> tuple[str | None, float | None]:
    """The GPU's name and what torch took of it at most, in MB."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None, None
    return torch.cuda.get_device_name(), round(torch.cuda.max_memory_allocated() / 2**20, 1)


def _main(run: Path, place: Path) -> None:
    sets = [jsonl.read(place / f"{number}.jsonl") for number in range(len([*place.glob("*.jsonl")]))]
    bare, began = peak_rss_mb(), time.perf_counter()
    scorer = Run.load(run).scorer()
    loaded = time.perf_counter() - began
    main, times = measure(scorer, sets[0])
    answers = dict(scorer.answers) if isinstance(scorer, Asks) else None
    scores = [main, *(scorer.score(rest) for rest in sets[1:])]
    numbers, size = held(scorer)
    accelerator, cuda = _accelerator()
    costs = {
        "parameters": numbers,
        "weights_mb": size,
        "bare_rss_mb": round(bare, 1),
        "peak_rss_mb": round(peak_rss_mb(), 1),
        "cuda_peak_mb": cuda,
        "load_s": round(loaded, 3),
        "rows": len(main),
        "threads": _threads(),
        "accelerator": accelerator,
        "answers": answers,
    }
    np.savez(place / "scores.npz", *scores)
    files.write_json(place / "costs.json", costs | times)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
