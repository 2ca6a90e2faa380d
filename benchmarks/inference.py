"""A guard against the transformers text-classification pipeline: same weights, same run, same texts.

    python benchmarks/inference.py --guard out/prompt-harm-200/guard --run out/prompt-harm-200/run

The texts are prompts that people really sent to a chat assistant (toxicchat-test, every n-th), as long as they fit
one window of the guard, so that both sides read all of every text. The pipeline gets the encoder's six layers only:
the seventh, which makes plain transformers pool the mean, is taken off, so that both sides do the same work.
Rounds are interleaved; values are ratios of medians over rounds, intervals the smallest and largest round.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from _result import measure, write

from mindrail import Guard, taxonomy
from mindrail.data import corpus
from mindrail.text.windows import Reach, Reader

BATCHES = (1, 4, 8, 32)


def pipeline(folder: Path):
    from transformers import pipeline as make
    from transformers.utils import logging

    logging.disable_progress_bar()
    made = make("text-classification", model=str(folder), device="cpu")
    made.model.bert.encoder.layer = made.model.bert.encoder.layer[:-1]
    return made


def reader_of(folder: Path) -> Reader:
    return Reader.load(
        folder / "tokenizer.json", Reach(**json.loads((folder / "reach.json").read_text())["reach"])
    )


def texts(reader: Reader, count: int) -> list[str]:
    kinds = taxonomy.load("prompt-harm")
    found = [e.text for e in corpus.read("toxicchat-test", kinds, kinds.axis(), labelled=False)]
    short = [text for text in found if text.strip() and len(reader.read("", text).windows) == 1]
    return short[:: len(short) // count][:count]


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def each(function: Callable[[str], object], said: list[str]) -> float:
    """Median seconds per text, one after the other."""
    return median(seconds(lambda text=text: function(text)) for text in said)


def child(kind: str, folder: Path, said: list[str]) -> None:
    """In a process of its own: load, answer once, then answer all; print the peak memory in MB."""
    if kind == "guard":
        answer: Callable[[str], object] = Guard.load(folder)
    else:
        answer = pipeline(folder)
    answer(said[0])
    for text in said[1:]:
        answer(text)
    status = Path("/proc/self/status").read_text().splitlines()
    print(int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024)


def process(kind: str, folder: Path, said: list[str]) -> tuple[float, float]:
    """(seconds from process start to exit, peak MB)."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--child", kind, "--guard", str(folder)],
        input=json.dumps(said),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    return time.perf_counter() - began, float(done.stdout.splitlines()[-1])


def ratio(over: list[float], under: list[float], unit: str) -> dict[str, object]:
    pairs = [a / b for a, b in zip(over, under, strict=True)]
    return measure(median(over) / median(under), (min(pairs), max(pairs)), unit)


def float_guard(run_folder: Path, guard: Guard):
    """The float32 model of the same run, behind the same runtime."""
    import tempfile

    from mindrail import machine
    from mindrail.export import onnx
    from mindrail.models._network import Network
    from mindrail.runtime import load as runtime

    place = Path(tempfile.mkdtemp(prefix="mindrail-float-"))
    settings = json.loads((run_folder / "model" / "reach.json").read_text())
    onnx.export(Network.load(run_folder / "model", settings["pooling"]), place / "model.onnx")
    for name in ("tokenizer.json", "reach.json"):
        (place / name).write_bytes((run_folder / "model" / name).read_bytes())
    return runtime.from_folder("onnx", place, guard.axis, machine.cores())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guard", type=Path, required=True)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--child", choices=["guard", "pipeline"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--single", type=int, default=60, help="texts asked one by one in a round")
    parser.add_argument("--bulk", type=int, default=200, help="texts asked at once in a round")
    options = parser.parse_args()
    if options.child:
        child(options.child, options.guard, json.loads(sys.stdin.read()))
        return
    from mindrail.records import Example

    guard = Guard.load(options.guard)
    reader = reader_of(options.guard)
    said = texts(reader, options.bulk)
    lengths = [len(reader.read("", text).windows[0].ids) for text in said]
    few = said[:: max(1, len(said) // options.single)]
    pipe, wide = pipeline(options.guard), float_guard(options.run, guard)
    names = ["pipeline", "int8", "float32"]
    single: dict[str, list[float]] = {name: [] for name in names}
    bulk: dict[str, list[float]] = {name: [] for name in [*names, *(f"pipeline {b}" for b in BATCHES)]}
    for _ in range(options.rounds):
        single["pipeline"].append(each(lambda text: pipe(text), few))
        single["int8"].append(each(guard, few))
        single["float32"].append(each(lambda text: wide.score([Example.of(text)]), few))
        for b in BATCHES:
            bulk[f"pipeline {b}"].append(seconds(lambda b=b: pipe(said, batch_size=b)))
        bulk["int8"].append(seconds(lambda: guard.many(said)))
        bulk["float32"].append(seconds(lambda: wide.score([Example.of(text) for text in said])))
    best = min(BATCHES, key=lambda b: median(bulk[f"pipeline {b}"]))
    starts = [
        (process("pipeline", options.guard, said[:1]), process("guard", options.guard, said[:1]))
        for _ in range(5)
    ]
    memory = [process(kind, options.guard, few)[1] for kind in ("pipeline", "guard")]
    shipped = json.loads((options.guard / "parity.json").read_text())["shipped"]
    measures = {
        "single_latency_speedup": ratio(
            single["pipeline"], single["int8"], "ratio of median seconds per text"
        ),
        "bulk_throughput_speedup": ratio(bulk[f"pipeline {best}"], bulk["int8"], "ratio of texts per second"),
        "bulk_throughput_speedup_against_32": ratio(
            bulk["pipeline 32"], bulk["int8"], "ratio of texts per second"
        ),
        "cold_start_speedup": ratio([a[0] for a, _ in starts], [b[0] for _, b in starts], "ratio of seconds"),
        "rss_ratio": measure(memory[1] / memory[0], None, "guard's peak memory over the pipeline's"),
        "single_latency_speedup_float32": ratio(single["pipeline"], single["float32"], "ratio of seconds"),
        "bulk_throughput_speedup_float32": ratio(
            bulk[f"pipeline {best}"], bulk["float32"], "ratio of texts/s"
        ),
        "pipeline_single_ms": measure(1e3 * median(single["pipeline"]), None, "ms, median text"),
        "guard_single_ms": measure(1e3 * median(single["int8"]), None, "ms, median text"),
        "pipeline_bulk_texts_per_second": measure(
            len(said) / median(bulk[f"pipeline {best}"]), None, "texts/s"
        ),
        "guard_bulk_texts_per_second": measure(len(said) / median(bulk["int8"]), None, "texts/s"),
        "pipeline_rss_mb": measure(memory[0], None, "MB"),
        "guard_rss_mb": measure(memory[1], None, "MB"),
        "guard_cold_start_s": measure(median(b[0] for _, b in starts), None, "s"),
    }
    tokens = {f"p{q}": int(np.percentile(lengths, q)) for q in (10, 50, 90, 99)}
    print(write("inference", measures, shipped=shipped, best_batch=best, texts=len(said), tokens=tokens))


if __name__ == "__main__":
    main()
