"""The recipe: from a split to a finished folder, resumable to the byte, with nothing leaking."""

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from helpers import splits
from helpers.axes import SCALE, TWO
from helpers.guards import tiny_guard
from mindrail import config, files
from mindrail.augment.checks import Checks
from mindrail.errors import BadConfig, BadFile, BadSplit, UnknownName, WrongTaxonomy
from mindrail.recipes.augment import Augment, augment, texts
from mindrail.recipes.split import Split
from mindrail.records import jsonl
from mindrail.records.views import Views

CANARY = "zq-canary-text"
FILES = {"views.jsonl", "rejected.jsonl", "augment.json", "report.json", "report.html"}


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return splits.split(tmp_path_factory.mktemp("split"), 40, extra=CANARY)


def made(split: Split, folder: Path, **settings: object) -> Views:
    list(augment(split, Augment(**settings), folder))  # type: ignore[arg-type]
    return Views.load(folder)


def test_a_split_becomes_a_folder_of_views(split: Split, tmp_path: Path) -> None:
    steps = list(augment(split, Augment(settings={"chunk": 16}), tmp_path / "v"))
    found = Views.load(tmp_path / "v")
    assert {path.name for path in (tmp_path / "v").iterdir()} == FILES
    assert [step.step for step in steps] == [16, 32, 48, 64, 80] and steps[-1].steps == 80
    assert found.about["split"] == split.digest and found.about["counts"]["wanted"] == 80
    assert found.by_id(split.part("unlabelled")) and found.about["licences"] == split.about["licences"]
    rows = [row for _, row in files.read_jsonl(tmp_path / "v" / "rejected.jsonl")]
    assert sum(map(len, found.of.values())) + len(rows) == 80
    assert all(set(row) == {"of", "number", "reason", "length_before", "length"} for row in rows)


def test_the_same_settings_give_the_same_views_and_another_seed_others(split: Split, tmp_path: Path) -> None:
    digests = [made(split, tmp_path / str(i), seed=seed).digest for i, seed in enumerate((0, 0, 1))]
    assert digests[0] == digests[1] != digests[2]


def test_how_work_is_cut_does_not_matter(split: Split, tmp_path: Path) -> None:
    whole, cut = (made(split, tmp_path / str(size), settings={"chunk": size}) for size in (512, 3))
    assert whole.digest == cut.digest


def test_a_finished_folder_is_left_alone_and_another_job_refused(split: Split, tmp_path: Path) -> None:
    made(split, tmp_path / "v")
    before = (tmp_path / "v" / "augment.json").read_bytes()
    assert list(augment(split, Augment(), tmp_path / "v")) == []
    assert (tmp_path / "v" / "augment.json").read_bytes() == before
    with pytest.raises(BadConfig, match="other views"):
        list(augment(split, Augment(views=3), tmp_path / "v"))


def test_a_larger_sample_holds_the_smaller_one(split: Split) -> None:
    few, more = ({one.id for one in texts(split, Augment(limit=n))} for n in (5, 20))
    assert few < more and len(few) == 5
    assert few != {one.id for one in texts(split, Augment(limit=5, seed=1))}


def test_labelled_texts_are_reworded_only_when_asked(split: Split, tmp_path: Path) -> None:
    own = {one.id for one in split.part("labelled")}
    assert not own & set(made(split, tmp_path / "u").of)
    both = made(split, tmp_path / "b", parts=("labelled", "unlabelled"))
    assert own & set(both.of)
    both.by_id([*split.part("labelled"), *split.part("unlabelled")])
    with pytest.raises(BadFile, match="not among"):
        both.by_id(split.part("unlabelled"))


@pytest.mark.parametrize("part", ["dev", "test", "train", ""])
def test_dev_and_test_are_never_augmented(part: str) -> None:
    with pytest.raises(BadConfig, match="never augmented"):
        config.build(Augment, {"parts": [part]})


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"method": "edits"}, UnknownName, "did you mean 'edit'"),
        ({"settings": {"rate": 1}}, BadConfig, "unknown key 'rate'"),
        ({"judge": Path("nowhere")}, BadFile, "neither a guard nor a finished run"),
        ({"method": "rewrite"}, BadConfig, "settings.chat.provider"),
    ],
    ids=["method", "setting", "judge", "chat"],
)
def test_bad_requests_leave_no_folder(
    split: Split, tmp_path: Path, settings: dict[str, object], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        made(split, tmp_path / "v", **settings)
    assert not (tmp_path / "v").exists()


def test_views_must_be_wanted() -> None:
    with pytest.raises(BadConfig, match="0 views"):
        config.build(Augment, {"views": 0})


def test_an_empty_pool_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSplit, match="no text in unlabelled"):
        made(splits.split(tmp_path / "s", unlabelled=0), tmp_path / "v")


def test_a_guard_judges(tmp_path: Path) -> None:
    split = splits.split(tmp_path / "split", 20, axis=SCALE, extra="storm")
    guard = tiny_guard(tmp_path / "guard", axis=SCALE)
    settings = {"parts": ("labelled", "unlabelled"), "judge": guard, "settings": {"delete": 0.5}}
    found = made(split, tmp_path / "v", **settings)
    assert found.about["job"]["judge"] is not None
    assert any(key.startswith("labelled") for key in found.about["counts"]["survival"])
    assert "softened" in found.about["counts"]["reasons"]
    view = next(iter(found.of.values()))[0]
    assert 0 <= view.made_by["danger"] <= 1


def test_a_judge_of_another_question_is_refused(split: Split, tmp_path: Path) -> None:
    with pytest.raises(WrongTaxonomy, match="same question"):
        made(split, tmp_path / "v", judge=tiny_guard(tmp_path / "guard", axis=SCALE))


def test_dropout_is_the_text_itself(split: Split, tmp_path: Path) -> None:
    found = made(split, tmp_path / "v", method="dropout", views=1)
    by = {one.id: one for one in split.part("unlabelled")}
    assert len(found.of) == 40 and all(views[0].turns == by[name].turns for name, views in found.of.items())


def test_a_language_model_that_follows_the_protocol_is_heard(split: Split, tmp_path: Path) -> None:
    chat = {
        "provider": "fake",
        "settings": {"replies": ["REWORDED: The weather was lovely at the market.", "no"]},
    }
    found = made(
        split, tmp_path / "v", method="rewrite", settings={"chat": chat}, views=1, checks=Checks(meaning=0.0)
    )
    assert found.of and found.about["counts"]["reasons"]["junk"] > 0
    assert found.about["job"]["identity"]["model"].startswith("fake")
    assert found.about["since_last_start"]["asked"]["requests"] == 40


def test_no_log_and_no_file_but_the_views_holds_a_text(
    split: Split, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        made(split, tmp_path / "v", settings={"delete": 0.6}, cache=False)
    said = caplog.text + "".join(capfd.readouterr())
    for path in (tmp_path / "v").iterdir():
        if path.name != "views.jsonl":
            said += path.read_text()
    assert CANARY not in said and "aunt" not in said


KILLED = """
import sys, time
from pathlib import Path
from mindrail.augment.methods.edit import Edit
from mindrail.recipes.augment import Augment, augment
from mindrail.recipes.split import Split
make = Edit.make
def slow(self, wanted):
    time.sleep(0.15)
    return make(self, wanted)
Edit.make = slow
split, folder = Split.load(Path(sys.argv[1])), Path(sys.argv[2])
for _ in augment(split, Augment(settings={"chunk": 4}), folder):
    pass
"""


def test_killed_again_and_again_it_ends_as_if_nothing_had_happened(split: Split, tmp_path: Path) -> None:
    whole = made(split, tmp_path / "whole", settings={"chunk": 4})
    folder, sizes = tmp_path / "v", []
    for kill in range(2):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(split.folder), str(folder)])
        wait = time.monotonic() + 60
        while len(list(folder.glob("parts/*.jsonl"))) < 3 * (kill + 1) and time.monotonic() < wait:
            assert child.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        sizes.append(sum(len(path.read_text().splitlines()) for path in folder.glob("parts/*.jsonl")))
    assert 0 < sizes[0] < sizes[1] < 40 and not (folder / "augment.json").exists()
    again = made(split, folder, settings={"chunk": 4})
    assert again.digest == whole.digest
    assert {path.name for path in folder.iterdir()} == FILES
    for name in ("rejected.jsonl", "report.json"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("done", ["views.jsonl", "report.html"])
def test_killed_while_it_finishes_it_finishes_again(split: Split, tmp_path: Path, done: str) -> None:
    """As a kill between the last files leaves it: all parts, some results, no `augment.json`."""
    whole = made(split, tmp_path / "whole")
    steps = augment(split, Augment(), tmp_path / "v")
    next(steps)
    steps.close()
    for name in ("views.jsonl", done):
        (tmp_path / "v" / name).write_text("half")
    assert made(split, tmp_path / "v").digest == whole.digest


def test_the_text_of_a_part_is_read_once_however_often_it_occurs(tmp_path: Path) -> None:
    split = splits.split(tmp_path / "s", 5)
    part = split.part("unlabelled")
    jsonl.write(tmp_path / "s" / "unlabelled.jsonl", [*part, replace(part[0])])
    assert len(texts(split, Augment())) == 5
    assert split.axis == TWO
