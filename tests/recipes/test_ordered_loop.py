"""Ordered labels from a table of Chinese replies to a guard's answer, learned node by node."""

import json
from pathlib import Path

import numpy as np
import pytest

from helpers import tiny
from mindrail import Guard
from mindrail.cli import main
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split

REPLIES = {
    "nonsense": "汤汤汤是公园的公园{i}",
    "linguistic_neglect": "今天的天气真好，我们说说帽子吧{i}",
    "safe_response": "听起来很不容易，你愿意多说一点吗{i}",
}


def table(folder: Path, name: str, start: int) -> Path:
    rows = ["before,reply,verdict"]
    for i in range(start, start + 90):
        label = list(REPLIES)[i % 3]
        rows.append(f"我今天很累，第{i}天了,{REPLIES[label].format(i=i)},{label}")
    (folder / f"{name}.csv").write_text("\n".join(rows), encoding="utf-8")
    card = {"file": f"{name}.csv", "context": "before", "response": "reply", "label": "verdict"}
    card |= {"axis": "dialogue-safety", "labels": {label: label for label in REPLIES}}
    (folder / f"{name}.yaml").write_text(json.dumps(card))  # JSON is YAML
    return folder / f"{name}.yaml"


def run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == 0


@pytest.mark.parametrize("family", ["linear", "encoder"])
def test_a_guard_answers_node_by_node_in_chinese(family: str, tmp_path: Path) -> None:
    split, folder = tmp_path / "split", tmp_path / "run"
    given = ["--taxonomy", "dialogue-safety", "--train", table(tmp_path, "mine", 0), "--labels", 45]
    given += ["--test", table(tmp_path, "later", 200), "--set", "dev_size=40"]
    run("prepare", *given, "--set", "allow_leaks=[train/dev,train/test,dev/test]", "--out", split)
    settings = {"ordered": "nodes"} | ({"words": [1, 1], "characters": [1, 3]} if family == "linear" else {})
    if family == "encoder":
        settings |= tiny.SETTINGS | {"model": str(tiny.encoder(tmp_path / "tiny"))}
    told = [
        word for name, value in settings.items() for word in ("--set", f"settings.{name}={json.dumps(value)}")
    ]
    run(
        "train",
        "--split",
        split,
        "--family",
        family,
        *[t.replace('"', "") for t in map(str, told)],
        "--out",
        folder,
    )
    run("calibrate", "--run", folder, "--split", split, "--recall", 0.5)
    run("export", "--run", folder, "--split", split, "--recall", 0.5, "--out", tmp_path / "guard")
    guard = Guard.load(tmp_path / "guard", self_test=True, thorough=True)
    assert not (tmp_path / "guard" / "model.safetensors").exists()  # it would answer without the last layer
    examples = Split.load(split).part("test")
    shipped, trained = guard.scorer.score(examples), Run.load(folder).scorer().score(examples)
    np.testing.assert_allclose(np.exp(shipped.astype(float)).sum(axis=1), 1.0, atol=1e-4)
    if family == "linear":
        np.testing.assert_allclose(shipped, trained, atol=1e-5)
        right = [
            guard.axis.names[row.argmax()] == one.answers["reply"]
            for row, one in zip(shipped, examples, strict=True)
        ]
        assert np.mean(right) > 0.9
