"""A scan's folder to a report and a queue: the numbers by hand, the refusals, and no words anywhere."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpers.axes import SCALE
from helpers.axes import rows as axis_rows
from helpers.guards import calibration, rewrite, tiny_guard
from helpers.splits import split
from mindrail import config, files
from mindrail.annotate import reading
from mindrail.batch.schema import read_rows
from mindrail.cli import main
from mindrail.errors import BrokenGuard, DataError, UsageError
from mindrail.evaluate.run import evaluate
from mindrail.guard import Guard
from mindrail.recipes.split import Split
from mindrail.recipes.survey import Report, survey
from mindrail.records import Example, Predictions, Provenance, jsonl
from mindrail.survey import queue
from survey.scanned import Row, sentences, write

CANARY = "kestrel marmalade"
MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)


def a_week(texts: list[str] | None = None) -> list[Row]:
    """280 messages over a week: 28 blocked, 28 reviewed for risk, 14 for want of coverage, 210 allowed."""
    rows = []
    for i in range(280):
        risk = 0.9 - i / 1000 if i % 10 == 0 else 0.31 + i / 5000 if i % 10 == 1 else 0.01 + i / 10_000
        unread = i % 20 == 5
        rows.append(
            Row(
                risk,
                at=MONDAY + timedelta(minutes=36 * i),
                source=f"in{i % 3}.jsonl",
                text=f"{CANARY} {i}" if texts is None else texts[i],
                coverage=0.4 if unread else 1.0,
                code="low-coverage" if unread else "",
            )
        )
    return rows


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A guard whose folder says how it erred on 300 test messages."""
    folder = tiny_guard(tmp_path_factory.mktemp("guard") / "tiny")
    truth, scores = axis_rows(SCALE, 300, strength=12.0)
    examples = [
        Example.of(f"note {i}", answers={SCALE.name: SCALE.names[k]}) for i, k in enumerate(truth.classes())
    ]
    made = Predictions(SCALE, tuple(one.id for one in examples), scores, Provenance("test", "test"))
    found = evaluate(SCALE, examples, made, calibration(SCALE), name="tiny", made_from={}, rounds=50)
    rewrite(folder, evaluation_json=files.json_bytes(config.plain(found)))
    return folder


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return split(tmp_path_factory.mktemp("reference"), unlabelled=120, axis=SCALE)


def scan(folder: Path, guard: Path, rows: list[Row], **how: object) -> Path:
    return write(folder / "scan", rows, guard=Guard.load(guard).id, **how)  # type: ignore[arg-type]


def test_the_numbers_are_those_counted_by_hand(tmp_path: Path, guard: Path) -> None:
    out = scan(
        tmp_path, guard, a_week(), bad=[{"source": "in0.jsonl", "row": 281, "code": "not-json", "length": 7}]
    )
    found = survey(Report(out, guard))
    assert {name: one.hits for name, one in found.decisions.items()} == {
        "allow": 210,
        "review": 42,
        "block": 28,
    }
    assert {name: one.hits for name, one in found.labels.items()} == {"safe": 224, "unsure": 0, "unsafe": 56}
    assert found.groups is None
    assert found.over_time is not None and found.over_time.unit == "day"
    assert [part.stopped.rows for part in found.over_time.parts] == [25, 40, 40, 40, 40, 40, 40, 15]
    assert sum(part.block.hits for part in found.over_time.parts) == 28
    assert [part.stopped.rows for part in found.sources] == [94, 93, 93]
    assert found.unread.codes == {"low-coverage": 14}
    assert found.bad.codes == {"not-json": 1}
    true = found.corrections[0].true.share
    assert true is not None and true.low is not None and true.low < true.value < true.high < 0.4  # type: ignore[operator]
    flagged = {one.of: one.alarms.hits for one in found.corrections}
    assert flagged == {"": 70, "unsure": 56, "unsafe": 56}


def test_the_most_uncertain_are_nearest_to_a_threshold(tmp_path: Path, guard: Path) -> None:
    """Thresholds are 0.3 and 0.6; one row lies at 0.302, another at 0.59."""
    rows = [*a_week()[:50], Row(0.302, id="near"), Row(0.59, id="close"), Row(0.302, id="twin")]
    found = survey(Report(scan(tmp_path, guard, rows), guard))
    first, second = (one.row.id for one in found.uncertain[:2])
    assert first in ("near", "twin"), "of exactly equal answers one is shown"
    assert second == "close"


def test_rows_of_one_conversation_widen_the_intervals(tmp_path: Path, guard: Path) -> None:
    rows = a_week()
    alone = survey(Report(scan(tmp_path / "alone", guard, rows), guard))
    for i, row in enumerate(sorted(rows, key=lambda row: row.risk)):
        row.group = f"person {i // 14}"
    together = survey(Report(scan(tmp_path / "together", guard, rows), guard))
    assert together.groups == pytest.approx(20, abs=1)
    for name, one in alone.decisions.items():
        wide, narrow = together.decisions[name].share, one.share
        assert wide.value == narrow.value
        assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)  # type: ignore[operator]


def test_other_words_are_found_and_said_first(tmp_path: Path, guard: Path, reference: Split) -> None:
    out = scan(tmp_path, guard, a_week(sentences(280, 1)))
    found = survey(Report(out, guard, reference.folder))
    (words, scores) = found.drifts
    assert words.p is not None and words.p < 0.01
    assert words.reference > 100
    assert scores.why, "four dev messages are too few to compare"
    assert any("words differ" in note for note in found.notes)
    assert found.novel is not None and found.novel.looked_at == 280


def test_the_most_novel_is_least_like_the_training_data(
    tmp_path: Path, guard: Path, reference: Split
) -> None:
    known = [one.text for one in reference.part("unlabelled")]
    rows = [Row(text=text) for text in known] + [Row(text="zygotic quixotry", id="odd")]
    found = survey(Report(scan(tmp_path, guard, rows), guard, reference.folder))
    assert found.novel is not None
    assert found.novel.rows[0].row.id == "odd"
    assert found.novel.rows[0].by > 0.8
    assert found.novel.rows[-1].by == pytest.approx(0.0, abs=1e-5)


def test_without_words_only_probabilities_are_compared_and_it_says_so(
    tmp_path: Path, guard: Path, reference: Split
) -> None:
    out = scan(tmp_path, guard, a_week(), with_text=False)
    found = survey(Report(out, guard, reference.folder))
    assert [one.of for one in found.drifts] == ["scores"]
    assert "Words were not compared: the scan was made without --with-text" in found.no_drift
    assert found.novel is None and "without words" in found.no_novelty


def test_no_message_stands_in_any_form_of_the_report(tmp_path: Path, guard: Path, reference: Split) -> None:
    rows = a_week()
    for row in rows:
        row.group = "Kestrel of Marmalade Road"
    out = scan(tmp_path, guard, rows)
    assert CANARY in str(next(iter(read_rows(out)))["text"].to_pylist())
    survey(Report(out, guard, reference.folder))
    for name in ("report.html", "report.md", "report.json"):
        content = (out / "report" / name).read_text()
        assert "m1" in content
        assert "kestrel" not in content.lower()


def test_it_reports_without_a_guard_and_says_what_that_leaves_out(tmp_path: Path, guard: Path) -> None:
    out = scan(tmp_path, guard, a_week())
    found = survey(Report(out))
    assert found.uncertain == ()
    assert [one.of for one in found.corrections] == [""]
    page = (out / "report" / "report.html").read_text()
    assert "not estimable: the guard&#x27;s errors are not known" in page
    assert "Unknown without the guard" in page


def test_the_guards_errors_are_taken_from_its_folder_or_measured(
    tmp_path: Path, guard: Path, reference: Split
) -> None:
    assert (
        "300 test messages when" in survey(Report(scan(tmp_path / "a", guard, a_week()), guard)).errors_from
    )
    bare = tiny_guard(tmp_path / "bare")
    out = scan(tmp_path / "b", bare, a_week())
    assert "no evaluation.json" in survey(Report(out, bare)).errors_from
    found = survey(Report(out, bare, reference.folder))
    assert found.errors_from == "measured now, on 4 test messages of the reference"
    assert "it takes 10 of both" in found.corrections[0].true.why


def test_a_queue_is_read_by_annotate_and_its_labels_speak_for_the_scan(
    tmp_path: Path, guard: Path, reference: Split
) -> None:
    texts = sentences(280, 1)
    out, place = scan(tmp_path, guard, a_week(texts)), tmp_path / "next.jsonl"
    survey(Report(out, guard, reference.folder, place, 40))
    asked = reading.read(str(place), Guard.load(guard).taxonomy)
    drawn = queue.read(tmp_path / "next.jsonl.manifest.json")
    assert {one.id for one in asked} == {one.item for one in drawn.drawn}
    assert all(one.text in texts for one in asked)
    assert drawn.rows == 280 and len(drawn.drawn) == 40
    parts = [one.part for one in drawn.drawn]
    assert [parts.count(part) for part in ("uncertain", "novel", "random")] == [10, 10, 20]
    assert not any(part in place.read_text() for part in ("uncertain", "novel", "random"))
    picked = {one.item for one in drawn.drawn if one.part != "random"}
    assert {one.id for one in asked if one.tags.get("picked")} == picked
    share = queue.prevalence(drawn, {one.id: True for one in asked})
    assert share.value == pytest.approx(1.0)


def test_a_queue_without_words_is_refused(tmp_path: Path, guard: Path) -> None:
    out = scan(tmp_path, guard, a_week(), with_text=False)
    with pytest.raises(DataError, match="cannot be shown to anybody"):
        survey(Report(out, guard, None, tmp_path / "next.jsonl", 10))
    assert not (out / "report").exists()


def test_what_is_no_finished_scan_of_this_guard_is_refused(tmp_path: Path, guard: Path) -> None:
    with pytest.raises(UsageError, match="not finished"):
        survey(Report(scan(tmp_path / "a", guard, a_week(), complete=False), guard))
    with pytest.raises(UsageError, match="was made by guard ffffffffffff"):
        survey(Report(write(tmp_path / "b", a_week(), guard="f" * 12), guard))
    with pytest.raises(UsageError, match="need the guard"):
        survey(Report(scan(tmp_path / "d", guard, a_week()), None, None, tmp_path / "next.jsonl", 10))
    with pytest.raises(DataError, match="no row was judged"):
        survey(Report(scan(tmp_path / "c", guard, []), guard))


def test_the_queue_can_be_labelled_with_conversations_that_are_read_again(
    tmp_path: Path, guard: Path
) -> None:
    """A real scan of turns: the queue has what was said before, although the scan kept no words."""
    from mindrail.batch.rows import Columns
    from mindrail.recipes.scan import Scan
    from mindrail.recipes.scan import scan as run

    turns = [
        {
            "c": f"c{i // 4}",
            "who": "user" if i % 2 == 0 else "assistant",
            "text": f"turn {i} the soup is ready",
        }
        for i in range(48)
    ]
    source = tmp_path / "log.jsonl"
    source.write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    out, place = tmp_path / "out", tmp_path / "next.jsonl"
    for _ in run(Scan((str(source),), guard, out, Columns(conversation="c", role="who"), workers=1)):
        pass
    found = survey(Report(out, guard, None, place, 12))
    asked = jsonl.read(place)
    assert found.groups == 12
    assert len(asked) == 12
    assert {len(one.turns) for one in asked} == {1, 3}
    source.write_text("{}\n")
    with pytest.raises(DataError, match="cannot be read again"):
        survey(Report(out, guard, None, place, 12))


def test_a_guard_that_was_changed_is_refused(tmp_path: Path) -> None:
    guard = tiny_guard(tmp_path / "guard")
    out = scan(tmp_path, guard, a_week())
    (guard / "evaluation.json").write_text('{"rows": 1}')
    with pytest.raises(BrokenGuard):
        survey(Report(out, guard))


def test_the_command_line_tells_the_first_numbers(
    tmp_path: Path, guard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = scan(tmp_path, guard, a_week())
    with pytest.raises(SystemExit) as ended:
        main(["scan", "--report", str(out), "--guard", str(guard)])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert "280 messages, stopped 25.0% (20.0% to 30.5%)" in told
    assert f"report {out}/report/report.html" in told


@pytest.mark.parametrize(
    "words",
    [
        ["--queue", "5", "next.jsonl"],
        ["--report", "out", "in.jsonl"],
        ["--report", "out", "--queue", "0", "next.jsonl"],
        ["--report", "out", "--queue", "many", "next.jsonl"],
    ],
)
def test_options_that_do_not_go_together_are_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["scan", *words])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error[usage-error]")
