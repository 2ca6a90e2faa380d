"""A Dockerfile read, and its stages carried out in a folder: enough of the format for ours, and no container."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: what says something of the image and changes nothing in it
_SAID = {"ENV", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}


@dataclass(frozen=True)
class Stage:
    """One FROM with what follows it, as (instruction, argument)."""

    base: str
    name: str
    steps: tuple[tuple[str, str], ...]

    def all(self, instruction: str) -> list[str]:
        return [argument for name, argument in self.steps if name == instruction]

    def words(self, instruction: str) -> list[str]:
        """The last such instruction, in its JSON form."""
        return [str(word) for word in json.loads(self.all(instruction)[-1])]


def read(path: Path) -> list[Stage]:
    """The stages of a Dockerfile."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    made: list[Stage] = []
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        instruction, _, argument = line.strip().partition(" ")
        if instruction == "FROM":
            base, _, name = argument.partition(" AS ")
            made.append(Stage(base, name, ()))
        elif instruction:
            last = made[-1]
            made[-1] = Stage(last.base, last.name, (*last.steps, (instruction, argument.strip())))
    return made


def base(home: Path) -> Path:
    """A folder with `python`, the one that runs this without what was installed into it.

    Copied to `home` where other users may not reach it.
    """
    python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    (home / "bin").mkdir(parents=True)
    name = home / "bin" / "python"
    if all(folder.stat().st_mode & 0o001 for folder in python.parents):
        name.symlink_to(python)
        return name.parent
    library = Path(os.__file__).parent
    others = shutil.ignore_patterns("site-packages", "test", "tests", "idlelib", "config-*", "__pycache__")
    shutil.copytree(library, home / "lib" / library.name, ignore=others)
    shutil.copy(python, home / "bin")
    for shared in library.parent.glob("libpython*.so*"):
        shutil.copy(shared, home / "lib")
    name.symlink_to(python.name)
    return name.parent


def build(stages: list[Stage], context: Path, root: Path, programs: Path) -> list[Path]:
    """Carry out every stage in a folder of its own under `root`; `programs` holds the base image's `python`.

    Absolute paths under /opt mean those in the stage's folder, and a folder is copied between stages as it is, by a
    link, since an environment knows its own place. Raises CalledProcessError, and ValueError for other instructions.
    """
    settings = os.environ | {"PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": ""}
    folders: list[Path] = []
    for number, stage in enumerate(stages):
        here = root / str(number)
        (here / "opt").mkdir(parents=True)
        place = here
        for instruction, argument in stage.steps:
            if instruction == "WORKDIR":
                place = here / argument.lstrip("/")
                place.mkdir(parents=True)
            elif instruction == "COPY" and argument.startswith("--from="):
                name, source, target = argument.removeprefix("--from=").split()
                given = folders[[one.name for one in stages].index(name)]
                (here / target.lstrip("/")).symlink_to(given / source.lstrip("/"))
            elif instruction == "COPY":
                *sources, target = argument.split()
                for source in sources:
                    _copy(context / source, place / target)
            elif instruction == "RUN":
                command = argument.replace("/opt/", f"{here}/opt/")
                subprocess.run(["/bin/sh", "-ec", command], cwd=place, env=settings, check=True)
            elif instruction not in _SAID:
                raise ValueError(f"this reader knows no {instruction}")
        folders.append(here)
    return folders


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
