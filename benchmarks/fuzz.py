"""Inputs that nobody would think of, against the server: crashes, answers of 500, and words of the input that leak.

    python -m venv somewhere && somewhere/bin/pip install schemathesis
    python benchmarks/fuzz.py --schemathesis somewhere/bin/schemathesis      # results/fuzz.json

Two parts. Schemathesis reads the OpenAPI document of a running server and asks it by that, validly and not, with a
word planted in every text. Hypothesis tries the targets of `tests/helpers/fuzzing.py`: whole requests as bytes on a
connection, strict JSON, windows, views, answers. `--seed` makes both parts the same again. A failure is printed by
its type, place and length, never by its text; `--show TARGET` writes the shortest inputs to standard output.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from _result import measure, write
from hypothesis import HealthCheck, Phase, given, seed, settings
from serving import started

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests"))

from helpers import fuzzing  # noqa: E402
from helpers.axes import TWO  # noqa: E402
from helpers.guards import tiny_guard  # noqa: E402

KEY = "correct-horse-battery-staple"
#: formats that hand the text back to whoever sent it
REPEAT = ("POST /api/v1/text/contents", "POST /v1/streams/{stream}")
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", 503]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 413, 415]
# a schema cannot say that somebody must have spoken, nor which attributes a guard knows
[checks.positive_data_acceptance]
enabled = false
"""
#: of 100,000
SHARES = {"http": 0.3, "json": 0.25, "windows": 0.15, "views": 0.15, "answers": 0.15}


def swarm(
    name: str, target: fuzzing.Target, count: int, start: int, found: dict[Any, Any]
) -> tuple[int, Counter[Any]]:
    """(inputs, failures by type and place); the shortest input of each goes into `found`."""
    done, failures = 0, Counter[Any]()

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.inputs)
    def run(value: Any) -> None:
        nonlocal done
        try:
            target.check(value)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = (
                name,
                type(error).__name__,
                str(error)[:60] if isinstance(error, AssertionError) else "",
                place.name,
            )
            failures[what] += 1
            if what not in found or len(repr(value)) < len(repr(found[what])):
                found[what] = value
        done += 1

    run()
    return done, failures


def by_hypothesis(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    behind, found = fuzzing.behind(str(folder)), {}
    inputs, failures = Counter[str](), Counter[Any]()
    with fuzzing.logged() as lines:
        for name, target in fuzzing.targets(behind).items():
            inputs[name], failed = swarm(
                name, target, int(options.inputs * SHARES[name]), options.seed, found
            )
            failures += failed
            print(f"{name}: {inputs[name]} inputs, {failed.total()} failures", file=sys.stderr)
    leaks = sum(fuzzing.CANARY[:12] in line for line in lines)
    behind.close()
    for what, value in found.items():
        print(*what, f"shortest {len(repr(value))}", file=sys.stderr)
        if options.show == what[0]:
            print(repr(value))
    leaks += sum(count for what, count in failures.items() if "in the answer" in what[2])
    return {
        "inputs": dict(inputs),
        "failures": failures.total(),
        "leaks": leaks,
        "five_hundreds": behind.statuses[500],
        "statuses": {str(status): count for status, count in sorted(behind.statuses.items())},
    }


def by_schemathesis(options: argparse.Namespace, folder: Path, home: Path) -> dict[str, Any]:
    answers, report, audit = home / "answers.jsonl", home / "report.txt", home / "audit"
    (home / "schemathesis.toml").write_text(CONFIG)
    (home / "tmp").mkdir()
    command = [
        sys.executable,
        "-m",
        "mindrail",
        "serve",
        "--guard",
        str(folder),
        "--port",
        "0",
        "--audit",
        str(audit),
    ]
    near = {"MINDRAIL_KEYS": f"tester {KEY} admin", "TMPDIR": str(home / "tmp")}
    with started(command, home / "tmp" / "log", **near) as (url, process):
        asked = subprocess.run(
            [
                *(options.schemathesis, "--config-file", str(home / "schemathesis.toml"), "run"),
                *(f"{url}/openapi.json", "-H", f"x-api-key: {KEY}", "--phases", "examples,coverage,fuzzing"),
                *("--continue-on-failure", "--suppress-health-check", "all", "--no-color"),
                *("--seed", str(options.seed), "-n", str(options.examples)),
            ],
            cwd=home,
            capture_output=True,
            text=True,
            env=os.environ
            | {
                "SCHEMATHESIS_HOOKS": str(HERE / "fuzz_hooks.py"),
                "FUZZ_CANARY": fuzzing.CANARY,
                "FUZZ_ANSWERS": str(answers),
                "FUZZ_URL": url,
                "FUZZ_KEY": KEY,
            },
        )
        report.write_text(asked.stdout + asked.stderr)
        alive = process.poll() is None
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    if len(lines) < 100:
        raise SystemExit(
            f"schemathesis asked {len(lines)} times:\n{asked.stdout[-3000:]}{asked.stderr[-2000:]}"
        )
    if options.show == "schemathesis":
        print(report.read_text())
    statuses = Counter(status for _, status, _ in lines)
    written = [
        path.read_bytes() for place in (audit, home / "tmp") for path in place.rglob("*") if path.is_file()
    ]
    leaks = sum(came and status < 300 and route not in REPEAT for route, status, came in lines)
    leaks += sum(came and status >= 300 for _, status, came in lines)
    leaks += sum(fuzzing.CANARY[:12].encode() in content for content in written)
    failed = re.findall(r"- (ST\d+ [^\n]+)", asked.stdout)
    return {
        "requests": len(lines),
        "routes": len({route for route, _, _ in lines}),
        "five_hundreds": sum(count for status, count in statuses.items() if status >= 500 and status != 503),
        "crashes": int(not alive),
        "leaks": leaks,
        "failed_checks": dict(Counter(failed)),
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schemathesis", required=True, help="its program, in an environment of its own")
    parser.add_argument("--inputs", type=int, default=104_000)
    parser.add_argument("--examples", type=int, default=60, help="per route and way of asking")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--show", choices=[*SHARES, "schemathesis"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mindrail-fuzz-") as place:
        folder = tiny_guard(Path(place) / "tiny", axis=TWO)
        (home := Path(place) / "home").mkdir()
        asked = by_schemathesis(options, folder, home)
        print(asked, file=sys.stderr)
        tried = by_hypothesis(options, folder)
    measures = {
        "inputs": measure(sum(tried["inputs"].values()), None, "inputs by hypothesis"),
        "requests": measure(asked["requests"], None, "requests by schemathesis"),
        "crashes": measure(asked["crashes"] + tried["failures"], None, "promises broken, the process ended"),
        "five_hundreds": measure(asked["five_hundreds"] + tried["five_hundreds"], None, "5xx but typed 503"),
        "leaks": measure(
            asked["leaks"] + tried["leaks"], None, "answers, lines and files with the planted word"
        ),
        "failed_checks": measure(sum(asked["failed_checks"].values()), None, "kinds of checks, by route"),
    }
    print(write("fuzz", measures, seed=options.seed, schemathesis=asked, hypothesis=tried))


if __name__ == "__main__":
    main()
