"""The process itself: what it loads, where it connects, what it leaves behind, how it ends."""

import base64
import json
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from helpers import without_network
from helpers.served import BRIEF, KEY, SERVE, serving
from mindrail.cli import main

#: no part of these may appear anywhere but in an answer's own request; mild, and nothing a program would say
CANARIES = [f"kestrel{n}harbour{n * 7919 % 9973}lantern" for n in range(12)]
FORBIDDEN = ("torch", "transformers", "peft", "sklearn", "datasets", "pandas", "matplotlib", "scipy")


_TELLING = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules))))
"""


def test_it_starts_without_what_training_needs(folder: Path, tmp_path: Path) -> None:
    code = _TELLING + SERVE
    with serving(folder, tmp_path / "home", code=code) as server:
        assert server.ask("/v1/moderations", {"input": "the soup is ready"})[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
    loaded = {name.partition(".")[0] for name in json.loads((tmp_path / "home" / "stdout").read_bytes())}
    assert "uvicorn" in loaded and not loaded & set(FORBIDDEN)


def forms(canary: str) -> set[bytes]:
    """A canary as it might be written down; any twelve letters of it count."""
    parts = [canary[place : place + 12] for place in range(0, len(canary) - 11, 4)]
    found: set[bytes] = set()
    for part in parts:
        raw = part.encode()
        found |= {
            raw,
            part.encode("utf-16-le"),
            quote(part).encode(),
            raw.hex().encode(),
            part.upper().encode(),
        }
    whole = canary.encode()
    found |= {base64.b64encode(b"\0" * shift + whole)[4:-4] for shift in range(3)}
    return found


def test_no_text_is_left_anywhere(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    c = iter(CANARIES)
    answers: list[bytes] = []
    with serving(folder, home, "--audit", str(home / "audit")) as server:
        text = next(c)
        assert server.ask("/v1/moderations", {"input": [f"the soup {text}", f"storm {text}"]})[0] == 200
        errors = [
            server.ask("/v1/moderations", {"input": {next(c): 1}}),
            server.ask("/v1/moderations", {"input": "x", "model": next(c)}),
            server.ask("/v1/moderations", {next(c): "x"}),
            server.ask("/v1/moderations", b'{"input": "' + next(c).encode()),
            server.ask(f"/{next(c)}", {"input": "x"}),
            server.ask(f"/v1/moderations?{next(c)}=1", {"input": 3}),
            server.ask("/v1/moderations", {"input": "x"}, **{"x-api-key": next(c)}),
            server.ask("/v1/moderations", {"input": 3}, **{"x-request-id": next(c), "user-agent": next(c)}),
            server.ask("/v1/moderations", {"input": "x"}, host=next(c)),
            server.ask("/v1/judge", {"messages": [{"role": next(c), "content": "x"}]}),
        ]
        assert all(status >= 400 for status, _ in errors)
        assert not list(c)
        answers = [said for _, said in errors]
        with socket.create_connection(server.url.removeprefix("http://").split(":")) as crooked:
            crooked.sendall(f"NONSENSE {text}\r\n\r\n".encode())
            answers.append(crooked.recv(65536))
        answers.append(server.ask("/metrics")[1])
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
    written = {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert {"stdout", "stderr", "audit/audit.jsonl", "audit/audit.key"} == set(written)
    assert written["audit/audit.jsonl"].count(b"\n") == 2
    assert written["stderr"].count(b"\n") == 1  # where it listens
    for canary in CANARIES:
        for form in forms(canary):
            assert not [name for name, content in written.items() if form in content]
            assert not [answer for answer in answers if form in answer]


_FAULTY = """
import asyncio, logging, threading, warnings
import mindrail.guard.guard as place
def broken(guard, examples):
    said = examples[0].text
    if "kestrel" in said:
        logging.getLogger("some.library").error("failed on %s", said)
        logging.getLogger("mindrail.somewhere").exception("failed", exc_info=ValueError(said))
        threading.Thread(target=lambda: int(said)).start()
        raise ValueError(said)
    return given(guard, examples)
given, place.Guard._answers = place.Guard._answers, broken
from mindrail.serve import service
async def hung_up(request):
    asyncio.get_running_loop().call_soon(int, "a kestrel0harbour0lantern")
    asyncio.ensure_future(failing())
    await asyncio.sleep(9)
async def failing():
    raise ValueError("kestrel0harbour0lantern")
service._hung_up = hung_up
"""


def test_no_fault_lets_text_out(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(folder, home, code=_FAULTY + SERVE) as server:
        status, said = server.ask("/v1/moderations", {"input": CANARIES[0]})
        assert status == 500 and json.loads(said)["error"]["code"] == "internal_error"
        assert server.ask("/v1/moderations", {"input": "the soup is ready"})[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
    told = (home / "stderr").read_bytes() + (home / "stdout").read_bytes()
    assert (
        b"ERROR mindrail.somewhere failed" in told and b"unexpected ValueError" in told
    )  # it is said that, and where
    for form in forms(CANARIES[0]):
        assert form not in told + said


def test_the_search_for_canaries_would_find_one() -> None:
    (canary,) = CANARIES[:1]
    for line in (
        canary,
        f"seen {canary[3:17]}!",
        base64.b64encode(f"a {canary} b".encode()).decode(),
        canary.upper(),
    ):
        assert any(form in line.encode() for form in forms(canary))


def test_series_do_not_grow_with_what_is_asked(running: Any) -> None:
    before = running("GET", "/metrics").text.count("\n")
    for n in range(200):
        running("GET", f"/{CANARIES[0]}{n}")
        running("POST", "/v1/moderations", json={"input": "soup", "model": f"{CANARIES[1]}{n}"})
    page = running("GET", "/metrics").text
    assert page.count("\n") - before < 60 and CANARIES[0] not in page and 'route="unmatched"' in page


_GUARDED = """
import socket, sys
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        if event != "socket.getaddrinfo" or arguments[0] not in ("127.0.0.1", None):
            print("reached out:", event, file=sys.stdout, flush=True)
sys.addaudithook(hook)
"""


def test_it_connects_to_nobody(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(folder, home, code=_GUARDED + SERVE) as server:
        image = {"input": [{"type": "image_url", "image_url": {"url": f"{server.url}/x.png"}}]}
        assert server.ask("/v1/moderations", image)[0] == 400
        assert server.ask("/v1/moderations", {"input": "the soup is ready"})[0] == 200
        open_now = psutil.Process(server.process.pid).net_connections()
        assert {connection.laddr.ip for connection in open_now} == {"127.0.0.1"}
        assert all(not connection.raddr or connection.raddr.ip == "127.0.0.1" for connection in open_now)
    assert (home / "stdout").read_bytes() == b""


def _alone() -> bool:
    try:
        return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not _alone(), reason="this system lets nobody make a network namespace (unshare -rn)")
def test_it_works_where_there_is_no_network_at_all(folder: Path, tmp_path: Path) -> None:
    """In a namespace with a loopback device and nothing else, a client inside it is answered."""
    command = ["unshare", "-rn", sys.executable, without_network.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    flagged, interfaces, code, tried, then = json.loads(done.stdout)
    assert flagged is True and code == 0 and "lo" in interfaces and "eth0" not in interfaces
    assert tried == 0 and then == 1  # the kernel counts every attempt to leave, and would have counted one


def test_it_leaves_no_core_and_its_files_to_itself(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(folder, home, "--audit", str(home / "audit")) as server:
        server.ask("/v1/moderations", {"input": CANARIES[0]})
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0\s", limits)
        assert Path(f"/proc/{server.process.pid}/cmdline").read_bytes().count(KEY.encode()) == 0
        for path in (home / "audit").iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        server.process.send_signal(signal.SIGABRT)
        assert server.process.wait(10) == -signal.SIGABRT
    assert not list(home.glob("core*"))


def test_asked_to_end_it_says_so_and_answers_what_it_took(folder: Path, tmp_path: Path) -> None:
    with serving(folder, tmp_path / "home") as server, ThreadPoolExecutor(8) as clients:
        body = {"input": ["the soup is ready " * 50] * 20}
        asked = [clients.submit(server.ask, "/v1/moderations", body) for _ in range(8)]
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        status, said = server.ask("/readyz")
        assert status == 503 and json.loads(said)["error"]["code"] == "server_shutting_down"
        assert server.ask("/v1/moderations", {"input": "a storm"})[0] == 200  # still, for a moment
        assert {one.result()[0] for one in asked} <= {200, 503}
        assert server.process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--host", "0.0.0.0"], 2, "127.0.0.1"),
        (["--set", "quick_bites=3"], 2, "quick_bytes"),
        (["--set", "shed_status=500"], 2, "503 or 429"),
        (["--keys", "missing"], 3, "nothing there"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(
    folder: Path,
    arguments: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr("mindrail.serve.privacy.harden", lambda: None)  # of this very process
    monkeypatch.delenv("MINDRAIL_KEYS", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--guard", str(folder), "--port", "0", *BRIEF, *arguments])
    assert ended.value.code == code
    assert said in capsys.readouterr().err
