"""The walkthrough, command by command as the page has them, on the starter messages in place of a log."""

import csv
import random
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from mindrail import cli, taxonomy
from mindrail.annotate.desk import Desk
from mindrail.annotate.project import Project
from mindrail.data import corpus

PAGE = Path(__file__).parents[2] / "docs" / "walkthrough.md"
RISK = taxonomy.load("emotional-risk")


def blocks() -> Iterator[str]:
    """What stands in the page's fences, with the language first."""
    yield from PAGE.read_text().replace("\\\n", " ").split("```")[1::2]


def log(folder: Path) -> dict[str, str]:
    """A table of messages in the page's columns, and what each message is."""
    examples = [one for one in corpus.read("starter", RISK, RISK.axes[0]) if one.answers]
    random.Random(1).shuffle(examples)
    with (folder / "chats.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["message_id", "person", "sent_at", "message"])
        for n, example in enumerate(examples):
            writer.writerow([f"m{n}", f"p{n % 300}", f"2026-01-{1 + n % 28:02d}T12:00:00Z", example.text])
    return {example.normalised(): str(example.answers["risk"]) for example in examples}


def label(project: Path, who: str, size: int, truth: dict[str, str]) -> None:
    made = Project(project)
    desk = Desk(made, who)
    for n in range(size):
        if (asked := desk.next()) is not None:
            said = truth[asked.item.example.normalised()]
            desk.label(f"{who}{n}", asked.item.example.id, {"risk": said})
    made.close()


def test_every_step_of_the_page_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    truth = log(tmp_path)
    commands = []
    for block in blocks():
        language, _, content = block.partition("\n")
        if language == "yaml":
            (tmp_path / "chats.yaml").write_text(content)
        else:
            assert language == "sh"
            commands += content.splitlines()
    assert len(commands) == 14
    for command in commands:
        _, *words = shlex.split(command)
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 0, (command, capsys.readouterr().err)
        if words[:3] == ["annotate", "init", "review"]:
            label(Path("review"), "ana", 400, truth)
            label(Path("review"), "carla", 120, truth)
    said = capsys.readouterr().out
    assert "of 150 done" in said and "alpha" in said and "false alarms" in said and "erased" in said
    assert {"report", "guards", "scans", "next.jsonl", "next"} <= {path.name for path in tmp_path.iterdir()}
