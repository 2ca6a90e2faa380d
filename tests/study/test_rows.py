"""Judged rows: one order for all models, nothing lost on the way to a small file and back."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.axes import FIRST, SCALE, SEVERAL, TWO
from mindrail import metrics, taxonomy
from mindrail.arrays import ndarray
from mindrail.errors import BadConfig
from mindrail.metrics import Metric
from mindrail.records import Example
from mindrail.study import rows
from mindrail.study.rows import Judged
from mindrail.taxonomy import Axis


def examples(axis: Axis, size: int = 40) -> list[Example]:
    """Every label equally often, from two sources; every fifth has no answer."""
    made = []
    for i in range(size):
        name = axis.names[i % len(axis.names)]
        answers = {axis.name: name if axis.exclusive else (name,)} if i % 5 else {}
        made.append(Example.of(f"message {i}", answers=answers, source="ab"[i % 2], group=f"g{i // 4}"))
    return made


def judged(axis: Axis, size: int = 40, seed: int = 0, first: int | None = None) -> Judged:
    asked = rows.question(examples(axis, size), axis)
    scores = np.random.default_rng(seed).normal(size=(len(asked.examples), len(axis.names)))
    return rows.judged(asked, scores[:first], axis)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60))
def test_every_beginning_holds_each_stratum_by_its_share(strata: list[str]) -> None:
    order = rows.order(strata)
    assert sorted(order) == list(range(len(strata)))
    shares = {name: count / len(strata) for name, count in Counter(strata).items()}
    for size in range(1, len(strata) + 1):
        found = Counter(strata[i] for i in order[:size])
        assert all(abs(found[name] - share * size) <= len(shares) for name, share in shares.items())


def test_the_order_does_not_follow_the_file() -> None:
    assert rows.order(["a"] * 20) != list(range(20)) and rows.order(["a"] * 20) == rows.order(["a"] * 20)


def test_rows_without_an_answer_are_not_asked() -> None:
    asked = rows.question(examples(SCALE), SCALE)
    assert len(asked.examples) == 32 and asked.truth.sum() == 32
    assert asked.columns == SCALE.names


@pytest.mark.parametrize("axis", [TWO, SCALE, SEVERAL, FIRST], ids=lambda a: a.kind)
def test_it_comes_back_from_its_file(axis: Axis) -> None:
    found = judged(axis, first=20)
    again = rows.unpacked(json.loads(json.dumps(rows.packed(found))))
    assert (again.columns, again.sources, again.order, again.of) == (
        axis.names,
        found.sources,
        found.order,
        32,
    )
    for name in ("truth", "picks", "ranks", "groups"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
    assert len(again) == 20


def test_fewer_rows_are_the_first_of_the_same_order() -> None:
    whole, part = judged(SCALE), judged(SCALE, first=10)
    assert part.order == whole.order and part.sources == whole.sources[:10]
    assert np.array_equal(part.truth, whole.first(10).truth)
    assert np.array_equal(part.picks, whole.first(10).picks)


@pytest.mark.parametrize("name", ["auroc", "fpr-at-95-tpr", "fpr-at-90-tpr"])
def test_ranks_say_what_probabilities_say(name: str) -> None:
    metric: Metric = metrics.get(name)
    asked = rows.question(examples(SCALE, 200), SCALE)
    scores = np.random.default_rng(1).normal(size=(len(asked.examples), 3)).round(1)  # with ties
    found, probability = rows.judged(asked, scores, SCALE), SCALE.probabilities(scores)
    for column in range(3):
        truth, picks = found.truth[:, column], found.picks[:, column]
        expected = metric.compute(truth, probability[:, column], picks)
        assert metric.compute(truth, found.output().probability[:, column], picks) == expected


def test_one_label_of_an_axis_is_one_column() -> None:
    """Worked by hand: the second of three labels, at 0.5."""
    asked = rows.Question((Example.of("a"), Example.of("b")), ("cruel",), np.array([[True], [False]]))
    found = rows.judged(asked, np.array([[3.0, 1.0, -2.0], [3.0, -1.0, 3.0]]), SEVERAL)
    assert found.picks.tolist() == [[True], [False]] and found.ranks.tolist() == [[1], [0]]
    assert not found.exclusive


@pytest.mark.parametrize(
    ("axis", "scores", "picks", "ranks"),
    [
        # safe 0.5 likeliest, 0.5 not safe; then safe 0.4, 0.6 not safe but safe likeliest of three; then unsafe
        (SCALE, np.log([[0.5, 0.3, 0.2], [0.4, 0.3, 0.3], [0.2, 0.2, 0.6]]), [0, 0, 1], [0, 1, 2]),
        (
            SEVERAL,
            np.array([[-1.0, -2.0, -3.0], [-4.0, 2.0, -4.0], [-4.0, -4.0, -4.0]]),
            [0, 1, 0],
            [1, 2, 0],
        ),
    ],
    ids=["scale", "any_of"],
)
def test_any_harm_is_whichever_label_is_stopped(
    axis: Axis, scores: ndarray, picks: list[int], ranks: list[int]
) -> None:
    asked = rows.Question(
        (Example.of("a"), Example.of("b"), Example.of("c")), (rows.ANY,), np.ones((3, 1), bool)
    )
    found = rows.judged(asked, scores, axis)
    assert found.picks[:, 0].astype(int).tolist() == picks and found.ranks[:, 0].tolist() == ranks


def table(folder: Path, axis: str, labels: str) -> str:
    (folder / "own.csv").write_text(
        "text,verdict\na storm is near,bad\nthe park is calm,ok\nwho knows,open\n"
    )
    card = folder / "own.yaml"
    card.write_text(f"file: own.csv\ntext: text\nlabel: verdict\naxis: {axis}\nlabels: {labels}\n")
    return str(card)


def test_an_outside_set_is_asked_for_one_label(tmp_path: Path) -> None:
    kinds = taxonomy.load("harm-six")
    name = table(tmp_path, "harm-six", "{bad: violence_hate, ok: [], open: null}")
    asked = rows.outside(name, "violence_hate", kinds, kinds.axis())
    assert asked.columns == ("violence_hate",) and sorted(asked.truth[:, 0]) == [False, True]
    assert rows.outside(name, rows.EACH, kinds, kinds.axis()).truth.shape == (2, 6)
    with pytest.raises(BadConfig, match="'storms'; expected each, any or violence_hate"):
        rows.outside(name, "storms", kinds, kinds.axis())


@pytest.mark.corpus("aegis-test")
def test_a_set_with_another_question_is_asked_for_any_harm() -> None:
    kinds = taxonomy.load("harm-six")
    asked = rows.outside("aegis-test", rows.ANY, kinds, kinds.axis())
    assert asked.columns == (rows.ANY,) and asked.truth.sum() == 232 and len(asked.truth) == 359


@pytest.mark.corpus("positive-frames")
def test_a_set_that_answers_about_the_other_side_is_refused() -> None:
    kinds = taxonomy.load("response-harm")
    with pytest.raises(BadConfig, match="answers no question about a response"):
        rows.outside("positive-frames", rows.ANY, kinds, kinds.axis())


def test_more_rows_than_a_file_can_count_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows.Judged, "__len__", lambda self: 70_000)
    with pytest.raises(BadConfig, match="70000 rows are too many"):
        rows.packed(judged(TWO))
