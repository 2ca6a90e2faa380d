"""One process against two: the losses of the same run, step by step.

    python benchmarks/ddp.py [--work out/ddp] [--seed 0]

MiniLM learns 200 real labels of prompt-harm for 200 steps of 8, dropout included: supervised, and by FixMatch with as
many unlabelled prompts and their `edit` views. Each run is `mindrail train`, once as it is and once under
`torchrun --nproc-per-node 2` (gloo, what `accelerate launch` starts on GPUs); the second is ended by SIGTERM in its
middle and started again. Texts are cut at 64 tokens to keep it short. `max_loss_difference` is the largest of all
steps and runs in float32, where sums in another order are all that differs. In bfloat16, the default on processors
that multiply it, a sum differs from its third digit on; that difference is reported beside.
"""

import argparse
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from _prompt_harm import DATA
from _result import measure, write

from mindrail import files, machine
from mindrail.recipes.augment import Augment, augment
from mindrail.recipes.prepare import prepare
from mindrail.recipes.split import Split

STEPS = 200
STOPPED = 100  # steps after which the run on two processes is ended
ALGORITHMS = ("supervised", "fixmatch")
PRECISIONS = ("float32", "bfloat16")
#: what a step reports that is a loss; the rest counts
LOSSES = ("supervised", "unlabeled")
SETTINGS = {
    "window": 64,
    "overlap": 16,
    "context": 16,
    "windows_per_text": 1,
    "epochs": 8,
    "batch": 8,
    "epochs_with_unlabelled": 8,
    "batch_with_unlabelled": 8,
    "unlabelled": 1,
    "save_every": 50,
}
ALONE = (sys.executable,)
TWO = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def ready(work: Path, seed: int) -> None:
    """The split of the recipe prompt-harm-200, and `edit` views of some of its unlabelled prompts."""
    if not (work / "split" / "split.json").is_file():
        prepare(replace(DATA, seed=seed), work / "split")
    for _ in augment(Split.load(work / "split"), Augment(limit=1000, views=1, probe=100), work / "views"):
        pass


def command(work: Path, algorithm: str, precision: str, folder: Path, seed: int) -> list[str]:
    """`mindrail train`, with its settings in a file."""
    settings = SETTINGS | {"precision": precision}
    told: dict[str, Any] = {"algorithm": algorithm, "settings": settings, "seed": seed}
    more = []
    if algorithm != "supervised":
        told["keep"] = "semi-supervised"
        more = ["--views", f"{work}/views", "--twin", f"{work}/supervised-{precision}-alone"]
    files.write_json(work / f"{algorithm}-{precision}.yaml", told)
    words = ["-m", "mindrail", "train", "--config", f"{work}/{algorithm}-{precision}.yaml"]
    return [*words, "--split", f"{work}/split", "--out", str(folder), *more]


def finish(words: list[str], log: Path) -> None:
    with log.open("ab") as file:
        if subprocess.run(words, stdout=file, stderr=file, check=False).returncode:
            raise SystemExit(f"a run ended with an error, see {log}")


def stop(words: list[str], log: Path, folder: Path) -> None:
    """Start a run on two processes, and end it once it has saved step STOPPED."""
    wanted = folder / "checkpoints" / f"step-{STOPPED:08d}"
    with log.open("ab") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file)
    while process.poll() is None and not wanted.is_dir():
        time.sleep(0.05)
    process.terminate()
    process.wait()
    if not wanted.is_dir() or (folder / "run.json").is_file():
        raise SystemExit(f"a run was not stopped half way, see {log}")


def losses(folder: Path) -> list[list[float]]:
    """Every loss of every step."""
    rows = [row for _, row in files.read_jsonl(folder / "history.jsonl")]
    return [[row[name] for name in LOSSES if name in row] for row in rows]


def compared(work: Path, algorithm: str, precision: str, seed: int) -> dict[str, Any]:
    """Both runs; the largest and the middle difference of their losses, and when the largest was."""
    alone, together = (work / f"{algorithm}-{precision}-{how}" for how in ("alone", "two"))
    finish([*ALONE, *command(work, algorithm, precision, alone, seed)], work / "log")
    words = [*TWO, *command(work, algorithm, precision, together, seed)]
    stop(words, work / "log", together)
    finish(words, work / "log")
    one, two = losses(alone), losses(together)
    if not len(one) == len(two) == STEPS:
        raise SystemExit(f"found {len(one)} and {len(two)} steps, expected {STEPS}")
    apart = [max(abs(a - b) for a, b in zip(x, y, strict=True)) for x, y in zip(one, two, strict=True)]
    return {
        "max": max(apart),
        "median": median(apart),
        "at_step": 1 + apart.index(max(apart)),
        "first_and_last_loss": [one[0], one[-1]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("out/ddp"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    ready(options.work, options.seed)
    runs = {
        precision: {name: compared(options.work, name, precision, options.seed) for name in ALGORITHMS}
        for precision in PRECISIONS
    }
    measures = {}
    for precision, found in runs.items():
        suffix = "" if precision == "float32" else f"_{precision}"
        largest = max(one["max"] for one in found.values())
        measures[f"max_loss_difference{suffix}"] = {
            "value": largest,
            "interval": None,
            "unit": "largest of all losses",
        }
    measures["steps"] = measure(STEPS, None, "steps of each run")
    default = "bfloat16" if machine.multiplies_bfloat16() else "float32"
    print(
        write("ddp", measures, runs=runs, settings=SETTINGS, default_precision=default, stopped_after=STOPPED)
    )


if __name__ == "__main__":
    main()
