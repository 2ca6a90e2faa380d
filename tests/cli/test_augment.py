"""`mindrail augment`: what it prints, how it ends, and never a word of the texts."""

import json
from pathlib import Path

import pytest

from helpers import splits
from mindrail.cli import main
from mindrail.recipes.split import Split

CANARY = "zq-canary-text"


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return splits.split(tmp_path_factory.mktemp("split"), 10, extra=CANARY)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


def run(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["augment", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    assert CANARY not in out + err
    return out, err


def test_it_makes_views_and_says_how_many(
    split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = run(
        capsys, "--split", split.folder, "--views", 3, "--set", "settings.swap=0.3", "--out", tmp_path / "v"
    )
    assert "of 30 views" in out and str(tmp_path / "v") in out and "augment: step" in err
    again, err = run(
        capsys, "--split", split.folder, "--views", 3, "--set", "settings.swap=0.3", "--out", tmp_path / "v"
    )
    assert again == out and not err


def test_as_json(split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(
        capsys,
        "--split",
        split.folder,
        "--out",
        tmp_path / "v",
        "--limit",
        4,
        "--parts",
        "labelled",
        "--json",
    )
    told = json.loads(out)
    assert told["counts"]["texts"] == 4 and told["job"]["parts"] == ["labelled"]


def test_settings_from_a_file(split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.yaml").write_text("method: dropout\nviews: 1\n")
    out, _ = run(capsys, "--split", split.folder, "--out", tmp_path / "v", "--config", tmp_path / "own.yaml")
    assert "10 of 10 views" in out


def test_a_prompt_is_shown_and_nothing_is_made(
    split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = run(
        capsys, "--split", split.folder, "--method", "rewrite", "--show-prompt", "--out", tmp_path / "v"
    )
    assert "--- system" in out and "20 requests" in out and not (tmp_path / "v").exists()
    out, _ = run(capsys, "--split", split.folder, "--method", "paraphrase", "--show-prompt", "--json")
    assert json.loads(out)["requests"] == 20


def test_a_dead_server_ends_with_five(
    split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = "settings.chat"
    settings = (f"{chat}.provider=fake", f'{chat}.settings={{"failing": {{"down": 1.0}}}}')
    given = [word for setting in settings for word in ("--set", setting)]
    _, err = run(
        capsys, "--split", split.folder, "--method", "rewrite", *given, "--out", tmp_path / "v", code=5
    )
    assert err.startswith("error[unreachable]") and "same command again" in err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--parts", "test"], 2, "never augmented"),
        (["--method", "edti"], 2, "did you mean 'edit'"),
        (["--set", "views=0"], 2, "expected 1 or more"),
        (["--method", "edit", "--show-prompt"], 2, "no prompt to show"),
        (["--judge", "nowhere"], 3, "neither a guard nor a finished run"),
        ([], 2, "--out is missing"),
    ],
    ids=["part", "method", "views", "prompt", "judge", "out"],
)
def test_bad_requests(
    arguments: list[str],
    code: int,
    told: str,
    split: Split,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = ["--out", tmp_path / "v"] if arguments and "--show-prompt" not in arguments else []
    _, err = run(capsys, "--split", split.folder, *arguments, *place, code=code)
    assert told in err and len(err.strip().splitlines()) == 1


def test_no_split_no_views(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "--split", tmp_path / "none", "--out", tmp_path / "v", code=3)
