"""The commands, as a user types them."""

import io
import json
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from mindrail import cli
from mindrail.annotate.desk import Desk
from mindrail.annotate.project import Project


def run(*words: object) -> tuple[int, Any]:
    """Exit code, and the result as JSON."""
    out = io.StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit) as ended:
        cli.main([*map(str, words), "--json"])
    return int(str(ended.value.code)), json.loads(out.getvalue() or "null")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.txt").write_text("".join(f"Walk number {n} in the park\n" for n in range(40)))
    code, made = run(
        "annotate", "init", tmp_path / "p", "--taxonomy", "emotional-risk", "--data", tmp_path / "m.txt",
        "--pinned-test", 10, "--annotator", "ana", "--annotator", "ben", "--lead", "cleo", "--set", "overlap=1.0",
    )  # fmt: skip
    assert (code, made["pool"], made["test"], list(made["links"])) == (0, 30, 10, ["cleo", "ana", "ben"])
    return tmp_path / "p"


def label(folder: Path) -> None:
    """Ana and Ben label everything; Ben sees seven otherwise."""
    project = Project(folder)
    for who, every in (("ana", 99), ("ben", 4)):
        desk, n = Desk(project, who), 0
        while (asked := desk.next()) is not None:
            risk = "unsafe" if n % 5 == 0 else "borderline" if n % every == 1 else "safe"
            desk.label(f"{who}{n}", asked.item.example.id, {"risk": risk})
            n += 1
    project.close()


def test_from_messages_to_agreement_and_back_again(folder: Path, tmp_path: Path) -> None:
    label(folder)
    code, told = run("annotate", "status", folder)
    assert (code, told["parts"]["test"]["done"], told["disputes"]) == (0, 10, 7)
    code, found = run("agreement", folder, "--rounds", 50)
    assert (code, found["risk"]["overall"]["shared"]) == (0, 40)
    assert found["risk"]["overall"]["coefficients"]["percent"]["value"] == pytest.approx(33 / 40)
    _, test = run("agreement", folder, "--part", "test", "--rounds", 5)
    assert test["risk"]["overall"]["shared"] == 10
    code, made = run("annotate", "export", folder, "--out", tmp_path / "out")
    assert (code, [Path(name).name for name in made["files"]]) == (0, ["out.jsonl", "out.yaml"])
    _, files = run("agreement", tmp_path / "out.jsonl", "--taxonomy", "emotional-risk", "--rounds", 50)
    same = [one["risk"]["overall"]["coefficients"]["alpha"]["value"] for one in (found, files)]
    assert same[0] == same[1]
    assert run("annotate", "backup", folder, tmp_path / "copy.db")[0] == 0
    assert run("annotate", "restore", tmp_path / "again", tmp_path / "copy.db")[0] == 0
    assert run("annotate", "status", tmp_path / "again")[1] == told
    _, read = run("annotate", "import", tmp_path / "again", tmp_path / "out.jsonl")
    assert (read["labels"], read["kept"]) == (0, 80)


def test_a_new_link_and_another_order(folder: Path) -> None:
    code, made = run("annotate", "link", folder, "dan", "--lead")
    assert code == 0
    found = Project(folder).who(re.fullmatch(r"http://127\.0\.0\.1:8765/#(\S+)", made["link"])[1])  # type: ignore[index]
    assert found is not None and (found.name, found.lead) == ("dan", True)
    assert run("annotate", "rank", folder, "--ask", "diversity") == (
        0,
        {"ask": "diversity", "asked_again": 0},
    )
    assert Project(folder).settings.ask == "diversity"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["annotate", "status", "nowhere"], 3, "no project is here"),
        (["annotate", "nowhere"], 3, "no project is here"),
        (
            ["annotate", "init", "x", "--taxonomy", "emotional-rsk", "--data", "y"],
            2,
            "did you mean 'emotional-risk'",
        ),
        (["annotate", "rank", "P", "--ask", "uncertainty"], 2, "--guard DIR"),
        (["annotate", "import", "P", "F", "--map", "x"], 2, "with = between"),
        (["annotate", "import", "P", "F", "--map", "odd=even"], 3, "not ours"),
        (["annotate", "backup", "P", "/proc/no/copy.db"], 5, "cannot write"),
        (["annotate", "init", "P", "--taxonomy", "emotional-risk", "--data", "F"], 3, "already"),
        (["agreement", "F", "--every", "0"], 2, "1 or more"),
        (["agreement", "P", "F"], 2, "one project, or files"),
    ],
)
def test_refusals_say_what_to_do_and_have_their_code(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    file = folder / "f.jsonl"
    row = {
        "messages": [{"role": "user", "content": "hello there"}],
        "labels": [{"annotator": "u", "answers": {"risk": "odd"}}],
    }
    file.write_text(json.dumps(row) + "\n")
    if "init" in words and words[2] == "P":
        words = [*words[:-1], str(folder.parent / "m.txt")]
    named = [{"P": str(folder), "F": str(file)}.get(word, word) for word in words]
    with pytest.raises(SystemExit) as ended:
        cli.main(named)
    assert (ended.value.code, told in capsys.readouterr().err) == (code, True)


def test_the_page_starts_without_training_libraries(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from mindrail.annotate.app import build; "
        "from mindrail.annotate.project import Project; import mindrail.cli.annotate; "
        f"build(Project(Path({str(folder)!r}))); "
        "print([m for m in ('torch', 'transformers', 'sklearn', 'pandas', 'datasets', 'peft') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_erasing_asks_for_a_yes(folder: Path) -> None:
    label(folder)
    with Project(folder).database.reading() as db:
        (name,) = db.execute("SELECT id FROM item LIMIT 1").fetchone()
    assert run("annotate", "erase", folder)[0] == 2
    counted = {"items": 1, "labels": 2, "notes": 0}
    assert run("annotate", "erase", folder, name) == (0, counted | {"erased": False})
    assert run("annotate", "erase", folder, name, "--yes") == (0, counted | {"erased": True})
    assert run("annotate", "erase", folder, name, "--yes")[0] == 2
