"""The server under load, from another process on the same machine, one real message per request.

    python benchmarks/serving.py --guard out/prompt-harm-200/guard            # results/load.json
    python benchmarks/serving.py --guard … --memory 100000                    # results/memory.json

Messages are prompts that people sent to a chat assistant (toxicchat-test), each as it is. Saturation is what eight
connections that never wait get through. Then: 70 % of it (latency), 300 % of it (what is refused, and how; whether
memory stays), and 70 % with a SIGTERM in the middle (whether anybody who got through is lost). `--fastapi DIR` is
where `pip install --target DIR fastapi` put it, for the comparison with FastAPI and the transformers pipeline on the
same weights; rounds of both are interleaved. Without it that number is left out.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
from _result import measure, write

from mindrail import Guard, machine, taxonomy
from mindrail.data import corpus

HERE = Path(__file__).parent
Server = tuple[str, "subprocess.Popen[bytes]"]


def texts(count: int) -> list[str]:
    kinds = taxonomy.load("prompt-harm")
    found = [e.text for e in corpus.read("toxicchat-test", kinds, kinds.axis(), labelled=False)]
    said = [text for text in found if text.strip()]
    return said[:: max(1, len(said) // count)][:count]


@contextmanager
def started(command: Sequence[str], log: Path | None = None, **environment: str) -> Iterator[Server]:
    with log.open("w+b") if log else tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stderr=err, env=os.environ | environment)
        try:
            while True:
                err.seek(0)
                if found := re.search(rb"listening on (http://\S+)", err.read()):
                    break
                if process.poll() is not None:
                    err.seek(0)
                    raise SystemExit(f"the server did not start: {err.read()[-2000:].decode()}")
                time.sleep(0.05)
            yield found[1].decode(), process
        finally:
            process.kill()
            process.wait()


def ours(guard: Path) -> Any:
    return started([sys.executable, "-m", "mindrail", "serve", "--guard", str(guard), "--port", "0"])


def theirs(guard: Path, fastapi: Path) -> Any:
    path = os.pathsep.join([str(fastapi), str(HERE)])
    command = [sys.executable, str(HERE / "serving_fastapi.py"), str(guard)]
    return started(command, PYTHONPATH=path, HF_HUB_OFFLINE="1")


def ask(url: str, said: Sequence[str], flags: Sequence[bool | None], **plan: Any) -> dict[str, Any]:
    """What the client says of one plan."""
    bodies = [json.dumps({"input": text}) for text in said]
    plan = {"url": url, "bodies": bodies, "flags": list(flags), **plan}
    command = [sys.executable, str(HERE / "serving_client.py")]
    done = subprocess.run(command, input=json.dumps(plan), capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def cpu(process: "subprocess.Popen[bytes]") -> float:
    """Seconds of processor time so far."""
    used = psutil.Process(process.pid).cpu_times()
    return float(used.user + used.system)


def rps(
    server: Server, said: Sequence[str], flags: Sequence[bool | None], seconds: float
) -> tuple[float, float]:
    """(requests a second, milliseconds of processor time each), over eight connections."""
    (url, process), before = server, cpu(server[1])
    done = ask(url, said, flags, seconds=seconds, connections=8)
    if not set(done["statuses"]) <= {"200", "503"} or done["wrong"]:
        raise SystemExit(f"at saturation: {done['statuses']}, {done['wrong']} wrong answers")
    count = len(done["taken"])
    return count / done["seconds"], 1e3 * (cpu(process) - before) / count


def at(values: Sequence[float], quantile: float) -> float:
    return float(np.quantile(values, quantile)) if values else float("nan")


def rss(process: "subprocess.Popen[bytes]") -> float:
    return psutil.Process(process.pid).memory_info().rss / 2**20


def load(options: argparse.Namespace, said: list[str], flags: list[bool]) -> None:
    nothing = [None] * len(said)
    both: list[list[tuple[float, float]]] = [[], []]
    for _ in range(options.rounds):
        with ours(options.guard) as server:
            rps(server, said, flags, 2)
            both[0].append(rps(server, said, flags, options.seconds))
        if options.fastapi:
            with theirs(options.guard, options.fastapi) as server:
                rps(server, said, nothing, 3)
                both[1].append(rps(server, said, nothing, options.seconds))
    (mine, mine_cpu), (other, other_cpu) = ([[row[i] for row in rows] for i in (0, 1)] for rows in both)
    saturation = median(mine)
    with ours(options.guard) as (url, process):
        rps((url, process), said, flags, 2)
        steady = [
            ask(url, said, flags, rate=0.7 * saturation, seconds=options.seconds)
            for _ in range(options.rounds)
        ]
        before = rss(process)
        over = ask(url, said, flags, rate=3 * saturation, seconds=options.seconds)
        after = rss(process)
        timer = threading.Timer(0.8 * options.end_seconds, process.send_signal, [signal.SIGTERM])
        timer.start()
        ending = ask(url, said, flags, rate=0.7 * saturation, seconds=options.end_seconds)
        code = process.wait(30)
    p99 = [1e3 * at(one["taken"], 0.99) for one in steady]
    untyped = sum(n for status, n in over["statuses"].items() if status.startswith("5") and status != "503")
    answered, unanswered = len(ending["taken"]), [one["statuses"]["unanswered"] for one in (over, ending)]
    lost = [
        one["statuses"].get("lost", 0) + left for one, left in zip((over, ending), unanswered, strict=True)
    ]
    measures = {
        "saturation_rps": measure(saturation, (min(mine), max(mine)), "requests/s, eight connections"),
        "cpu_ms": measure(median(mine_cpu), (min(mine_cpu), max(mine_cpu)), "ms of processor time a request"),
        "p50_ms_at_70": measure(median(1e3 * at(one["taken"], 0.5) for one in steady), None, "ms"),
        "p99_ms_at_70": measure(median(p99), (min(p99), max(p99)), "ms"),
        "client_lag_ms_at_70": measure(median(1e3 * one["lag"] for one in steady), None, "ms, p99 of the clock"),
        "overload_untyped_5xx": measure(untyped, None, "answers"),
        "overload_refused_without_hint": measure(over["unhinted"], None, "answers"),
        "overload_lost": measure(lost[0], None, "requests"),
        "overload_goodput_share": measure(len(over["taken"]) / over["seconds"] / saturation, None, "of saturation"),
        "overload_p99_taken_ms": measure(1e3 * at(over["taken"], 0.99), None, "ms"),
        "overload_p99_refused_ms": measure(1e3 * at(over["refused"], 0.99), None, "ms"),
        "overload_rss_growth": measure(after / before - 1, None, "share"),
        "wrong_answers": measure(sum(one["wrong"] for one in (*steady, over, ending)), None, "answers"),
        "sigterm_answered": measure(answered, None, "requests"),
        "sigterm_lost": measure(lost[1], None, "requests"),
        "sigterm_exit_code": measure(code, None, "code"),
    }  # fmt: skip
    if other:
        pairs = [a / b for a, b in zip(mine, other, strict=True)]
        measures["rps_speedup"] = measure(
            saturation / median(other), (min(pairs), max(pairs)), "ratio of requests/s"
        )
        each = [b / a for a, b in zip(mine_cpu, other_cpu, strict=True)]
        measures["cpu_speedup"] = measure(
            median(other_cpu) / median(mine_cpu), (min(each), max(each)), "ratio of processor time"
        )
        measures["fastapi_rps"] = measure(median(other), (min(other), max(other)), "requests/s")
    tokens = [len(text) for text in said]
    more = {
        "overload": over["statuses"] | {"codes": over["codes"]},
        "sigterm": ending["statuses"] | {"codes": ending["codes"]},
        "characters": {f"p{q}": int(np.percentile(tokens, q)) for q in (10, 50, 90, 99)},
        "rounds": options.rounds,
        "seconds": options.seconds,
        "machine_load": list(os.getloadavg()),
        "left_out": [] if other else ["rps_speedup: no --fastapi"],
    }
    print(write("load", measures, **more))


def memory(options: argparse.Namespace, said: list[str], flags: list[bool]) -> None:
    """RSS in tenths of the way; flat is the last against the second, when every length has been seen."""
    with ours(options.guard) as (url, process):
        seen = [rss(process)]
        for _ in range(10):
            part = options.memory // 10
            done = ask(url, said, flags, seconds=3600, connections=8, requests=part)
            if done["wrong"] or not set(done["statuses"]) <= {"200", "503"}:
                raise SystemExit(f"{done['statuses']}, {done['wrong']} wrong answers")
            seen.append(rss(process))
            print(f"{seen[-1]:.1f} MB", file=sys.stderr)
    measures = {
        "rss_mb": measure(max(seen), None, "MB, the most"),
        "rss_start_mb": measure(seen[0], None, "MB, before the first request"),
        "rss_growth": measure(seen[-1] / seen[2] - 1, None, "share, from the second tenth to the last"),
        "requests": measure(options.memory, None, "requests"),
    }
    print(write("memory", measures, rss_by_tenth=[round(value, 1) for value in seen]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guard", type=Path, required=True)
    parser.add_argument("--fastapi", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--end-seconds", type=float, default=25.0)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--memory", type=int, help="measure memory over so many requests instead")
    options = parser.parse_args()
    guard = Guard.load(options.guard, machine.cores())
    said = texts(options.texts)
    flags = [answer.decision != "allow" for answer in guard.many(said)]
    (memory if options.memory else load)(options, said, flags)


if __name__ == "__main__":
    main()
