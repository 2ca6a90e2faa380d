"""The shape of a committed number: what was run, where, and the value with its interval."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from mindrail import files, machine

RESULTS = Path(__file__).parent / "results"


def measure(value: float, interval: tuple[float, float] | None, unit: str) -> dict[str, Any]:
    """One measure; `interval` is a 95 % interval or None."""
    low_high = [round(bound, 4) for bound in interval] if interval is not None else None
    return {"value": round(float(value), 4), "interval": low_high, "unit": unit}


def write(name: str, measures: dict[str, Any], **more: Any) -> Path:
    """Write `results/NAME.json` with the command, the commit and the machine beside the measures."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    dirty = subprocess.run(
        ["git", "status", "--porcelain", "src"], capture_output=True, text=True, check=False
    )
    result = {
        "schema": 1,
        "command": f"python {' '.join([Path(sys.argv[0]).as_posix(), *sys.argv[1:]])}",
        "commit": commit.stdout.strip() + ("+changes" if dirty.stdout.strip() else ""),
        "machine": machine.describe(),
        "measures": measures,
    } | more
    files.write_json(RESULTS / f"{name}.json", result)
    return RESULTS / f"{name}.json"
