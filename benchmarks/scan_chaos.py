"""Scans that are killed twenty times, each time somewhere else: which rows are lost, and which are there twice.

    python benchmarks/scan_chaos.py --guard out/prompt-harm-200/guard

The first scan works in processes of this machine; by turns the scan itself and one of its workers is ended with
SIGKILL. The second works on a Ray cluster of a head and two raylets here; by turns a raylet, a worker of Ray and the
scan itself. After a kill of the scan it is started again with --resume; a raylet that is killed is replaced. Kills
come a random while after a few more shards are there. In the end the output is compared with the input, row by row,
and with a scan that nobody disturbed, byte by byte.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from _result import measure, write
from scan import rows

from mindrail.batch.schema import read_rows

ROWS, SHARD = 6000, 50
#: kills with processes of this machine, and on Ray, in this order over and over
LOCAL, RAY = ["scan", "worker"] * 5, ["raylet", "worker", "raylet", "worker", "scan"] * 2
CLUSTER = Path(__file__).parents[1] / "tests" / "helpers" / "ray_cluster.py"


class Scan:
    """A scan that is started again whenever it has been killed."""

    def __init__(self, guard: Path, source: Path, out: Path, *more: str) -> None:
        self.out = out
        words = ["scan", source, "--guard", guard, "--out", out, "--id", "id", "--shard-rows", SHARD, *more]
        self.words = [sys.executable, "-m", "mindrail", *map(str, words)]
        self.process = self._start()

    def _start(self, *more: str) -> psutil.Popen:
        with Path(f"{self.out}.log").open("ab") as told:
            return psutil.Popen([*self.words, "--remember", "0", *more], stdout=told, stderr=told)

    def shards(self) -> int:
        return sum(1 for _ in (self.out / "rows").glob("*.parquet"))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._start("--resume")

    def kill_worker(self) -> None:
        kill_one(lambda: [one for one in self.process.children() if "spawn_main" in " ".join(one.cmdline())])

    def running(self) -> bool:
        """Raises SystemExit where it failed."""
        if self.process.poll():
            raise SystemExit(
                f"a scan ended with {self.process.returncode}: {Path(f'{self.out}.log').read_text()}"
            )
        return self.process.returncode is None

    def finish(self) -> None:
        self.process.wait(3600)
        self.running()


@contextmanager
def cluster() -> Iterator[tuple[str, Callable[[str], str], psutil.Popen]]:
    """Its address, a way to ask for a raylet to be killed or added, and its process."""
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        words = [sys.executable, str(CLUSTER), folder]
        process = psutil.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

        def ask(what: str) -> str:
            process.stdin.write(f"{what}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield process.stdout.readline().strip(), ask, process
        process.stdin.close()
        process.wait(60)


def disturbed(scan: Scan, kills: list[str], ways: dict[str, Callable[[], Any]], apart: int) -> Counter[str]:
    """Kill whenever `apart` more shards are there, and a random while later; how often what was killed."""
    done: Counter[str] = Counter()
    known = 0
    for kind in kills:
        while scan.shards() < known + apart:
            if scan.process.poll() is not None:
                raise SystemExit(
                    f"the scan ended after {sum(done.values())} kills with {scan.process.returncode}"
                )
            time.sleep(0.01)
        time.sleep(random.random())
        ways[kind]()
        done[kind] += 1
        known = scan.shards()
    scan.finish()
    return done


def kill_one(find: Callable[[], list[psutil.Process]]) -> None:
    """End one of the processes that are found, as soon as there is one."""
    while True:
        with suppress(psutil.NoSuchProcess, IndexError):
            random.choice(find()).kill()
            return
        time.sleep(0.01)


def answering(cluster_process: psutil.Process) -> list[psutil.Process]:
    """The processes that answer for Ray at this moment."""
    return [
        one for one in cluster_process.children(recursive=True) if "_answer" in "".join(one.cmdline()[:1])
    ]


def told(out: Path) -> tuple[Counter[tuple[str, int]], dict[str, bytes]]:
    """How often each row is there, and the bytes of every shard."""
    found: Counter[tuple[str, int]] = Counter()
    for table in read_rows(out, ["id", "row"]):
        found.update(zip(table["id"].to_pylist(), table["row"].to_pylist(), strict=True))
    return found, {place.name: place.read_bytes() for place in (out / "rows").iterdir()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--guard", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0"}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        work = Path(folder)
        source = work / "log.jsonl"
        lines = [json.dumps({"id": f"m{i}", "text": text}) + "\n" for i, text in enumerate(rows(ROWS))]
        source.write_text("".join(lines))
        expected = Counter({(f"m{i}", i + 1): 1 for i in range(ROWS)})
        calm = Scan(options.guard, source, work / "calm")
        calm.finish()
        scan = Scan(options.guard, source, work / "local")
        kills = disturbed(scan, LOCAL, {"scan": scan.kill, "worker": scan.kill_worker}, apart=6)
        with cluster() as (address, ask, process):
            scan = Scan(options.guard, source, work / "ray", "--engine", "ray", "--address", address)
            ways = {
                "raylet": lambda: (ask("kill"), ask("add")),
                "worker": lambda: kill_one(lambda: answering(process)),
                "scan": scan.kill,
            }
            on_ray = disturbed(scan, RAY, ways, apart=6)
        whole = told(work / "calm")
        ends = [told(work / name) for name in ("local", "ray")]
    lost = sum((expected - found).total() for found, _ in ends)
    doubled = sum((found - expected).total() for found, _ in ends)
    measures = {
        "kills": measure(kills.total() + on_ray.total(), None, "SIGKILL, in two scans"),
        "rows_lost": measure(lost, None, "rows of the input that are not in the output, of both"),
        "rows_doubled": measure(doubled, None, "rows too many in the output, of both"),
        "outputs_equal": measure(
            sum(shards == whole[1] for _, shards in ends) / 2,
            None,
            "share of outputs with the undisturbed bytes",
        ),
    }
    print(write("scan_chaos", measures, rows=ROWS, kills_local=dict(kills), kills_ray=dict(on_ray)))


if __name__ == "__main__":
    main()
