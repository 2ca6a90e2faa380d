"""What fine-tuning and scoring with SmolLM2-135M and an adapter cost on this machine.

    python benchmarks/lora_cost.py [--work out/lora-cost] [--labels 96]

`mindrail train --family causal-lora` for one pass over real labelled tweets, then `mindrail predict` on held-out
ones, each in a process of its own, one thread, start and loading included. CPU seconds are what the process used, so
they bear a busy machine better than the clock; peak RSS is the largest that the process ever was.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from _result import measure, write

from mindrail.recipes.prepare import Prepare, prepare

SET = "twitter-suicidal-intention"


def cost(*words: str) -> dict[str, float]:
    """Run a command of mindrail to its end: seconds of the clock and of the processor, and peak megabytes."""
    began = time.monotonic()
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "mindrail", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
    )
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"mindrail {' '.join(words)} ended with status {status}")
    megabytes = used.ru_maxrss / 1024  # Linux counts in KiB
    return {
        "clock": time.monotonic() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_rss_mb": megabytes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("out/lora-cost"))
    parser.add_argument("--labels", type=int, default=96)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    split = prepare(
        Prepare(
            "emotional-risk",
            train=(SET,),
            held_out={SET: 0.01},
            labels=options.labels,
            dev_size=100,
            drop_leaked_tests=True,
            allow_leaks=("train/dev", "train/test", "dev/test"),
        ),
        options.work / "split",
    )
    place, run = ("--split", str(split.folder)), str(options.work / "run")
    train = ("train", "--family", "causal-lora", "--set", "settings.epochs=1")
    rows = {"training": options.labels, "scoring": len(split.part("test"))}
    costs: dict[str, Any] = {
        "training": cost(*train, *place, "--out", run),
        "scoring": cost("predict", *place, "--run", run, "--part", "test"),
    }
    measures = {}
    for what, spent in costs.items():
        thousand = 1000 / rows[what]
        measures[f"{what}_cpu_seconds_per_1000"] = measure(spent["cpu"] * thousand, None, "CPU s, one thread")
        measures[f"{what}_seconds_per_1000"] = measure(spent["clock"] * thousand, None, "s, one thread")
        measures[f"{what}_peak_rss_mb"] = measure(spent["peak_rss_mb"], None, "MB")
    told = {"rows": rows, "set": SET, "load_average": [round(load, 1) for load in os.getloadavg()]}
    print(write("lora_cost", measures, **told))


if __name__ == "__main__":
    main()
