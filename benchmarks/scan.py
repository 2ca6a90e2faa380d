"""A scan of a million rows: how fast, in how much memory, and whether the millionth row costs what an early one does.

    python benchmarks/scan.py --guard out/prompt-harm-200/guard

The rows are real messages (prompts of toxicchat-test and comments of goemotions), 4,000 of them drawn over and over;
every fourth time a number is put behind the message, so that it is a text nobody has seen. How much of the speed is
owed to that is measured by scanning without dedup too. The million is scanned first, and the memory of all its
processes watched; `full.json` in the work folder keeps what was seen, so that the measurements against the clock can
be made again at a quiet time. What an early and a late row cost is such a measurement: eight shards are taken out of
the finished scan, here and there by turns, and it is resumed.

The plain loop is the transformers pipeline, one text after the other on all cores, with the encoder's six layers only
(the seventh, which makes plain transformers pool the mean, is taken off: both sides do the same work); it reads the
first 512 tokens of a text where the guard reads all of it.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from _result import measure, write
from inference import pipeline

from mindrail import files, seeds, taxonomy
from mindrail.batch.schema import Manifest, Shard, read_manifest
from mindrail.data import corpus

SETS, BASE, VARIED, ROWS, SMALL = ("toxicchat-test", "goemotions"), 4000, 4, 1_000_000, 50_000
SHARD = 5000
#: rows against the clock: with dedup, without (by one process and by two), in the plain loop
SAMPLE, UNSEEN, LOOP = 40_000, 3000, 300
#: the shards that are scanned again: up to SMALL rows, and up to the end
EARLY, LATE = range(3, 11), range(193, 201)


def rows(count: int) -> Iterator[str]:
    """Messages as a log might hold them, the same whenever they are made."""
    kinds = taxonomy.load("prompt-harm")
    random = seeds.stream(0, "scan")
    known = [e.text for name in SETS for e in corpus.read(name, kinds, kinds.axis(), labelled=False)]
    base = [known[i] for i in random.choice(len(known), BASE, replace=False)]
    for number, place in enumerate(random.integers(BASE, size=count).tolist()):
        unseen = 1_000_000 + number * 7919 % 1_000_003  # of seven digits, early and late alike
        yield f"{base[place]} {unseen}" if number % VARIED == 0 else base[place]


def log(place: Path, count: int) -> Path:
    if not place.exists():
        with place.open("w") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in rows(count))
    return place


def command(guard: Path, source: Path, out: Path, *more: object) -> list[str]:
    words = ["scan", source, "--guard", guard, "--out", out, "--shard-rows", SHARD, *more]
    return [sys.executable, "-m", "mindrail", *map(str, words)]


def full(guard: Path, work: Path) -> dict[str, Any]:
    """Scan a million rows; the most memory of all processes together, up to SMALL rows and in all, in MB."""
    out = work / "full"
    words = command(guard, log(work / "log.jsonl", ROWS), out, "--overwrite")
    process = psutil.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    began, early, most = time.monotonic(), 0.0, 0.0
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            whole = [process, *process.children(recursive=True)]
            most = max(most, sum(one.memory_info().rss for one in whole) / 2**20)
        if sum(1 for _ in (out / "rows").glob("*.parquet")) * SHARD <= SMALL:
            early = most
        time.sleep(0.25)
    counts = read_manifest(out).counts
    if process.returncode or counts.rows != ROWS:
        raise SystemExit(f"the scan ended with {process.returncode} after {counts.rows} rows")
    return {"rss_small": early, "rss": most, "seconds": time.monotonic() - began, "asked": counts.asked}


def rate(out: Path, shards: Sequence[Shard]) -> float:
    """Rows per second of wall time, from the first of these shards to the last: without the start."""
    times = [(out / shard.file).stat().st_mtime for shard in shards]
    return sum(shard.rows for shard in shards[1:]) / (times[-1] - times[0])


def fresh(guard: Path, source: Path, out: Path, *more: object) -> tuple[float, Manifest]:
    """The rate of a new scan."""
    subprocess.run(command(guard, source, out, "--overwrite", *more), check=True, capture_output=True)
    manifest = read_manifest(out)
    return rate(out, manifest.shards), manifest


def again(guard: Path, work: Path, numbers: range) -> float:
    """Processor seconds per row of some shards of the million, which are taken out and scanned again."""
    out = work / "full"
    taken = [shard for number, shard in enumerate(read_manifest(out).shards, start=1) if number in numbers]
    before = [files.sha256(out / shard.file) for shard in taken]
    for shard in taken:
        (out / shard.file).unlink()
    words = command(guard, work / "log.jsonl", out, "--resume")
    process = psutil.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    first = last = 0.0  # what was spent when the first of them was there again, and when the last was
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            spent = sum(sum(one.cpu_times()[:2]) for one in [process, *process.children(recursive=True)])
            first = first or spent * (out / taken[0].file).exists()
            last = last or spent * (out / taken[-1].file).exists()
        time.sleep(0.02)
    if [files.sha256(out / shard.file) for shard in taken] != before:
        raise SystemExit("shards that were scanned again are not what they were")
    return (last - first) / sum(shard.rows for shard in taken[1:])


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
    some, few = log(work / "sample.jsonl", SAMPLE), log(work / "few.jsonl", UNSEEN)
    loops = [loop(guard, list(rows(LOOP)))]
    fast, manifest = fresh(guard, some, work / "sample")
    every = ["--remember", 0, "--shard-rows", 250, "--workers"]
    rounds = [[fresh(guard, few, work / "few", *every, workers)[0] for workers in (1, 2)] for _ in range(2)]
    loops.append(loop(guard, list(rows(LOOP))))
    early, late, later, earlier = (again(guard, work, numbers) for numbers in (EARLY, LATE, LATE, EARLY))
    bare = median(two for _, two in rounds)
    pairs, ratios = [two / one for one, two in rounds], [late / early, later / earlier]
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
            median(ratios), (min(ratios), max(ratios)), "processor seconds per row, late over early"
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
    print(write("scan", measures, sizes=sizes, million=whole))


if __name__ == "__main__":
    main()
