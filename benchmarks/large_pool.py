"""What a pool of unlabelled messages costs in memory: 50,000 against 1,000,000 rows, prepared and learned from.

    python benchmarks/large_pool.py [--work out/large-pool]

The rows are real prompts of prompt-harm, repeated with a number at the end so that no two are the same, in a Parquet
file that `mindrail prepare` streams into the split. Then `mindrail train` learns from it by FixMatch: MiniLM, 50
steps of 8 labelled and 24 unlabelled prompts, after its supervised twin. Each command is a process of its own whose
memory is read four times a second. Anonymous memory is what a process needs for itself; the mapped pages of the file
come on top as long as the system has nothing better to do with that memory.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _prompt_harm import DATA
from _result import measure, write

from mindrail import config, files
from mindrail.recipes.prepare import prepare

SIZES = (50_000, 1_000_000)
LONGEST = 300  # characters of a prompt, to keep the files small
BLOCK = 10_000
SETTINGS = {"window": 64, "overlap": 16, "context": 16, "windows_per_text": 1, "epochs": 1} | {
    "epochs_with_unlabelled": 2,
    "batch_with_unlabelled": 8,
}


def table(prompts: list[str], size: int, path: Path) -> None:
    """So many distinct rows."""
    import pyarrow as pa
    from pyarrow import parquet

    def blocks() -> Iterator[list[str]]:
        for start in range(0, size, BLOCK):
            yield [f"{prompts[i % len(prompts)]} {i}" for i in range(start, min(size, start + BLOCK))]

    with parquet.ParquetWriter(path, pa.schema([("text", pa.string())])) as sink:
        for texts in blocks():
            sink.write_table(pa.table({"text": texts}))
    files.write_text(path.with_suffix(".yaml"), f"file: {path.name}\ntext: text\n")


def watched(words: list[str], log: Path) -> dict[str, float]:
    """Run a command; the peaks of its anonymous and of all its resident memory in MB, and its seconds."""
    began, anonymous, resident = time.monotonic(), 0.0, 0.0
    with log.open("ab") as file:
        process = subprocess.Popen([sys.executable, "-m", "mindrail", *words], stdout=file, stderr=file)
    while process.poll() is None:
        told = memory(process.pid)
        anonymous, resident = max(anonymous, told.get("RssAnon", 0)), max(resident, told.get("VmHWM", 0))
        time.sleep(0.25)
    if process.returncode:
        raise SystemExit(f"a command ended with an error, see {log}")
    return {"anonymous_mb": anonymous, "resident_mb": resident, "seconds": time.monotonic() - began}


def memory(process: int) -> dict[str, float]:
    """What Linux says of a process, in MB; nothing once it is over."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return {}
    cells = [line.split() for line in lines if line.endswith("kB")]
    return {name.rstrip(":"): int(value) / 1000 for name, value, _ in cells}


def used(prompts: list[str], size: int, work: Path) -> dict[str, Any]:
    """Both commands with so many rows, and how many of these reached the split."""
    place = work / str(size)
    place.mkdir()
    table(prompts, size, place / "pool.parquet")
    data = config.plain(DATA) | {"streamed": {"unlabelled": [f"{place}/pool.yaml"]}}
    files.write_json(
        place / "prepare.yaml", {name: value for name, value in data.items() if value is not None}
    )
    split = str(place / "split")
    prepared = watched(["prepare", "--config", f"{place}/prepare.yaml", "--out", split], work / "log")
    told = {"algorithm": "fixmatch", "settings": SETTINGS, "keep": "semi-supervised"}
    files.write_json(place / "train.yaml", told)
    words = ["train", "--config", f"{place}/train.yaml", "--split", split, "--out", f"{place}/run"]
    trained = watched(words, work / "log")
    rows = files.read_json(place / "split" / "split.json")["rows"]["unlabelled"]
    (place / "pool.parquet").unlink()
    return {"rows": rows, "prepare": prepared, "train": trained}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("out/large-pool"))
    work: Path = parser.parse_args().work
    shutil.rmtree(work, ignore_errors=True)
    pool = prepare(DATA, work / "small").part("unlabelled")
    prompts = [example.text for example in pool if len(example.text) <= LONGEST]
    found = {size: used(prompts, size, work) for size in SIZES}
    few, many = (found[size] for size in SIZES)
    measures = {}
    for step in ("prepare", "train"):
        for kind in ("anonymous", "resident"):
            name = f"{step}_{kind}"
            a, b = few[step][f"{kind}_mb"], many[step][f"{kind}_mb"]
            measures[f"{name}_50k_mb"] = measure(a, None, "MB, peak")
            measures[f"{name}_1m_mb"] = measure(b, None, "MB, peak")
            measures[f"{name}_growth"] = measure(b / a, None, "times, for 20 times the rows")
    print(
        write("large_pool", measures, runs={str(size): one for size, one in found.items()}, settings=SETTINGS)
    )


if __name__ == "__main__":
    main()
