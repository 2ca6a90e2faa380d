"""The same scan on Ray, in a process of its own: machines are lost, rows are not, and Ray never sees a text."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.guards import tiny_guard
from helpers.scanning import MARK, bad, content, in_this_process, jsonl, messages, scanned
from mindrail import Guard
from mindrail.batch.answers import answer
from mindrail.batch.engines import ray as engine

ray = pytest.importorskip("ray")

#: bytes of an argument that Ray sends with its task instead of storing it (max_direct_call_object_size)
INLINED = 100 * 1024

CLUSTER = Path(__file__).parents[1] / "helpers" / "ray_cluster.py"


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | more


class Cluster:
    """Two raylets with a core each, beside a head without any, in a process of their own."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, str(CLUSTER), str(folder)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.folder, self.address = folder, self._told()
        assert self.address, "the cluster did not start"

    def _told(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, what: str) -> str:
        """Have a raylet killed or added."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self._told()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # short: Ray's sockets lie there
        made = Cluster(Path(folder))
        yield made
        assert made.process.stdin is not None
        made.process.stdin.close()
        made.process.wait(60)


@pytest.mark.slow
def test_lost_machines_cost_no_row_and_nothing_of_ray_holds_a_text(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = tiny_guard(tmp_path / "guard")
    said = [row | {"text": f"{row['text']} {MARK}-{i}"} for i, row in enumerate(messages(1500))]
    place = jsonl(tmp_path / "a.jsonl", [*said, f'{{"{MARK}'])
    in_this_process(monkeypatch)
    scanned(tmp_path / "whole", place, guard=guard, shard_rows=25)
    words = [
        "scan",
        place,
        "--guard",
        guard,
        "--out",
        tmp_path / "out",
        "--shard-rows",
        25,
        "--engine",
        "ray",
    ]
    code = "from mindrail.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words), "--address", cluster.address],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    out, give_up = tmp_path / "out" / "rows", time.monotonic() + 120
    while len(list(out.glob("*.parquet"))) < 5 and process.poll() is None and time.monotonic() < give_up:
        time.sleep(0.005)
    assert process.poll() is None, "the raylet is killed in the middle"
    assert cluster.ask("kill") == "1 left"
    assert cluster.ask("add") == "2 left"
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 6, told
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert bad(tmp_path / "out") == [(1501, "not-json")]
    assert MARK not in told
    holds = [
        path for path in cluster.folder.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()
    ]
    assert not holds, "neither a log nor a spilled object holds a text"


@pytest.mark.slow
def test_a_scan_starts_a_cluster_of_its_own_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    guard = tiny_guard(tmp_path / "guard")
    place = jsonl(tmp_path / "a.jsonl", messages(50))
    code = (
        "import json, sys; from pathlib import Path; from mindrail.recipes.scan import Scan, scan\n"
        "steps = scan(Scan((sys.argv[1],), Path(sys.argv[2]), Path(sys.argv[3]), engine='ray', workers=1))\n"
        "next(steps); import psutil, ray; from ray._common.usage import usage_lib\n"
        "every = [psutil.Process(), *psutil.Process().children(recursive=True)]\n"
        "open_to = {c.laddr.ip for one in every for c in one.net_connections('inet') if c.status == 'LISTEN'}\n"
        "list(steps); print(json.dumps([usage_lib.usage_stats_enabled(), sorted(open_to), ray.is_initialized()]))"
    )
    with tempfile.TemporaryDirectory(prefix="r") as scratch:  # short: Ray's sockets lie there
        done = subprocess.run(
            [sys.executable, "-c", code, str(place), str(guard), str(tmp_path / "out")],
            env=environment(TMPDIR=scratch),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not list(Path(scratch).iterdir())
    counted, open_to, left = json.loads(done.stdout)
    assert {place.removeprefix("::ffff:") for place in open_to} == {"127.0.0.1"}
    assert not counted and not left


def test_texts_travel_in_pieces_that_ray_never_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[object, ...]] = []
    stored: list[object] = []
    monkeypatch.setattr(ray, "put", lambda value: stored.append(value) or len(stored) - 1)
    monkeypatch.setattr(ray, "get", stored.__getitem__)
    monkeypatch.setattr(
        ray, "remote", lambda **_: lambda _: SimpleNamespace(remote=lambda *args: sent.append(args))
    )
    folder = tiny_guard(tmp_path / "guard")
    said = [(("user", text),) for text in ("日" * 60_000, "a storm")]
    engine.Ray(ray, folder).submit(said)
    (_, _, *pieces) = sent[0]
    assert len(pieces) > 2
    assert all(isinstance(one, bytes) and len(one) < INLINED for one in pieces)
    found = engine._answer(*sent[0])  # type: ignore[arg-type]
    assert found == answer(Guard.load(folder), said)
