"""`mindrail doctor`: what this machine has, what is missing, and whether a guard is as it was made."""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import mindrail
from mindrail import machine
from mindrail.cli._command import Command, Result

#: what each optional part is for
EXTRAS = {
    "train": "making guards: train, calibrate, evaluate, export",
    "llm": "language models behind a server",
    "serve": "the moderation server, and the page to label on",
    "scan": "scanning logs",
    "ray": "scans and studies over several machines",
    "qlora": "adapters on language models in four bits, with CUDA",
    "dev": "the tests of mindrail itself",
}

#: processor features, best first, and what they mean for int8 models
FEATURES = {
    "avx512_vnni": "int8 at full speed",
    "avx_vnni": "int8 at full speed",
    "avx512f": "int8 without VNNI: as exact, and hardly faster than float32",
    "avx2": "int8 without VNNI: as exact, and hardly faster than float32",
}

#: variables that decide where data and models come from; only whether they are set is shown
VARIABLES = (
    "MINDRAIL_DATA",
    "MINDRAIL_CACHE",
    "HF_HOME",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "PIP_INDEX_URL",
    "UV_INDEX_URL",
)

_REQUIREMENT = re.compile(r"""(?P<name>[\w.-]+)(?:.*\bextra\s*==\s*["'](?P<extra>[\w-]+)["'])?""")


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `doctor`."""
    parser.add_argument("--guard", type=Path, metavar="DIR", help="also check every file of this guard")


def run(options: argparse.Namespace) -> Result:
    """A report. Never imports a training library; ends with 4 where the guard is broken."""
    report: dict[str, Any] = {
        "machine": machine.describe() | {"int8": _int8()},
        "parts": {part: _part(names) for part, names in _required().items()},
        "torch": _torch(),
        "variables": {name: name in os.environ for name in VARIABLES},
        "cache": _cache(),
    }
    if options.guard:
        guard = mindrail.Guard.load(options.guard, self_test=True, thorough=True)
        report["guard"] = {
            "id": guard.id,
            "kind": guard.manifest.kind,
            "created_with": dict(guard.manifest.created_with),
            "promise": guard.promise,
        }
    return Result(report, "\n".join(_lines(report)))


def _required() -> dict[str, list[str]]:
    """The packages of each part of mindrail, as its own metadata lists them."""
    parts: dict[str, list[str]] = {"core": []}
    for line in requires("mindrail") or []:
        if match := _REQUIREMENT.match(line):
            parts.setdefault(match["extra"] or "core", []).append(match["name"])
    return parts


def _part(names: list[str]) -> dict[str, str | None]:
    """The installed version of each package; None where it is missing."""
    return {name: _version(name) for name in names}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _torch() -> str | None:
    """The version of torch with the build it was made for, without loading it."""
    found = _version("torch")
    if found is None or "+" in found:
        return found
    return f"{found} (standard build)"


def _int8() -> str:
    """What the processor's features mean for int8 models."""
    try:
        flags = set(re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)[1].split())  # type: ignore[index]
    except (OSError, TypeError):
        return "unknown: this system does not say which features its processor has"
    for name, means in FEATURES.items():
        if name in flags:
            return f"{name}: {means}"
    return "no vector features known to us: expect int8 to be slow"


def _cache() -> dict[str, Any]:
    """Where fetched files are kept and how much room there is, in GB."""
    from mindrail.data.fetch import cache

    folder = cache()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return {"folder": str(folder), "free_gb": round(shutil.disk_usage(there).free / 1e9, 1)}


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report for people: first what is there, then what is missing and why it matters."""
    about = report["machine"]
    yield f"mindrail   {_version('mindrail')} on Python {about['python']} ({sys.platform})"
    yield f"processor  {about['processor']}, {about['cores']} usable cores"
    yield f"int8       {about['int8']}"
    yield f"torch      {report['torch'] or 'not installed: guards run without, training does not'}"
    for part, packages in report["parts"].items():
        missing = [name for name, found in packages.items() if found is None]
        yield f"{part:<10} {_state(part, missing, len(packages))}"
    known = [name for name, given in report["variables"].items() if given]
    yield f"variables  {', '.join(known) + ' set' if known else 'none of ours is set'}"
    yield f"cache      {report['cache']['folder']}, {report['cache']['free_gb']} GB free"
    if guard := report.get("guard"):
        yield f"guard      {guard['id']} ({guard['kind']}): all files and golden scores are as they were made"
        yield f"promise    {guard['promise']}"


def _state(part: str, missing: list[str], packages: int) -> str:
    """One part in words."""
    if not missing:
        return f"all {packages} packages installed"
    if part == "core":
        return f"missing {', '.join(missing)}: guards may not open. Do: pip install mindrail"
    use = EXTRAS.get(part, "more")
    return f"missing {', '.join(missing)} (for {use}). Do: pip install 'mindrail[{part}]'"


COMMAND = Command("what this machine has, what is missing, and whether a guard is intact", configure, run)
