"""A guard appears whole and tested, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.axes import SCALE, TWO
from helpers.guards import calibration, model_files, onnx_model, taxonomy, tiny_guard
from mindrail.errors import BrokenGuard, UsageError, WrongTaxonomy
from mindrail.guard import Guard
from mindrail.guard.writer import write_guard


def write(folder: Path, **changed: Any) -> None:
    settings: dict[str, Any] = {
        "kind": "onnx",
        "taxonomy": taxonomy(SCALE),
        "axis": SCALE,
        "calibration": calibration(SCALE),
        "card": "# card\n",
        "made_from": {"run": "r" * 64},
    }
    if "runtime_files" not in changed:
        settings["runtime_files"] = model_files("onnx", SCALE, folder.with_name("parts"))
    write_guard(folder, **(settings | changed))


def test_files_may_be_given_by_place_or_by_content(tmp_path: Path) -> None:
    write(tmp_path / "a")
    names = ("model.onnx", "tokenizer.json", "reach.json")
    write(tmp_path / "b", runtime_files={name: tmp_path / "parts" / name for name in names})
    assert Guard.load(tmp_path / "a").id == Guard.load(tmp_path / "b").id


def test_the_id_changes_with_what_decides_answers_and_with_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b", card="# another card\n", documents={"evaluation.json": b"{}"}, made_from={})
    stricter = json.loads(json.dumps(calibration(SCALE).to_dict()))
    stricter["thresholds"][0]["review"] = 0.2
    write(tmp_path / "c", calibration=calibration(SCALE).from_dict(stricter))
    a, b, c = (Guard.load(tmp_path / name).id for name in "abc")
    assert a == b != c


def test_the_manifest_says_what_it_was_made_from_and_with(tmp_path: Path) -> None:
    manifest = Guard.load(tiny_guard(tmp_path / "guard")).manifest
    assert manifest.made_from == {"run": "0" * 64}
    assert {"numpy", "onnxruntime"} <= set(manifest.created_with)
    roles = {name: entry.role for name, entry in manifest.files.items()}
    assert roles["README.md"] == roles["evaluation.json"] == "document"
    assert roles["config.json"] == roles["model.safetensors"] == "transformers"
    assert roles["model.onnx"] == roles["golden.json"] == "runtime"


def test_an_older_guard_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "guard", documents={"old.txt": b"old"})
    write(tmp_path / "guard")
    Guard.load(tmp_path / "guard", self_test=True, thorough=True)
    assert not (tmp_path / "guard" / "old.txt").exists()


WRONG: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "no model": ({"runtime_files": {}}, BrokenGuard),
    "a model for another axis": (
        {"taxonomy": taxonomy(TWO), "axis": TWO, "calibration": calibration(TWO)},
        BrokenGuard,
    ),
    "a calibration for another axis": ({"calibration": calibration(TWO)}, WrongTaxonomy),
    "a name twice": ({"documents": {"model.onnx": b""}}, UsageError),
    "the manifest's name": ({"documents": {"manifest.json": b""}}, UsageError),
    "a path as a name": ({"other_files": {"1_Pooling/config.json": b""}}, UsageError),
    "a link upwards": ({"other_files": {"../config.json": b""}}, UsageError),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_would_be_refused_is_not_written(what: str, tmp_path: Path) -> None:
    changed, error = WRONG[what]
    folder = tiny_guard(tmp_path / "guard", pool="ReduceMean")
    before = Guard.load(folder).id
    with pytest.raises(error):
        write(folder, **changed)
    assert Guard.load(folder, thorough=True).id == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_folder_that_is_no_guard_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "diary.txt").write_text("mine")
    for place in (tmp_path / "home", tmp_path / "home" / "diary.txt"):
        with pytest.raises(UsageError, match="not a guard"):
            write(place)
    assert (tmp_path / "home" / "diary.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty")


def test_a_model_that_breaks_a_rule_is_not_written(tmp_path: Path) -> None:
    model = onnx_model(3)
    model.graph.node[0].domain = "org.example"
    files = model_files("onnx", SCALE, tmp_path / "parts") | {"model.onnx": model.SerializeToString()}
    with pytest.raises(BrokenGuard, match="domain"):
        write(tmp_path / "guard", runtime_files=files)
    assert not (tmp_path / "guard").exists()


def test_all_files_of_a_guard_are_readable_alike(tmp_path: Path) -> None:
    folder = tiny_guard(tmp_path / "guard")
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1
