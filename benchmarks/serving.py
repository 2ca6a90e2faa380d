"""The server under load, from another process on the same machine, one real message per request.

    python benchmarks/serving.py --guard out/prompt-harm-200/guard            # results/load.json
    python benchmarks/serving.py --guard … --memory 100000                    # results/memory.json

Messages are prompts that people sent to a chat assistant (toxicchat-test), each as it is. Saturation is what eight
connections that never wait get through. Then: 70 % of it (latency), 300 % of it (what is refused, and how; whether
memory stays), and 70 % with a SIGTERM in the middle (whether anybody who got through is lost). The same 70 % for
texts of 64 tokens, cut from these messages, has its own saturation.

`--fastapi DIR` is where `pip install --target DIR fastapi` put it, for the comparison with FastAPI and the
transformers pipeline on the same weights, in two settings: as it comes (torch takes all cores for each text), and
with one thread for each text (OMP_NUM_THREADS=1), so that two are read at once. Rounds of all are interleaved, and
the better of the two is what we are compared with. Without it those numbers are left out.

Client and server share the machine's cores: what the client uses is missing to the server, in every comparison
alike. Where it is allowed, servers run at a higher priority than what else the machine does, and the client at a
still higher one, as if it were elsewhere; `others` says how much of the processor went to somebody else nevertheless.
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
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
from _result import measure, write
from tokenizers import Tokenizer

from mindrail import Guard, machine, taxonomy
from mindrail.data import corpus

HERE = Path(__file__).parent
Server = tuple[str, "subprocess.Popen[bytes]"]


def texts(count: int) -> list[str]:
    kinds = taxonomy.load("prompt-harm")
    found = [e.text for e in corpus.read("toxicchat-test", kinds, kinds.axis(), labelled=False)]
    said = [text for text in found if text.strip()]
    return said[:: max(1, len(said) // count)][:count]


def cut(said: list[str], guard: Path, tokens: int = 64) -> list[str]:
    """The same messages in pieces of 64 tokens, special ones included."""
    reader = Tokenizer.from_file(str(guard / "tokenizer.json"))
    whole = " ".join(" ".join(text.split()) for text in said)
    ends = [end for _, end in reader.encode(whole, add_special_tokens=False).offsets][:: tokens - 2]
    return [whole[a:b] for a, b in pairwise(ends)][: len(said)]


@contextmanager
def started(command: Sequence[str], log: Path | None = None, **environment: str) -> Iterator[Server]:
    with log.open("w+b") if log else tempfile.TemporaryFile() as err:
        plain = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        process = subprocess.Popen(command, stderr=err, env=plain | environment)
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, process.pid, -10)
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


#: settings of the other server: environment variables
PEERS: dict[str, dict[str, str]] = {"as it comes": {}, "one thread per text": {"OMP_NUM_THREADS": "1"}}


def theirs(guard: Path, fastapi: Path, peer: str) -> Any:
    path = os.pathsep.join([str(fastapi), str(HERE)])
    command = [sys.executable, str(HERE / "serving_fastapi.py"), str(guard)]
    return started(command, None, PYTHONPATH=path, HF_HUB_OFFLINE="1", **PEERS[peer])


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


def against(
    options: argparse.Namespace, said: list[str], flags: list[bool]
) -> dict[str, list[tuple[float, float]]]:
    """(requests a second, milliseconds of processor time) per round, of ours and each setting of the other."""
    found: dict[str, list[tuple[float, float]]] = {
        "ours": [],
        **({peer: [] for peer in PEERS} if options.fastapi else {}),
    }
    for _ in range(options.rounds):
        for name, rounds in found.items():
            known: Sequence[bool | None] = flags if name == "ours" else [None] * len(said)
            server = ours(options.guard) if name == "ours" else theirs(options.guard, options.fastapi, name)
            with server as running:
                rps(running, said, known, 2)
                rounds.append(rps(running, said, known, options.seconds))
    return found


def compared(found: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Ratios to each setting of the other server, and to the better one."""
    mine, cost = zip(*found.pop("ours"), strict=True)
    measures = {
        "saturation_rps": measure(median(mine), (min(mine), max(mine)), "requests/s, eight connections"),
        "cpu_ms": measure(median(cost), (min(cost), max(cost)), "ms of processor time a request"),
    }
    for name, rounds in found.items():
        theirs, spent = zip(*rounds, strict=True)
        key = name.replace(" ", "_")
        pairs = [a / b for a, b in zip(mine, theirs, strict=True)]
        less = [b / a for a, b in zip(cost, spent, strict=True)]
        measures |= {
            f"fastapi_rps_{key}": measure(median(theirs), (min(theirs), max(theirs)), "requests/s"),
            f"rps_speedup_{key}": measure(median(pairs), (min(pairs), max(pairs)), "ratio of requests/s"),
            f"cpu_speedup_{key}": measure(median(less), (min(less), max(less)), "ratio of processor time"),
        }
    if found:
        best = min(found, key=lambda name: float(measures[f"rps_speedup_{name.replace(' ', '_')}"]["value"]))
        measures["rps_speedup"] = measures[f"rps_speedup_{best.replace(' ', '_')}"]
    return measures


def others(began: os.times_result, used: Any) -> float:
    """The share of the processor that went to neither client nor servers since then."""
    now, all_now = os.times(), psutil.cpu_times()
    mine = sum(now[:4]) - sum(began[:4])  # with children that have ended
    idle = all_now.idle + all_now.iowait - used.idle - used.iowait
    return 1 - (mine + idle) / ((now.elapsed - began.elapsed) * psutil.cpu_count())


def steady(
    server: Server, said: list[str], flags: list[bool], options: argparse.Namespace, name: str
) -> tuple[dict[str, Any], int]:
    """Latency at 70 % of what it gets through just before; and how many answers were wrong."""
    rates, rounds = [], []
    for _ in range(options.rounds):
        rates.append(rps(server, said, flags, options.seconds / 2)[0])
        rounds.append(ask(server[0], said, flags, rate=0.7 * rates[-1], seconds=options.seconds))
    p99 = [1e3 * at(one["taken"], 0.99) for one in rounds]
    measures = {
        f"rate_{name}": measure(0.7 * median(rates), (0.7 * min(rates), 0.7 * max(rates)), "requests/s"),
        f"p50_ms_{name}": measure(median(1e3 * at(one["taken"], 0.5) for one in rounds), None, "ms"),
        f"p99_ms_{name}": measure(median(p99), (min(p99), max(p99)), "ms"),
        f"refused_{name}": measure(sum(len(one["refused"]) for one in rounds), None, "answers"),
        f"client_lag_ms_{name}": measure(
            median(1e3 * one["lag"] for one in rounds), None, "ms, p99 of the clock"
        ),
    }
    return measures, sum(one["wrong"] for one in rounds)


def load(
    options: argparse.Namespace, said: list[str], flags: list[bool], short: list[str], calm: list[bool]
) -> None:
    began, used = os.times(), psutil.cpu_times()
    measures = compared(against(options, said, flags))
    saturation = measures["saturation_rps"]["value"]
    with ours(options.guard) as (url, process):
        server = url, process
        rps(server, said, flags, 2)
        real, wrong = steady(server, said, flags, options, "at_70")
        rps(server, short, calm, 2)
        alike, astray = steady(server, short, calm, options, "at_70_64_tokens")
        before = rss(process)
        over = ask(url, said, flags, rate=3 * saturation, seconds=options.seconds)
        after = rss(process)
        timer = threading.Timer(0.8 * options.end_seconds, process.send_signal, [signal.SIGTERM])
        timer.start()
        ending = ask(url, said, flags, rate=0.7 * saturation, seconds=options.end_seconds)
        code = process.wait(30)
    untyped = sum(n for status, n in over["statuses"].items() if status.startswith("5") and status != "503")
    lost = [one["statuses"].get("lost", 0) + one["statuses"]["unanswered"] for one in (over, ending)]
    measures |= real | alike | {
        "overload_untyped_5xx": measure(untyped, None, "answers"),
        "overload_refused_without_hint": measure(over["unhinted"], None, "answers"),
        "overload_lost": measure(lost[0], None, "requests"),
        "overload_goodput_share": measure(len(over["taken"]) / over["seconds"] / saturation, None, "of saturation"),
        "overload_p99_taken_ms": measure(1e3 * at(over["taken"], 0.99), None, "ms"),
        "overload_max_taken_ms": measure(1e3 * max(over["taken"]), None, "ms; the deadline is 10,000"),
        "overload_p99_refused_ms": measure(1e3 * at(over["refused"], 0.99), None, "ms"),
        "overload_rss_growth": measure(after / before - 1, None, "share"),
        "wrong_answers": measure(wrong + astray + over["wrong"] + ending["wrong"], None, "answers"),
        "sigterm_answered": measure(len(ending["taken"]), None, "requests"),
        "sigterm_lost": measure(lost[1], None, "requests"),
        "sigterm_exit_code": measure(code, None, "code"),
        "others": measure(others(began, used), None, "share of the processor"),
    }  # fmt: skip
    more = {
        "overload": over["statuses"] | {"codes": over["codes"]},
        "sigterm": ending["statuses"] | {"codes": ending["codes"]},
        "texts": "toxicchat-test",
        "characters": {
            f"p{q}": int(np.percentile([len(text) for text in said], q)) for q in (10, 50, 90, 99)
        },
        "rounds": options.rounds,
        "seconds": options.seconds,
        "machine_load": list(os.getloadavg()),
        "left_out": [] if options.fastapi else ["rps_speedup: no --fastapi"],
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
    if options.memory:
        memory(options, said, flags)
        return
    short = cut(said, options.guard)
    load(options, said, flags, short, [answer.decision != "allow" for answer in guard.many(short)])


if __name__ == "__main__":
    main()
