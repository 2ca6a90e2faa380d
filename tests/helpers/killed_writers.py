"""People who label in processes of their own until they are killed, and what was acknowledged to them.

python killed_writers.py FOLDER NAME     # prints a uid each time a label is on the disk
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from mindrail.annotate.desk import Desk
from mindrail.annotate.project import Project


def write(folder: Path, who: str) -> None:
    """Label whatever comes, and say so only afterwards."""
    desk = Desk(Project(folder), who)
    labels = desk.project.taxonomy.axes[0].names
    count = 0
    while (asked := desk.next()) is not None:
        uid, said = uuid.uuid4().hex, {desk.project.taxonomy.axes[0].name: labels[count % len(labels)]}
        desk.label(uid, asked.item.example.id, said)
        os.write(1, f"{uid} {asked.item.example.id}\n".encode())
        count += 1


def round_of_kills(folder: Path, people: Sequence[str], seconds: float, into: Path) -> list[tuple[str, str]]:
    """Let everybody label for so long, end them all with SIGKILL; (uid, item) of what was acknowledged."""
    logs = [into / f"{who}-{time.monotonic_ns()}.txt" for who in people]
    writers = []
    for who, log in zip(people, logs, strict=True):
        with log.open("wb") as out:
            words = [sys.executable, __file__, str(folder), who]
            writers.append(subprocess.Popen(words, stdout=out))
    give_up = time.monotonic() + 60
    while not all(log.stat().st_size for log in logs) and time.monotonic() < give_up:
        time.sleep(0.01)
    time.sleep(seconds)
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    lines = [
        line for log in logs for line in log.read_text().split("\n")[:-1]
    ]  # a half line was not read by anybody
    return [(uid, item) for uid, item in map(str.split, lines)]


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2])
