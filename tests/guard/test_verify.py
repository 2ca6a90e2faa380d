"""What is not exactly the guard that was made is refused, before any parser touches it."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.axes import SCALE, TWO
from helpers.guards import KINDS, calibration, onnx_model, rewrite, taxonomy, tiny_guard
from mindrail.errors import BrokenGuard, WrongTaxonomy
from mindrail.guard import Guard
from mindrail.guard.manifest import LARGEST_MANIFEST
from mindrail.guard.verify import verify


@pytest.fixture(params=KINDS)
def guard(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tiny_guard(tmp_path / "guard", request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_guard(tmp_path / "guard")


def forbid_parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, reading anything but the manifest fails the test."""

    def touched(*_: Any, **__: Any) -> None:
        pytest.fail("a parser was called")

    for name in ("json_of", "load.scorer", "golden.check", "from_dict", "Calibration.from_dict"):
        monkeypatch.setattr(f"mindrail.guard.guard.{name}", touched)
    monkeypatch.setattr("onnxruntime.InferenceSession", touched)


def refused(folder: Path, *, thorough: bool = False) -> BrokenGuard:
    """The refusal; it names a rule and ends the command line with 4."""
    with pytest.raises(BrokenGuard) as caught:
        Guard.load(folder, thorough=thorough)
    assert caught.value.exit_code == 4 and caught.value.rule
    return caught.value


Edit = Callable[[dict[str, Any]], object]


def listed(name: str) -> Edit:
    """One more file of that name in the manifest."""
    return lambda m: m["files"].update({name: {"size": 2, "sha256": "0" * 64, "role": "document"}})


def model(key: str, value: Any) -> Edit:
    return lambda m: m["files"]["model.onnx"].update({key: value})


MANIFESTS: dict[str, Edit] = {
    "newer format": lambda m: m.update(format=2),
    "format zero": lambda m: m.update(format=0),
    "format as text": lambda m: m.update(format="1"),
    "format true": lambda m: m.update(format=True),
    "no format": lambda m: m.pop("format"),
    "unknown key": lambda m: m.update(signed=True),
    "unknown kind": lambda m: m.update(kind="pickle"),
    "kind is a path": lambda m: m.update(kind="../onnx"),
    "another kind": lambda m: m.update(kind="linear"),
    "no files": lambda m: m.update(files={}),
    "files as a list": lambda m: m.update(files=[]),
    "another id": lambda m: m.update(id="0" * 12),
    "no id": lambda m: m.pop("id"),
    "parent": listed("../evil"),
    "parent inside": listed("a/../../evil"),
    "absolute": listed("/etc/passwd"),
    "subfolder": listed("sub/file"),
    "backslash": listed("..\\evil"),
    "drive": listed("C:evil"),
    "hidden": listed(".hidden"),
    "empty name": listed(""),
    "dot": listed("."),
    "zero byte": listed("a\x00b"),
    "line break": listed("README.md\n"),
    "full-width name": listed("ｍodel.onnx"),
    "long name": listed("a" * 101),
    "case clash": listed("Model.onnx"),
    "itself": listed("manifest.json"),
    "itself in capitals": listed("MANIFEST.JSON"),
    "too many files": lambda m: [listed(f"f{i}")(m) for i in range(64)],
    "larger than 2 GiB": model("size", 2 * 1024**3 + 1),
    "negative size": model("size", -1),
    "size as a fraction": model("size", 1.5),
    "size true": model("size", True),
    "short sha256": model("sha256", "00"),
    "sha256 in capitals": model("sha256", "A" * 64),
    "unknown role": model("role", "code"),
    "the model as a document": model("role", "document"),
    "another size": lambda m: model("size", m["files"]["model.onnx"]["size"] + 1)(m),
    "an entry too much": model("url", "https://example.org"),
    "a file too few": lambda m: m["files"].pop("model.onnx"),
    "the calibration too few": lambda m: m["files"].pop("calibration.json"),
    "a listed file that is not there": lambda m: m["files"].update(
        extra={"size": 1, "sha256": "0" * 64, "role": "runtime"}
    ),
}


@pytest.mark.parametrize("what", MANIFESTS)
def test_a_manifest_that_breaks_a_rule_is_refused(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_parsers(monkeypatch)
    manifest = json.loads((folder / "manifest.json").read_text())
    MANIFESTS[what](manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    error = refused(folder)
    assert ("upgrade mindrail" in str(error)) == (what == "newer format")


TEXTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "half": lambda raw: raw[: len(raw) // 2],
    "not JSON": lambda raw: b"PK\x03\x04",
    "not UTF-8": lambda raw: b"\xff\xfe" + raw,
    "a list": lambda raw: b"[" + raw + b"]",
    "a number": lambda raw: b"1",
    "a key twice": lambda raw: raw.replace(b'"format": 1', b'"format": 1, "format": 1', 1),
    "a file twice": lambda raw: raw.replace(
        b'"model.onnx": {', b'"model.onnx": {"size": 0, "sha256": "", "role": "runtime"}, "model.onnx": {', 1
    ),
    "NaN": lambda raw: raw.replace(b'"format": 1', b'"format": NaN', 1),
    "deep": lambda raw: b"[" * 100_000,
    "too large": lambda raw: raw + b" " * LARGEST_MANIFEST,
}


@pytest.mark.parametrize("what", TEXTS)
def test_a_manifest_that_is_not_strict_json_is_refused(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_parsers(monkeypatch)
    path = folder / "manifest.json"
    path.write_bytes(TEXTS[what](path.read_bytes()))
    refused(folder)


def link(folder: Path, name: str) -> None:
    shutil.move(folder / name, folder.parent / "elsewhere")
    (folder / name).symlink_to(folder.parent / "elsewhere")


def pipe(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")


def swap(folder: Path) -> None:
    a, b = folder / "calibration.json", folder / "taxonomy.json"
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)


def other_version(folder: Path) -> None:
    other = tiny_guard(folder.parent / "other", pool="ReduceMean")
    shutil.copy(other / "model.onnx", folder / "model.onnx")


FOLDERS: dict[str, Callable[[Path], object]] = {
    "no folder": shutil.rmtree,
    "a file instead": lambda f: (shutil.rmtree(f), f.write_text("x")),
    "no manifest": lambda f: (f / "manifest.json").unlink(),
    "no model": lambda f: (f / "model.onnx").unlink(),
    "no golden scores": lambda f: (f / "golden.json").unlink(),
    "a file too much": lambda f: (f / "extra.bin").write_bytes(b"x"),
    "a hidden file too much": lambda f: (f / ".cache").write_bytes(b"x"),
    "a folder too much": lambda f: (f / "sub").mkdir(),
    "a folder instead of a file": lambda f: ((f / "README.md").unlink(), (f / "README.md").mkdir()),
    "a linked model": lambda f: link(f, "model.onnx"),
    "a linked manifest": lambda f: link(f, "manifest.json"),
    "a linked document": lambda f: link(f, "README.md"),
    "a dangling link": lambda f: (f / "model.onnx").unlink() or (f / "model.onnx").symlink_to("nowhere"),
    "a pipe": pipe,
    "swapped files": swap,
    "a file of another version": other_version,
    "an empty model": lambda f: (f / "model.onnx").write_bytes(b""),
}


@pytest.mark.parametrize("what", FOLDERS)
def test_a_folder_with_something_wrong_is_refused(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FOLDERS[what](folder)
    forbid_parsers(monkeypatch)
    refused(folder)


def test_one_flipped_bit_anywhere_is_refused(guard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_parsers(monkeypatch)
    random = np.random.default_rng(0)
    manifest = json.loads((guard / "manifest.json").read_text())
    for name in [name for name, entry in manifest["files"].items() if entry["role"] == "runtime"]:
        whole = (guard / name).read_bytes()
        for offset in random.integers(len(whole), size=60):
            spoilt = bytearray(whole)
            spoilt[offset] ^= 1 << int(random.integers(8))
            (guard / name).write_bytes(spoilt)
            refused(guard)
        (guard / name).write_bytes(whole)


def test_a_file_cut_off_or_longer_is_refused(guard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_parsers(monkeypatch)
    random = np.random.default_rng(1)
    for name in ("calibration.json", "taxonomy.json", "golden.json"):
        whole = (guard / name).read_bytes()
        for length in random.integers(len(whole), size=20):
            (guard / name).write_bytes(whole[:length])
            refused(guard)
        (guard / name).write_bytes(whole + b"\n")
        refused(guard)
        (guard / name).write_bytes(whole)


def test_an_honest_guard_is_opened(guard: Path) -> None:
    opened = Guard.load(guard, self_test=True, thorough=True)
    assert opened.id == opened.manifest.id and len(opened.id) == 12


def test_a_slimmed_guard_is_still_a_guard(folder: Path) -> None:
    for name in ("config.json", "model.safetensors", "README.md", "evaluation.json"):
        (folder / name).unlink()
        Guard.load(folder, self_test=True, thorough=True)


def test_other_files_are_checked_when_asked(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"weights for somebody else")
    Guard.load(folder)
    assert "model.safetensors" in str(refused(folder, thorough=True))


def test_the_bytes_that_were_checked_are_the_bytes_that_are_used(folder: Path) -> None:
    manifest, content = verify(folder)
    shutil.rmtree(folder)
    assert set(content) == set(manifest.runtime)


def number(path: Path, *keys: Any) -> Callable[[Any], bytes]:
    """The JSON file with the value at `keys` replaced."""

    def changed(value: Any) -> bytes:
        whole = json.loads(path.read_bytes())
        part = whole
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = value
        return json.dumps(whole).encode()

    return changed


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1, "0.5", True])
def test_a_threshold_that_is_no_probability_is_refused(value: Any, folder: Path) -> None:
    change = number(folder / "calibration.json", "thresholds", 0, "review")
    rewrite(folder, calibration_json=change(value))
    assert "calibration.json" in str(refused(folder))


def test_an_event_without_a_threshold_is_refused(folder: Path) -> None:
    rewrite(folder, calibration_json=number(folder / "calibration.json", "thresholds")([]))
    assert "calibration.json" in str(refused(folder))


def test_a_calibration_for_another_wording_is_refused(folder: Path) -> None:
    change = number(folder / "taxonomy.json", "axes", 0, "labels", 2, "means")
    rewrite(folder, taxonomy_json=change("something else"))
    with pytest.raises(WrongTaxonomy, match="calibrate again"):
        Guard.load(folder)


def test_a_taxonomy_with_other_labels_than_the_model_is_refused(folder: Path) -> None:
    new = {"taxonomy_json": taxonomy(TWO).to_dict(), "calibration_json": calibration(TWO).to_dict()}
    rewrite(folder, **{name: json.dumps(value).encode() for name, value in new.items()})
    assert "logits for 3 labels, the axis has 2" in str(refused(folder))


@pytest.mark.parametrize("name", ["taxonomy_json", "calibration_json"])
@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"schema": 2}', b"null", b"\xff"])
def test_other_content_is_refused(name: str, content: bytes, folder: Path) -> None:
    rewrite(folder, **{name: content})
    refused(folder)


def test_scores_that_have_moved_are_refused_by_the_self_test(folder: Path) -> None:
    rewrite(folder, model_onnx=onnx_model(3, pool="ReduceMean").SerializeToString())
    Guard.load(folder)
    with pytest.raises(BrokenGuard, match="have moved"):
        Guard.load(folder, self_test=True)


@pytest.mark.parametrize("moved", [5e-4, 2e-3])
def test_golden_scores_may_differ_by_a_thousandth(moved: float, folder: Path) -> None:
    path = folder / "golden.json"
    first = json.loads(path.read_bytes())["sentences"][0]["scores"][0]
    rewrite(folder, golden_json=number(path, "sentences", 0, "scores", 0)(first + moved))
    if moved < 1e-3:
        Guard.load(folder, self_test=True)
    else:
        with pytest.raises(BrokenGuard, match="have moved"):
            Guard.load(folder, self_test=True)


@pytest.mark.parametrize(
    "content", [{"sentences": []}, {"sentences": [{"context": "", "text": "a", "scores": [1]}]}]
)
def test_golden_scores_that_say_nothing_are_refused(content: Any, folder: Path) -> None:
    rewrite(folder, golden_json=json.dumps(content).encode())
    with pytest.raises(BrokenGuard, match="sentences"):
        Guard.load(folder, self_test=True)


def test_the_scale_of_the_tests_is_what_the_guard_answers(folder: Path) -> None:
    assert Guard.load(folder).axis == SCALE
