"""`mindrail study`: what it says, what it leaves behind, and with which code it ends."""

import csv
import json
from pathlib import Path

import pytest

from mindrail.cli import main
from mindrail.study import runner

#: stands in every text; must never stand anywhere else
CANARY = "zq-canary-text"


def table(folder: Path, name: str, start: int) -> str:
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "verdict"])
        for i in range(start, start + 40):
            writer.writerow([f"{CANARY} {'smash' if i % 2 else 'soup'} {i}", "bad" if i % 2 else "ok"])
    card = folder / f"{name}.yaml"
    told = "axis: prompt-harm\nlabels: {ok: safe, bad: harmful}\n"
    card.write_text(f"file: {name}.csv\ntext: text\nlabel: verdict\n{told}")
    return str(card)


def planned(folder: Path, labels: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "plan.yaml").write_text(
        f"""
name: tiny
tasks:
  own:
    data:
      taxonomy: prompt-harm
      train: ["{table(folder, "mine", 0)}"]
      test: ["{table(folder, "later", 100)}"]
      dev_size: 10
      allow_leaks: [train/dev, train/test, dev/test]
blocks:
  - {{task: own, labels: {labels}, family: majority, seeds: [0]}}
small:
  - {{task: own, labels: 10, family: majority, seeds: [0]}}
"""
    )
    return folder


def run(*arguments: object, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["study", *(str(argument) for argument in arguments)])
    assert ended.value.code == code


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cells that are done, and one that cannot be: there are no 500 labels."""
    folder = planned(tmp_path_factory.mktemp("study") / "plan", "[10, 500, 20]")
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("mindrail.cli._progress.say", said.append)
        run(folder, "--work", folder / "work", "--jobs", 2, code=6)
    (folder / "said").write_text("\n".join(said))
    return folder


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell may be started."""
    monkeypatch.setattr(runner, "_start", lambda *_: pytest.fail("a cell was started"))


def test_one_cell_fails_the_others_go_on(study: Path) -> None:
    said = (study / "said").read_text().splitlines()
    assert len(said) == 3 and sum(": done (" in line for line in said) == 2
    (failed,) = [line for line in said if "FAILED" in line]
    assert "own 500: majority supervised, seed 0: FAILED with exit code 3, see " in failed
    log = Path(failed.partition("see ")[2].rpartition(" (")[0])
    assert "500 labels asked for, and 30 examples beside dev and test carry one" in log.read_text()
    assert len(list((study / "cells").iterdir())) == 2


def test_the_summary_is_written_and_told(study: Path, idle: None, capsys: pytest.CaptureFixture[str]) -> None:
    run(study, "--summary", code=6)
    told = capsys.readouterr().out
    assert "own 10 majority supervised none main" in told
    assert "2 of 3 cells are done" in told and "1 are not: start the same command again" in told
    summary = json.loads((study / "summary.json").read_text())
    assert (summary["finished"], summary["cells"]) == (2, 3)
    assert (study / "own.svg").read_text().startswith("<svg")


def test_what_is_done_is_not_done_again(study: Path, idle: None, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in (study / "cells").iterdir()}
    for only in ("own 10:", "own 20:"):
        run(study, "--only", only, "--work", study / "work")
        assert "2 of 3 cells are done" in capsys.readouterr().out  # the summary is of all that is there
    run(study, "--small", "--work", study / "work")
    assert {path: path.stat().st_mtime_ns for path in (study / "cells").iterdir()} == before


def test_the_list_says_what_is_done(study: Path, idle: None, capsys: pytest.CaptureFixture[str]) -> None:
    run(study, "--list")
    first, second, third, last = capsys.readouterr().out.splitlines()
    assert first.startswith("done\t") and first.endswith("\town 10: majority supervised, seed 0")
    assert second.startswith("-\t") and third.startswith("done\t")
    assert last == "2 of 3 cells are done"
    run(study, "--list", "--only", "own 500")
    assert capsys.readouterr().out.splitlines()[-1] == "0 of 1 cells are done"
    run(study, "--list", "--json")
    told = json.loads(capsys.readouterr().out)
    assert [one["done"] for one in told] == [True, False, True]
    assert {one["key"] for one in told if one["done"]} == {path.stem for path in (study / "cells").iterdir()}


def test_the_result_is_told_as_json(study: Path, idle: None, capsys: pytest.CaptureFixture[str]) -> None:
    run(study, "--summary", "--json", code=6)
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((study / "summary.json").read_text())
    assert [(row["labels"], row["family"]) for row in told["groups"]] == [(10, "majority"), (20, "majority")]


def test_without_time_no_cell_is_started(
    tmp_path: Path, idle: None, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = planned(tmp_path / "plan", "10")
    run(folder, "--minutes", 0, "--work", folder / "work", code=6)
    assert "0 of 1 cells are done" in capsys.readouterr().out
    assert not (folder / "cells").exists() and not (folder / "summary.json").exists()


def test_one_cell_can_be_run_in_this_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = planned(tmp_path / "plan", "10")
    run(folder, "--list", "--json")
    (cell,) = json.loads(capsys.readouterr().out)
    run(folder, "--cell", cell["key"], "--work", folder / "work")
    assert "done own 10: majority supervised, seed 0" in capsys.readouterr().out
    assert (folder / "cells" / f"{cell['key']}.json").is_file()
    run(folder, "--cell", "0123456789abcdef", "--work", folder / "work", code=2)
    assert "has no cell '0123456789abcdef'" in capsys.readouterr().err


def test_a_folder_without_a_plan_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, code=3)
    assert "no plan.yaml" in capsys.readouterr().err


def test_where_every_cell_failed_the_code_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = planned(tmp_path / "plan", "500")
    monkeypatch.setattr(runner, "run", lambda *_, **__: iter(()))
    run(folder, "--work", folder / "work", code=6)


def test_no_text_leaves_the_splits(study: Path, idle: None) -> None:
    run(study, "--summary", code=6)
    looked = [*(study / "cells").iterdir(), *(study / "work").glob("*.log"), study / "summary.json"]
    assert len(looked) == 2 + 3 + 1
    for path in [*looked, study / "own.svg", study / "said"]:
        assert CANARY not in path.read_text(), path.name
