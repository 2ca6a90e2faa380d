"""The systemd unit: what systemd itself makes of it, and whether the server lives within its confines."""

import configparser
import json
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from helpers.axes import TWO
from helpers.guards import tiny_guard
from helpers.served import serving

_UNIT = Path(__file__).parents[2] / "deploy" / "mindrail.service"
_CONFINED = Path(__file__).with_name("confined.py")
#: what systemd-analyze gives a unit that confines nothing is 9.6, of 10; tenths
_MOST_EXPOSED = 15

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here"
)


class Lines(dict[str, object]):
    """A unit may give a setting twice: the lines count together."""

    def __setitem__(self, key: str, value: object) -> None:
        if isinstance(value, list) and key in self:
            self[key].extend(value)  # type: ignore[attr-defined]
        else:
            super().__setitem__(key, value)


@pytest.fixture(scope="module")
def service() -> dict[str, list[str]]:
    unit = configparser.RawConfigParser(dict_type=Lines, strict=False, empty_lines_in_values=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(_UNIT.read_text().replace("\\\n", ""))
    return {name: value.split("\n") for name, value in unit["Service"].items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_guard(tmp_path_factory.mktemp("unit") / "guard", axis=TWO)


def test_the_command_is_one_of_ours(service: dict[str, list[str]], tmp_path: Path) -> None:
    """With its paths put elsewhere it is understood: what is refused is the guard that is not there."""
    program, *arguments = shlex.split(service["ExecStart"][0].replace("%d", str(tmp_path)).replace("%S", "s"))
    (tmp_path / "keys").write_text("proxy correct-horse-battery-staple\n")
    assert program == "/opt/mindrail/bin/mindrail"
    told = subprocess.run(
        [sys.executable, "-m", "mindrail", *arguments, "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
    )
    assert told.returncode == 4 and "/srv/guards/messages" in told.stderr
    assert set("4") <= set(service["RestartPreventExitStatus"][0].split())


def test_it_may_be_reached_from_this_machine_alone(service: dict[str, list[str]]) -> None:
    assert service["IPAddressDeny"] == ["any"] and service["IPAddressAllow"] == ["localhost"]
    assert service["LimitCORE"] == service["MemorySwapMax"] == ["0"]
    assert service["CapabilityBoundingSet"] == [""] and service["DynamicUser"] == ["yes"]


def _elsewhere(tmp_path: Path) -> Path:
    """The unit with a program that exists here."""
    made = tmp_path / "mindrail.service"
    made.write_text(_UNIT.read_text().replace("/opt/mindrail/bin/mindrail", sys.executable))
    return made


@needs_systemd
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", _elsewhere(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_it_well_confined(tmp_path: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={_MOST_EXPOSED}"]
    done = subprocess.run([*command, _elsewhere(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


@cache
def groups() -> dict[str, list[str]]:
    """systemd's groups of system calls, as this systemd has them."""
    told = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = {}
    for line in told.stdout.splitlines():
        if line.startswith("@"):
            found[name := line.strip()] = []
        elif line.startswith("    ") and not line.strip().startswith("#"):
            found[name].append(line.strip())
    return found


def calls(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    return set[str]().union(*(calls(one) for one in groups()[name]))


def allowed(service: dict[str, list[str]]) -> set[str]:
    """The system calls that the unit leaves."""
    left = calls("@default")
    for line in service["SystemCallFilter"]:
        named = set[str]().union(*(calls(one) for one in line.lstrip("~").split()))
        left = left - (named - calls("@default")) if line.startswith("~") else left | named
    return left


def _confines() -> str:
    """Why this machine cannot confine, or nothing."""
    if shutil.which("systemd-analyze") is None:
        return "there is no systemd-analyze here, which knows the groups of system calls"
    try:
        command = [sys.executable, str(_CONFINED), ",".join(calls("@system-service")), "--", "true"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except (OSError, KeyError) as error:
        return f"cannot confine: {type(error).__name__}"
    return "" if done.returncode == 0 else f"cannot confine: {done.stderr.strip().splitlines()[-1]}"


@pytest.fixture(scope="module")
def prefix(service: dict[str, list[str]]) -> tuple[str, ...]:
    if why := _confines():
        pytest.skip(why)
    return sys.executable, str(_CONFINED), ",".join(sorted(allowed(service))), "--"


def test_the_server_lives_within_it_and_says_the_same(
    folder: Path, tmp_path: Path, prefix: tuple[str, ...]
) -> None:
    """Only the system calls that it allows, and no memory that is written and executed."""
    body = {"input": ["the soup is ready", "a storm and thunder"]}
    said = []
    for name, confined in (("free", ()), ("confined", prefix)):
        home = tmp_path / name
        with serving(folder, home, "--audit", str(home / "audit"), prefix=confined) as server:
            status, raw = server.ask("/v1/moderations", body)
            assert status == 200 and server.ask("/readyz")[0] == 200
            said.append(json.loads(raw)["results"])
            server.process.terminate()
            assert server.process.wait(20) == 0
        assert (home / "audit" / "audit.jsonl").read_text().count("\n") == 2
    assert said[0] == said[1]


def test_such_confines_do_hold(prefix: tuple[str, ...]) -> None:
    """What the unit forbids is refused: otherwise the test above would show nothing."""
    tries = """
import ctypes, mmap
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError as error:
    print("memory", error.errno)
libc = ctypes.CDLL(None, use_errno=True)
print("user", libc.setuid(0), ctypes.get_errno())
print("mount", libc.mount(b"none", b"/", b"tmpfs", 0, None), ctypes.get_errno())
"""
    done = subprocess.run([*prefix, sys.executable, "-c", tries], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["memory 13", "user -1 1", "mount -1 1"]  # EACCES, EPERM, EPERM
