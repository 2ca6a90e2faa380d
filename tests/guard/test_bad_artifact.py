"""Every row of the table "What is refused" in docs/guard.md; a row without a case, or a case without a row, fails."""

import json
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from helpers.axes import SCALE, TWO
from helpers.guards import calibration, embeddings, onnx_model, rewrite, taxonomy, tiny_guard
from mindrail.errors import BrokenGuard
from mindrail.guard import Guard, golden

_PAGE = Path(__file__).parents[2] / "docs" / "guard.md"
_ROW = re.compile(r"^\| (?P<found>[^|]+) \| (?P<when>[^|]+) \|$", re.MULTILINE)
FIRST, MODEL, OPENED, TEST = (
    "before anything is parsed",
    "before onnxruntime sees it",
    "when it is opened",
    "by the self-test",
)
Spoil = Callable[[Path], object]


def rows() -> dict[str, str]:
    table = _PAGE.read_text().partition("## What is refused")[2]
    found = {row["found"]: row["when"] for row in _ROW.finditer(table)}
    del found["found in the folder"], found["---"]
    assert len(found) > 12
    return found


def manifest(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        value = json.loads((folder / "manifest.json").read_bytes())
        change(value)
        (folder / "manifest.json").write_text(json.dumps(value))

    return spoil


def listed(name: str) -> Spoil:
    entry = {"size": 2, "sha256": "0" * 64, "role": "document"}
    return manifest(lambda m: m["files"].update({name: entry}))


def twice(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"files": {', b'"files": {"README.md": {}, ', 1))


def linked(folder: Path) -> None:
    shutil.move(folder / "model.onnx", folder.parent / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(folder.parent / "elsewhere.onnx")


def onnx_with(change: Callable[[onnx.ModelProto], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        model = onnx_model(len(SCALE.names))
        change(model)
        rewrite(folder, model_onnx=model.SerializeToString())

    return spoil


def elsewhere(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="weights.bin")


def branch(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([], "inner", [], [])
    model.graph.node[0].attribute.append(helper.make_attribute("then_branch", inner))


def json_with(name: str, change: Callable[[Any], object]) -> Spoil:
    """A JSON file that was changed, and listed in the manifest as it now is."""

    def spoil(folder: Path) -> None:
        value = json.loads((folder / name).read_bytes())
        change(value)
        rewrite(folder, **{name.replace(".", "_"): json.dumps(value).encode()})

    return spoil


def threshold(value: float) -> Spoil:
    return json_with("calibration.json", lambda c: c["thresholds"][0].update(review=value))


def other_labels(folder: Path) -> None:
    new = {"taxonomy_json": taxonomy(TWO).to_dict(), "calibration_json": calibration(TWO).to_dict()}
    rewrite(folder, **{name: json.dumps(value).encode() for name, value in new.items()})


def few_embeddings(folder: Path) -> None:
    rewrite(folder, model_onnx=onnx_model(3, table=embeddings(3)[:-1]).SerializeToString())


CASES: dict[str, list[Spoil]] = {
    "a file too few or too many, a folder": [
        lambda f: (f / "model.onnx").unlink(),
        lambda f: (f / "golden.json").unlink(),
        lambda f: (f / "more.bin").write_bytes(b"x"),
        lambda f: (f / ".more").write_bytes(b"x"),
        lambda f: (f / "more").mkdir(),
        lambda f: (f / "manifest.json").unlink(),
    ],
    "a link in place of a file": [linked],
    "another size, another sha256": [
        lambda f: (f / "model.onnx").write_bytes((f / "model.onnx").read_bytes() + b"\0"),
        lambda f: (f / "tokenizer.json").write_bytes((f / "tokenizer.json").read_bytes()[:-1] + b" "),
        manifest(lambda m: m["files"]["model.onnx"].update(sha256="0" * 64)),
    ],
    "a format that is newer, or none": [
        manifest(lambda m: m.update(format=2)),
        manifest(lambda m: m.update(format=0)),
        manifest(lambda m: m.pop("format")),
    ],
    "a name with `..`, an absolute one, a hidden one, one in a folder": [
        *map(listed, ("../evil", "a/../../evil", "/etc/passwd", "sub/file", "..\\evil", "C:evil", ".hidden"))
    ],
    "a name twice, also in other capitals": [listed("Model.onnx"), listed("MANIFEST.json"), twice],
    "more than 64 files, one larger than 2 GiB": [
        lambda f: [listed(f"file{n}")(f) for n in range(64)],
        manifest(lambda m: m["files"]["model.onnx"].update(size=2 * 1024**3 + 1)),
    ],
    "weights in another file": [onnx_with(elsewhere)],
    "operators of a domain that is not onnxruntime's own": [
        onnx_with(lambda model: model.graph.node[0].__setattr__("domain", "org.example"))
    ],
    "loops, branches, functions, training parts": [
        onnx_with(branch),
        onnx_with(lambda model: model.graph.node.add(op_type="Loop", input=["x"], output=["y"])),
        onnx_with(lambda model: model.graph.node.add(op_type="If", input=["x"], output=["y"])),
        onnx_with(lambda m: m.functions.append(helper.make_function("org.example", "F", ["x"], ["y"], [], []))),
        onnx_with(lambda model: model.training_info.add()),
    ],
    "a tokenizer with more tokens than the model has embeddings": [few_embeddings],
    "labels that are not the model's logits": [other_labels],
    "a threshold that is NaN or not in [0, 1]": [*map(threshold, (float("nan"), float("inf"), -0.1, 1.1))],
    "scores of the golden sentences that have moved": [
        lambda f: rewrite(f, model_onnx=onnx_model(3, pool="ReduceMean").SerializeToString()),
        json_with("golden.json", lambda g: g["sentences"][0]["scores"].__setitem__(0, 9.0)),
    ],
    "disguises that are read otherwise, as under another Unicode": [
        json_with("golden.json", lambda g: g["read"][0].__setitem__(0, "something else")),
        json_with("golden.json", lambda g: g["read"].pop()),
        json_with("reading.json", lambda r: r.update(views=["plain"])),
    ],
}  # fmt: skip


def test_every_row_has_a_case_and_every_case_a_row() -> None:
    assert sorted(CASES) == sorted(rows())


@pytest.mark.parametrize(
    ("row", "place"), [(row, n) for row, cases in CASES.items() for n in range(len(cases))]
)
def test_it_is_refused_as_early_as_the_page_says(
    row: str, place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, when = tiny_guard(tmp_path / "guard"), rows()[row]
    CASES[row][place](folder)
    too_late = {
        FIRST: ("mindrail.guard.guard.json_of", "mindrail.guard.guard.load.scorer", "onnxruntime.InferenceSession"),
        MODEL: ("onnxruntime.InferenceSession",),
        OPENED: ("mindrail.guard.golden.check",),
        TEST: (),
    }[when]  # fmt: skip
    if when == TEST:
        Guard.load(folder)
    for name in too_late:
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("it came too far"))
    with pytest.raises(BrokenGuard) as refused:
        Guard.load(folder, self_test=True)
    assert refused.value.exit_code == 4 and refused.value.rule and refused.value.file


def test_under_another_unicode_a_guard_that_reads_alike_says_so_and_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tiny_guard(tmp_path / "guard")
    Guard.load(folder, self_test=True)
    assert not caplog.records
    json_with("golden.json", lambda g: g.update(unicode="3.2.0"))(folder)
    Guard.load(folder, self_test=True)
    assert [record.getMessage().split()[2] for record in caplog.records] == ["Unicode"]


def test_guards_from_before_readings_were_kept_still_open(tmp_path: Path) -> None:
    folder = tiny_guard(tmp_path / "guard")
    json_with("golden.json", lambda g: [g.pop("unicode"), g.pop("read")])(folder)
    Guard.load(folder, self_test=True)


def test_every_disguise_is_read_by_a_guard_that_knows_words(tmp_path: Path) -> None:
    """So that the vectors would notice: each needs the tables of Unicode."""
    kept = json.loads((tiny_guard(tmp_path / "guard") / "golden.json").read_bytes())
    assert kept["unicode"] == unicodedata.unidata_version
    assert len(kept["read"]) == len(golden.DISGUISED) and all(kept["read"])
