"""The whole loop from a table of a user's own to an answered message, through the command line."""

import csv
import json
import sys
from pathlib import Path

import pytest

from helpers import tiny
from mindrail import Guard, files
from mindrail.cli import main
from mindrail.data import fetch
from mindrail.recipes import build as building
from mindrail.recipes.split import Split

_SUBJECTS = ("soup", "park", "train", "garden", "letter", "window", "choir", "bicycle", "river", "kitchen")
_VOICES = ("my aunt says", "today we found", "nobody expected", "please look at", "remember when we saw")
_SAFE = ("was calm and lovely", "made everybody smile", "smelled of bread", "stood in soft light")
_BAD = (
    "will be smashed by me tonight",
    "must burn and they must pay",
    "gets hurt if they come back",
    "is my revenge",
)


def table(folder: Path, name: str, start: int) -> Path:
    """A table of 80 invented messages, half of them threats, and its card; `start` keeps tables apart."""
    rows = []
    for i in range(80):
        subject, voice = _SUBJECTS[(i + start) % 10], _VOICES[(i // 10 + start) % 5]
        end = (_BAD if i % 2 else _SAFE)[(i // 2 + start) % 4]
        rows.append(
            {"message": f"{voice} the {subject} {start + i} which {end}", "verdict": "bad" if i % 2 else "ok"}
        )
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["message", "verdict"])
        writer.writeheader()
        writer.writerows(rows)
    card = folder / f"{name}.yaml"
    card.write_text(
        f"file: {name}.csv\ntext: message\nlabel: verdict\naxis: prompt-harm\nlabels: {{ok: safe, bad: harmful}}\n"
    )
    return card


def run(*arguments: object, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == code


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    train, test = table(tmp_path, "mine", 0), table(tmp_path, "later", 100)
    run(
        *("prepare", "--taxonomy", "prompt-harm", "--train", train, "--test", test, "--labels", 30),
        *(
            "--set",
            "dev_size=40",
            "--set",
            "allow_leaks=[train/dev,train/test,dev/test]",
            "--out",
            tmp_path / "split",
        ),
    )
    return tmp_path


def test_every_step_alone_linear(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    split, folder = prepared / "split", prepared / "run"
    assert Split.load(split).about["rows"] == {"labelled": 30, "unlabelled": 10, "dev": 40, "test": 80}
    run("train", "--split", split, "--family", "linear", "--out", folder)
    run("calibrate", "--run", folder, "--split", split, "--recall", 0.8)
    run("evaluate", "--run", folder, "--split", split, "--out", prepared / "report")
    run("export", "--run", folder, "--split", split, "--recall", 0.8, "--out", prepared / "guard")
    for name in ("report.html", "report.md", "report.json"):
        assert (prepared / "report" / name).stat().st_size > 1000
    guard = Guard.load(prepared / "guard", self_test=True, thorough=True)
    assert guard("today we found the garden which must burn and they must pay").decision != "allow"
    assert guard("my aunt says the choir which smelled of bread").decision == "allow"
    capsys.readouterr()
    run(
        "check",
        "--guard",
        prepared / "guard",
        "--json",
        "nobody expected the letter which made everybody smile",
    )
    assert '"decision"' in capsys.readouterr().out


def test_training_again_changes_nothing_and_other_settings_are_refused(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split, folder = prepared / "split", prepared / "run"
    run("train", "--split", split, "--family", "linear", "--out", folder)
    before = files.sha256(folder / "model" / "linear.safetensors")
    run("train", "--split", split, "--family", "linear", "--out", folder)
    assert files.sha256(folder / "model" / "linear.safetensors") == before
    run("train", "--split", split, "--family", "linear", "--seed", 3, "--out", folder, code=2)
    assert "holds another run" in capsys.readouterr().err
    run("train", "--split", split, "--family", "linear", "--out", prepared / "again")
    assert files.sha256(prepared / "again" / "model" / "linear.safetensors") == before


def test_compare_says_when_data_do_not_suffice(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    split = prepared / "split"
    for name, family in (("a", "linear"), ("b", "majority")):
        run("train", "--split", split, "--family", family, "--out", prepared / name)
        run("calibrate", "--run", prepared / name, "--split", split)
    capsys.readouterr()
    run("compare", "--split", split, "--a", prepared / "a", "--b", prepared / "b", "--json")
    lines = {line["metric"]: line["verdict"] for line in json.loads(capsys.readouterr().out)["lines"]}
    assert lines["auroc"] == "a_better"
    run("compare", "--split", split, "--a", prepared / "a", "--b", prepared / "a", "--json")
    same = {line["verdict"] for line in json.loads(capsys.readouterr().out)["lines"]}
    assert "a_better" not in same
    assert "b_better" not in same


def recipe(folder: Path, **data: object) -> Path:
    settings = {"taxonomy": "prompt-harm", "labels": 30, "dev_size": 40, "allow_leaks": ["train/dev"]} | data
    path = folder / "recipe.yaml"
    model = tiny.encoder(folder / "encoder")
    train = {"family": "encoder", "settings": {"model": str(model), **tiny.SETTINGS}}
    path.write_text(json.dumps({"name": "tiny", "data": settings, "train": train, "export": {"texts": 60}}))
    return path


def test_build_from_one_recipe_with_an_encoder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, test = table(tmp_path, "mine", 0), table(tmp_path, "later", 100)
    leaks = ["train/dev", "train/test", "dev/test"]
    path = recipe(tmp_path, train=[str(train)], test=[str(test)], allow_leaks=leaks)
    run("build", path, "--out", tmp_path / "out")
    told = capsys.readouterr().out
    for word in ("test F1", "promise", "report.html", "guard", "one check"):
        assert word in told
    guard = tmp_path / "out" / "tiny" / "guard"
    parity = files.read_json(guard / "parity.json")
    assert parity["shipped"] in {"float32", *(tried["name"] for tried in parity["tried"])}
    from transformers import AutoModelForSequenceClassification

    plain = AutoModelForSequenceClassification.from_pretrained(guard)
    assert plain.config.id2label[1] == "harmful"


def test_build_without_sources_follows_the_other_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINDRAIL_DATA", raising=False)
    monkeypatch.setenv("MINDRAIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch, "PATIENCE", 0.5)
    path = recipe(tmp_path, train=["aart"], test=["wildguardtest-prompts"])
    value = json.loads(path.read_text()) | {"without_data": "other.yaml"}
    path.write_text(json.dumps(value))
    (tmp_path / "other.yaml").write_text(
        "name: other\ndata: {taxonomy: emotional-risk, train: [starter], test: [minimal-pairs], labels: 60}\n"
        "train: {family: linear}\ncaution: only the tool\n"
    )
    work, said = building.build(path, tmp_path / "out"), []
    while True:
        try:
            said.append(next(work))
        except StopIteration as ended:
            built = ended.value
            break
    assert "starter" in str(said[0])
    assert built.recipe.caution == "only the tool"
    assert built.evaluation.pairs is not None


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"train": ["no-such-set"]}, 2, "unknown set"),
        ({"labels": 4000}, 3, "labels asked for"),
        ({"taxonomy": "no-such"}, 2, "unknown taxonomy"),
        ({"allow_leaks": []}, 3, "allow_leaks"),
        ({"labls": 30}, 2, "did you mean 'labels'"),
        ({"labels": "many"}, 2, "expected int"),
        ({"test_split": "final"}, 3, "no example is in split"),
    ],
    ids=["set", "labels", "taxonomy", "leak", "key", "type", "split"],
)
def test_bad_recipes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], code: int, told: str
) -> None:
    train = table(tmp_path, "mine", 0)
    given = {"train": [str(train)], "test": [str(table(tmp_path, "later", 0))]} | change
    run("build", recipe(tmp_path, **given), "--out", tmp_path / "out", code=code)
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out" / "tiny" / "split").exists()


def test_one_class_only_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = table(tmp_path, "mine", 0)
    rows = (tmp_path / "mine.csv").read_text().splitlines()
    (tmp_path / "mine.csv").write_text("\n".join(row for row in rows if not row.endswith("bad")))
    path = recipe(
        tmp_path, train=[str(train)], test=[str(table(tmp_path, "later", 100))], labels=10, dev_size=20
    )
    run("build", path, "--out", tmp_path / "out", code=3)
    assert "all" in capsys.readouterr().err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    told = capsys.readouterr().out
    documented = (Path(__file__).parents[2] / "README.md").read_text() + "".join(
        page.read_text() for page in (Path(__file__).parents[2] / "docs").glob("*.md")
    )
    from mindrail import plugins

    for name in plugins.names("command"):
        assert name in told
        assert f"mindrail {name}" in documented, f"no page shows `mindrail {name}`"


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    import subprocess

    script = (
        "import sys; from mindrail.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
