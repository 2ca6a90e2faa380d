"""The image without Docker: the steps of the Dockerfile taken in a folder, and what they lead to, used."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import yaml

from helpers import dockerfile
from helpers.axes import TWO
from helpers.dockerfile import Stage
from helpers.guards import tiny_guard
from helpers.served import BRIEF, KEY, Server, started

_ROOT = Path(__file__).parents[2]
_FILE = _ROOT / "deploy" / "Dockerfile"
#: what the image adds to its base, in MiB
_MOST = 260
_NEVER = ("torch", "transformers", "sklearn", "scipy", "pip", "pytest")

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Image:
    """What the last stage is and where it lies, with the things that are mounted into it."""

    stage: Stage
    root: Path
    mounts: dict[str, Path]

    def command(self) -> list[str]:
        """What a container runs, with the paths of this machine."""
        words = [*self.stage.words("ENTRYPOINT"), *self.stage.words("CMD")]
        here = [str(self.mounts.get(word, word)) for word in words]
        return [str(self.root / "opt/mindrail/bin" / here[0]), *here[1:]]

    def near(self) -> list[str]:
        """The same, reached from this machine alone and on a free port."""
        near = ["127.0.0.1" if word == "0.0.0.0" else word for word in self.command()]
        return [*near, "--port", "0", *BRIEF]

    @property
    def settings(self) -> dict[str, str]:
        """Where a copied Python finds its own library."""
        return {"LD_LIBRARY_PATH": str(self.root.parents[1] / "base/lib"), "TMPDIR": "/tmp"}

    @property
    def python(self) -> str:
        return str(self.root / "opt/mindrail/bin/python")


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    return dockerfile.read(_FILE)


@pytest.fixture(scope="module")
def image(stages: list[Stage]) -> Iterator[Image]:
    """Built, in a folder that every user may enter; skipped where no package can be fetched."""
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        home = Path(name)
        home.chmod(0o755)
        index = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", name, "hatchling"]
        if subprocess.run(index, capture_output=True, check=False).returncode:
            pytest.skip("no package index answers here, and an image is made of packages")
        programs = dockerfile.base(home / "base")
        root = dockerfile.build(stages, _ROOT, home / "stages", programs)[-1]
        guard, keys = tiny_guard(home / "guard", axis=TWO), home / "keys"
        keys.write_text(f"tester {KEY} admin\n")
        for path in (*guard.rglob("*"), guard, keys):
            path.chmod(0o755 if path.is_dir() else 0o444)
        yield Image(stages[-1], root, {"/guard": guard, "/keys": keys})


def judges(server: Server) -> None:
    status, said = server.ask("/v1/moderations", {"input": ["the soup is ready", "a storm and thunder"]})
    assert status == 200
    assert [result["flagged"] for result in json.loads(said)["results"]] == [False, True]


def _printed(image: Image, code: str, *given: str) -> str:
    command = [image.python, "-I", "-c", code, *given]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_it_holds_what_it_needs_and_no_more(image: Image) -> None:
    asked = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    assert _printed(image, asked, "mindrail", *_NEVER) == "['mindrail']\n"
    layer = (image.root / "opt/mindrail").resolve()
    size = sum(path.lstat().st_blocks * 512 for path in layer.rglob("*")) / 2**20
    assert size < _MOST


def test_its_versions_are_those_that_everything_is_tested_with(image: Image) -> None:
    asked = """
import importlib.metadata, json
print(json.dumps({one.name.lower(): one.version for one in importlib.metadata.distributions()}))
"""
    held = json.loads(_printed(image, asked))
    lines = (line.partition("==") for line in (_ROOT / "constraints.txt").read_text().splitlines())
    wanted = {name: version for name, sign, version in lines if sign}
    both = set(held) & set(wanted)
    assert {"numpy", "onnxruntime", "starlette", "uvicorn"} <= both
    assert {name: held[name] for name in both} == {name: wanted[name] for name in both}


def test_without_keys_it_opens_itself_to_nobody(image: Image) -> None:
    """Its own command, with the address of a container: refused before anything is opened."""
    command = [word for word in image.command() if word not in ("--keys", str(image.mounts["/keys"]))]
    done = subprocess.run(command, env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "set up keys first" in done.stderr


def test_its_command_answers_and_its_health_is_checked(image: Image, tmp_path: Path) -> None:
    check = json.loads(image.stage.all("HEALTHCHECK")[-1].partition("CMD ")[2])
    with started(image.near(), tmp_path / "home", image.settings) as server:
        judges(server)
        port = server.url.rpartition(":")[2]
        asking = [image.python, *(word.replace("8000", port) for word in check[1:])]
        assert subprocess.run(asking, check=False, capture_output=True).returncode == 0
        server.process.terminate()
        assert server.process.wait(20) == 0
        assert subprocess.run(asking, check=False, capture_output=True).returncode != 0


_READ_ONLY = """
mount -o remount,bind,ro / && exec setpriv --reuid {user} --regid {group} --clear-groups --bounding-set=-all \\
  --no-new-privs "$@"
"""


def _confinement() -> list[str]:
    """What makes a command another user's, with nothing it may write to; empty where that cannot be done."""
    user, _, group = dockerfile.read(_FILE)[-1].all("USER")[-1].partition(":")
    script = _READ_ONLY.format(user=user, group=group)
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
    try:
        done = subprocess.run([*command, "true"], capture_output=True, check=False)
    except OSError:
        return []
    return command if done.returncode == 0 else []


@pytest.mark.skipif(
    not _confinement(), reason="only root can become another user here, and make everything read-only"
)
def test_it_runs_as_nobody_where_nothing_can_be_written(image: Image, tmp_path: Path) -> None:
    with started([*_confinement(), *image.near()], tmp_path / "home", image.settings) as server:
        judges(server)
        process = psutil.Process(server.process.pid)
        assert process.uids().real == process.uids().effective == 65532
        assert Path(f"/proc/{process.pid}/status").read_text().count("CapEff:\t0000000000000000") == 1
        mounts = Path(f"/proc/{process.pid}/mounts").read_text().splitlines()
        (how,) = [line.split()[3] for line in mounts if line.split()[1] == "/"]
        assert "ro" in how.split(",")
        server.process.terminate()
        assert server.process.wait(20) == 0


def test_compose_confines_it_as_the_dockerfile_says() -> None:
    guard = yaml.safe_load((_ROOT / "deploy" / "compose.yaml").read_text())["services"]["guard"]
    assert guard["read_only"] is True and guard["cap_drop"] == ["ALL"] and "tmpfs" not in guard
    assert guard["security_opt"] == ["no-new-privileges:true"] and guard["ulimits"] == {"core": 0}
    assert guard["ports"] == ["127.0.0.1:8000:8000"]
    mounts = {one["target"]: one.get("read_only", False) for one in guard["volumes"]}
    assert mounts == {"/guard": True, "/keys": True, "/audit": False}
    assert guard["command"][1] in mounts and guard["command"][3] in mounts


def test_the_context_holds_every_file_that_is_copied(stages: list[Stage]) -> None:
    kept = (_FILE.with_name("Dockerfile.dockerignore")).read_text().split()
    copied = [source for one in stages[0].all("COPY") for source in one.split()[:-1]]
    assert kept[0] == "*" and {f"!{source}" for source in copied} <= set(kept)
    assert all((_ROOT / source).exists() for source in copied)
