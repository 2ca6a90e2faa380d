"""A scan of a million rows: how fast, in how much memory, and whether the millionth row costs what an early one does.

    python benchmarks/scan.py --guard out/prompt-harm-200/guard

The rows are real messages (prompts of toxicchat-test and comments of goemotions), 4,000 of them drawn over and over;
every fourth time a number is put behind the message, so that it is a text nobody has seen. How much of the speed is
owed to that is measured by scanning without dedup too. The million is scanned first, in a process of its own whose
memory and processor time are watched; `full.json` in the work folder keeps what was seen, so that the measurements
against the clock can be made again at a quiet time.

The plain loop is the transformers pipeline, one text after the other on all cores, with the encoder's six layers only
(the seventh, which makes plain transformers pool the mean, is taken off: both sides do the same work); it reads the
first 512 tokens of a text where the guard reads all of it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from _result import measure, write
from inference import pipeline

from mindrail import files, seeds, taxonomy
from mindrail.batch.schema import Manifest, read_manifest
from mindrail.data import corpus

SETS, BASE, VARIED, ROWS, SMALL = ("toxicchat-test", "goemotions"), 4000, 4, 1_000_000, 50_000
SHARD = 5000
#: rows against the clock: with dedup, without, by one process and by two, in the plain loop
SAMPLE, UNSEEN, LOOP = 40_000, 3000, 300


def rows(count: int) -> Iterator[str]:
    """Messages as a log might hold them, the same whenever they are made."""
    kinds = taxonomy.load("prompt-harm")
    random = seeds.stream(0, "scan")
    known = [e.text for name in SETS for e in corpus.read(name, kinds, kinds.axis(), labelled=False)]
    base = [known[i] for i in random.choice(len(known), BASE, replace=False)]
    for number, place in enumerate(random.integers(BASE, size=count).tolist()):
        yield f"{base[place]} {number}" if number % VARIED == 0 else base[place]


def log(place: Path, count: int) -> Path:
    if not place.exists():
        with place.open("w") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in rows(count))
    return place


def command(guard: Path, source: Path, out: Path, *more: object) -> list[str]:
    words = ["scan", source, "--guard", guard, "--out", out, "--overwrite", "--shard-rows", SHARD, *more]
    return [sys.executable, "-m", "mindrail", *map(str, words)]


def watched(words: list[str], out: Path, pause: float) -> list[dict[str, float]]:
    """Run a scan; at each look how many rows are on the disk, seconds of processors, MB of all its processes."""
    process = psutil.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    seen = []
    while process.poll() is None:
        try:
            whole = [process, *process.children(recursive=True)]
            spent = sum(sum(one.cpu_times()[:2]) for one in whole)
            memory = sum(one.memory_info().rss for one in whole) / 2**20
        except psutil.NoSuchProcess:
            continue
        shards = sum(1 for _ in (out / "rows").glob("*.parquet"))
        seen.append({"at": time.monotonic(), "rows": shards * SHARD, "cpu": spent, "mb": memory})
        time.sleep(pause)
    if process.returncode:
        raise SystemExit(f"the scan ended with {process.returncode}")
    return seen


def full(guard: Path, work: Path) -> dict[str, Any]:
    """A million rows; memory and cost at SMALL rows and at all of them. Cost is that of the last 25,000 rows."""
    seen = watched(command(guard, log(work / "log.jsonl", ROWS), work / "full"), work / "full", 0.25)
    manifest = read_manifest(work / "full")
    assert manifest.counts.rows == ROWS

    def cost(end: int) -> float:
        first = next(look for look in seen if look["rows"] >= end - 25_000)
        last = next(
            look for look in seen if look["rows"] >= end - SHARD
        )  # the last shard ends with the process
        return (last["cpu"] - first["cpu"]) / (last["rows"] - first["rows"])

    return {
        "rss_small": max(look["mb"] for look in seen if look["rows"] <= SMALL),
        "rss": max(look["mb"] for look in seen),
        "cost_small": cost(SMALL),
        "cost": cost(ROWS),
        "seconds": seen[-1]["at"] - seen[0]["at"],
        "cpu_seconds": seen[-1]["cpu"],
        "asked": manifest.counts.asked,
    }


def rate(guard: Path, source: Path, out: Path, *more: object) -> tuple[float, Manifest]:
    """Rows per second of wall time, from the first shard to the last: without the start."""
    shutil.rmtree(out, ignore_errors=True)
    words = command(guard, source, out, *more)
    subprocess.run(words, check=True, capture_output=True)
    manifest = read_manifest(out)
    times = [(out / shard.file).stat().st_mtime for shard in manifest.shards]
    return sum(shard.rows for shard in manifest.shards[1:]) / (times[-1] - times[0]), manifest


def loop(guard: Path, texts: list[str]) -> float:
    pipe = pipeline(guard)
    pipe(texts[0])
    began = time.perf_counter()
    for text in texts:
        pipe(text, truncation=True)
    return len(texts) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--guard", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("out/scan"))
    parser.add_argument("--only-full", action="store_true", help="scan the million, and stop")
    options = parser.parse_args()
    guard, work = options.guard, options.work
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "full.json").exists():
        files.write_json(work / "full.json", full(guard, work))
    if options.only_full:
        return
    whole = files.read_json(work / "full.json")
    some = log(work / "sample.jsonl", SAMPLE)
    few = log(work / "few.jsonl", UNSEEN)
    plain = ["--remember", 0, "--shard-rows", 250]
    loops = [loop(guard, list(rows(LOOP)))]
    fast, manifest = rate(guard, some, work / "sample")
    rounds = [
        [rate(guard, few, work / "few", *plain, "--workers", workers)[0] for workers in (1, 2)]
        for _ in range(2)
    ]
    loops.append(loop(guard, list(rows(LOOP))))
    bare = median(two for _, two in rounds)
    pairs = [two / one for one, two in rounds]
    measures = {
        "speedup": measure(fast / median(loops), None, "times the rows per second of the plain loop"),
        "speedup_without_dedup": measure(bare / median(loops), None, "the same, every row asked"),
        "rows_per_second": measure(fast, None, "rows/s, all cores"),
        "rows_per_second_without_dedup": measure(bare, None, "rows/s, all cores"),
        "loop_rows_per_second": measure(
            median(loops), (min(loops), max(loops)), "rows/s, smallest and largest"
        ),
        "asked_share": measure(
            manifest.counts.asked / SAMPLE, None, "share of the sample's rows asked of the model"
        ),
        "two_processes": measure(
            median(pairs), (min(pairs), max(pairs)), "times one process, every row asked"
        ),
        "rss_ratio": measure(
            whole["rss"] / whole["rss_small"], None, f"peak at {ROWS} rows over that at {SMALL}"
        ),
        "rss_mb": measure(whole["rss"], None, "MB, all processes, pages that they share counted in each"),
        "cost_ratio": measure(
            whole["cost"] / whole["cost_small"], None, "processor seconds per row, late over early"
        ),
        "asked_share_of_million": measure(
            whole["asked"] / ROWS, None, "share of the million asked of the model"
        ),
    }
    sizes = {
        "rows": ROWS,
        "sample": SAMPLE,
        "sample_without_dedup": UNSEEN,
        "loop": LOOP,
        "distinct_messages": BASE,
    }
    print(write("scan", measures, sizes=sizes, million=whole, cores=os.cpu_count()))


if __name__ == "__main__":
    main()
