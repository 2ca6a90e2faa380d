"""Training runs killed again and again, held against the same runs left alone.

    python benchmarks/resume.py [--work out/resume]

Each run is `mindrail train` in a process of its own: MiniLM on our own starter messages, a few labels, a few steps,
a checkpoint every other step. It is ended by SIGKILL, started again, and so on until it is done. Every second kill
waits until a checkpoint is being written; the others strike at a random moment between two checkpoints. Which ones
is a function of the seed. Equal means: every row of `history.jsonl`, every byte of the weights.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from _result import measure, write

from mindrail import files, seeds
from mindrail.recipes.augment import Augment, augment
from mindrail.recipes.prepare import Prepare, prepare

#: algorithms with their settings. The first run is the twin that the others are compared with
RUNS: dict[str, dict[str, Any]] = {
    "supervised": {},
    "fixmatch": {"threshold": 0.5, "align": "labels"},
    "marginmatch": {"threshold": 0.5, "cutoff": "erroneous_class"},
    "multimatch": {"momentum": 0.9},
}
KILLS = 5  # of each run
SETTINGS = {
    "window": 32,
    "overlap": 8,
    "context": 8,
    "windows_per_text": 1,
    "epochs": 7,
    "epochs_with_unlabelled": 7,
    "batch": 8,
    "unlabelled": 1,
    "average": 0.9,
    "judge_every": 7,
    "save_every": 2,
}
CHECKPOINTS = 14  # 32 labelled texts, 8 at a time, 7 times, a checkpoint every 2 steps
#: longest wait for a checkpoint, in seconds, on the slowest machine
PATIENCE = 300.0


@dataclass(frozen=True)
class Strike:
    """As a start writes checkpoint number `after` of the run, or some time after it has written it."""

    after: int
    writing: bool
    share: float  # of the time between two checkpoints


def strikes(algorithm: str, seed: int) -> list[Strike]:
    random = seeds.stream(seed, "kills", algorithm)
    chosen = sorted(random.choice(range(1, CHECKPOINTS - 2), size=KILLS, replace=False).tolist())
    return [Strike(after, i % 2 == 0, float(random.random())) for i, after in enumerate(chosen)]


def command(work: Path, algorithm: str, folder: Path, seed: int) -> list[str]:
    """The command of one run, whose settings it writes into a file."""
    told = {"algorithm": algorithm, "algorithm_settings": RUNS[algorithm], "settings": SETTINGS, "seed": seed}
    more = []
    if algorithm != "supervised":
        told["keep"] = "semi-supervised"
        more = ["--views", f"{work}/views", "--twin", f"{work}/supervised-whole"]
    files.write_json(work / f"{algorithm}.yaml", told)
    run = [sys.executable, "-m", "mindrail", "train", "--config", f"{work}/{algorithm}.yaml"]
    return [*run, "--split", f"{work}/split", "--out", str(folder), *more]


def start(words: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(words: Sequence[str]) -> None:
    if start(words).wait() != 0:
        raise SystemExit(f"a run ended with an error; see: {' '.join(words)}")


def saved(folder: Path) -> int:
    """How many checkpoints the run has finished so far."""
    numbers = [int(place.name.removeprefix("step-")) for place in (folder / "checkpoints").glob("step-*")]
    return max(numbers, default=0) // int(SETTINGS["save_every"])


def cut(folder: Path) -> set[Path]:
    """Checkpoints that are being written, or that a kill left unfinished."""
    return set((folder / "checkpoints").glob(".step-*"))


def kill(words: Sequence[str], folder: Path, strike: Strike, pace: float) -> str:
    """Start the run and end it; what it was doing: 'saving', 'computing', or 'done' where it was faster than we."""
    goal, known = max(strike.after, saved(folder) + 1), cut(folder)
    process, end = start(words), time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.0005)
        if saved(folder) >= goal and not strike.writing:
            time.sleep(strike.share * pace)
            break
        if saved(folder) >= goal - 1 and strike.writing and cut(folder) - known:
            time.sleep(strike.share * 0.1)
            break
    process.kill()
    if process.wait() == 0:
        return "done"
    return "saving" if cut(folder) - known else "computing"


def weights(folder: Path) -> list[str]:
    return [files.sha256(path) for path in sorted((folder / "model").glob("*.safetensors"))]


def pace(folder: Path) -> float:
    """Seconds between the last two checkpoints; never so many that a faster start gets away."""
    times = sorted(place.stat().st_mtime for place in (folder / "checkpoints").glob("step-*"))
    return min(1.0, times[-1] - times[-2])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("out/resume"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    work, seed, began = options.work, options.seed, time.monotonic()
    shutil.rmtree(work, ignore_errors=True)
    data = Prepare(
        "emotional-risk",
        train=("starter",),
        test=("minimal-pairs",),
        labels=32,
        dev_size=60,
        sample="balanced",
    )
    split = prepare(data, work / "split")
    for _ in augment(split, Augment(limit=200, views=1, probe=100), work / "views"):
        pass
    runs = {}
    for algorithm, settings in RUNS.items():
        whole, killed = work / f"{algorithm}-whole", work / f"{algorithm}-killed"
        finish(command(work, algorithm, whole, seed))
        words, apart = command(work, algorithm, killed, seed), pace(whole)
        moments = [kill(words, killed, strike, apart) for strike in strikes(algorithm, seed)]
        finish(words)
        about = [files.read_json(folder / "run.json").get("semisupervision") for folder in (whole, killed)]
        history = [files.read_text(folder / "history.jsonl") for folder in (whole, killed)]
        runs[algorithm] = {
            "settings": settings,
            "steps": len(history[0].splitlines()),
            "killed_while": moments,
            "history_equal": history[0] == history[1],
            "weights_equal": weights(whole) == weights(killed),
            "verdict_equal": about[0] == about[1],
        }
        shutil.rmtree(whole / "checkpoints")
        shutil.rmtree(killed / "checkpoints")
    moments = [moment for run in runs.values() for moment in run["killed_while"]]
    measures = {
        f"{plural}_equal": measure(mean(run[f"{one}_equal"] for run in runs.values()), None, "share of runs")
        for one, plural in (("history", "histories"), ("weights", "weights"), ("verdict", "verdicts"))
    }
    measures |= {
        "kills": measure(sum(moment != "done" for moment in moments), None, "SIGKILL, in all runs"),
        "kills_while_saving": measure(moments.count("saving"), None, "SIGKILL that cut a checkpoint off"),
        "seconds": measure(time.monotonic() - began, None, "s, in all"),
    }
    print(write("resume", measures, runs=runs, settings=SETTINGS, model="minilm", labels=32))


if __name__ == "__main__":
    main()
