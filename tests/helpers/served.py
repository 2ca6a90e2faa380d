"""`mindrail serve` as a process of its own, on this machine."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "correct-horse-battery-staple"
BRIEF = ("--set", "lame_duck=0.3")
SERVE = "import sys; from mindrail.cli import main; main(sys.argv[1:])"


@dataclass(frozen=True)
class Server:
    url: str
    process: "subprocess.Popen[bytes]"

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"content-type": "application/json", "x-api-key": KEY, **headers}
        request = urllib.request.Request(f"{self.url}{path}", raw, given)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()


@contextmanager
def serving(
    guard: Path | str,
    home: Path,
    *arguments: str,
    code: str = SERVE,
    prefix: tuple[str, ...] = (),
    keys: str = f"tester {KEY} admin",
) -> Iterator[Server]:
    """A process of its own in `home`, its output in files there; `guard` is a folder, or NAME=FOLDER."""
    command = [*prefix, sys.executable, "-c", code, "serve", "--guard", str(guard), "--port", "0"]
    with started([*command, *BRIEF, *arguments], home, {"MINDRAIL_KEYS": keys}) as server:
        yield server


@contextmanager
def started(command: list[str], home: Path, settings: dict[str, str]) -> Iterator[Server]:
    """A command that ends up as a server, in `home`, for the length of the block."""
    home.mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(home)} | settings
    with (home / "stdout").open("wb") as out, (home / "stderr").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=home, env=environment)
    try:
        until = time.monotonic() + 20
        while not (found := re.search(rb"listening on (http://\S+)", (home / "stderr").read_bytes())):
            assert process.poll() is None and time.monotonic() < until, (home / "stderr").read_text()
            time.sleep(0.02)
        yield Server(found[1].decode(), process)
    finally:
        process.kill()
        process.wait()
