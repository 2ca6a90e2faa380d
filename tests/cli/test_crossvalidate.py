"""`mindrail crossvalidate`: what it says, and what it leaves behind."""

import json
from pathlib import Path

import pytest

from mindrail.cli import main

#: stands in every text; must never be said
CANARY = "zqcanary"


def run(*arguments: object, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["crossvalidate", *(str(argument) for argument in arguments)])
    assert ended.value.code == code


def test_measures_out_of_fold_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{CANARY} {'storm' if i % 3 else 'soup'} {i},{'bad' if i % 3 else 'ok'}" for i in range(30)]
    (tmp_path / "mine.csv").write_text("\n".join(["text,verdict", *rows]))
    card = {"file": "mine.csv", "text": "text", "label": "verdict", "axis": "prompt-harm"}
    (tmp_path / "mine.yaml").write_text(json.dumps(card | {"labels": {"ok": "safe", "bad": "harmful"}}))
    given = ["--taxonomy", "prompt-harm", "--examples", tmp_path / "mine.yaml", "--folds", 3]
    given += ["--set", "train.family=linear", "--set", "near=0.0", "--out", tmp_path / "out"]
    run(*given)
    told = capsys.readouterr()
    assert "30 examples in 3 folds (30 groups), out of fold: f1 1.000" in told.out
    assert CANARY not in told.out + told.err
    run(*given, "--json")
    assert json.loads(capsys.readouterr().out)["sizes"] == [10, 10, 10]
    run(*given, "--set", "fold_seed=1", code=2)
    assert "holds another cross-validation" in capsys.readouterr().err
