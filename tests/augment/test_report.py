"""What the report counts, by hand; and that it never holds a text."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers import splits
from helpers.axes import TWO
from mindrail import config, files
from mindrail.augment import report, style, terms
from mindrail.augment.measure import measure
from mindrail.augment.results import Report
from mindrail.augment.shares import share
from mindrail.augment.store import Outcome, Rejected
from mindrail.augment.words import REASONS
from mindrail.records import Example, Turn
from mindrail.records.views import View
from mindrail.stats import wilson

CANARY = "zq-canary-text"


def view(example: Example, text: str, **facts: float) -> View:
    return View(example.id, (Turn("user", text),), "edit", facts)


def rejected(example: Example, *reasons: str) -> tuple[Rejected, ...]:
    return tuple(Rejected(example.id, i, reason, 10, 5) for i, reason in enumerate(reasons))


def measured(
    examples: list[Example], outcomes: list[Outcome], views: int = 2, judge: str = "a judge"
) -> Report:
    return measure(
        "edit",
        examples,
        outcomes,
        TWO,
        views,
        probe=1000,
        judge=judge,
        identity={"method": "edit"},
        made_from={},
    )


def test_a_share_is_never_surer_than_wilsons() -> None:
    found = share([(2, 2)] * 20)
    least = wilson(40, 40)
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(least.low), 1.0)


def test_a_share_knows_that_views_of_one_text_go_together() -> None:
    together, apart = share([(10, 10), (0, 10)] * 10), share([(5, 10)] * 20)
    assert together.value == apart.value == 0.5
    assert together.high - together.low > apart.high - apart.low  # type: ignore[operator]


@pytest.mark.parametrize("parts", [[], [(0, 0)]])
def test_a_share_of_nothing_is_unknown(parts: list[tuple[int, int]]) -> None:
    assert share(parts).value is None


def test_counts_and_reasons() -> None:
    examples = [Example.of(f"soup {i}") for i in range(3)]
    outcomes = [
        Outcome(
            examples[0].id,
            (view(examples[0], "broth", overlap=0.5), view(examples[0], "stew", overlap=0.7)),
            (),
        ),
        Outcome(examples[1].id, (view(examples[1], "bro"),), rejected(examples[1], "junk")),
        Outcome(examples[2].id, (), rejected(examples[2], "junk", "length")),
    ]
    found = measured(examples, outcomes, judge="")
    assert (found.texts, found.reworded, found.wanted, found.kept) == (3, 2, 6, 3)
    assert found.reasons == {"junk": 2, "length": 1} and found.kept_share.value == 0.5
    assert found.measures["overlap"].middle == pytest.approx(0.6)
    assert found.measures["length ratio"].high == pytest.approx(0.8)
    assert found.survival == () and found.judge_right is None and found.style is None


def test_survival_by_whose_texts_and_how_the_judge_sees_them() -> None:
    bad, good = {"harm": "harmful"}, {"harm": "safe"}
    examples = [Example.of("a"), Example.of("b"), Example.of("c", answers=bad), Example.of("d", answers=good)]
    calm, risky = {"danger_before": 0.1, "danger": 0.2}, {"danger_before": 0.9, "danger": 0.8}
    outcomes = [
        Outcome(examples[0].id, (view(examples[0], "x", **risky),), rejected(examples[0], "softened")),
        Outcome(examples[1].id, (view(examples[1], "x", **calm), view(examples[1], "y", **calm)), ()),
        Outcome(examples[2].id, (view(examples[2], "x", **risky),), rejected(examples[2], "softened")),
        Outcome(
            examples[3].id, (view(examples[3], "x", **risky),), rejected(examples[3], "near_copy")
        ),  # judge wrong
    ]
    found = measured(examples, outcomes)
    assert {(one.rows, one.seen): (one.survived, one.judged) for one in found.survival} == {
        ("unlabelled", "all"): (3, 4),
        ("unlabelled", "dangerous"): (1, 2),
        ("unlabelled", "harmless"): (2, 2),
        ("labelled", "all"): (1, 2),
        ("labelled", "dangerous"): (1, 2),
    }
    assert found.judge_right is not None and found.judge_right.value == 0.5
    told = report.document(found)
    assert any("softens" in item for block in told.top for item in getattr(block, "items", ()))


def test_a_judge_that_knows_the_labels_by_heart_is_named() -> None:
    examples = [Example.of("a")]
    outcomes = [Outcome(examples[0].id, (view(examples[0], "x", danger=0.1, danger_before=0.1),), ())]
    found = measured(examples, outcomes)
    told = [report.document(replace(found, judge_knows=knows)).top for knows in (False, True)]
    assert ["by heart" in str(top) for top in told] == [False, True]


def test_style_is_told_where_there_is_one_and_not_where_there_is_none() -> None:
    random = np.random.default_rng(0)
    words = ["soup", "bread", "river", "song", "walk", "apple", "letter", "green", "quiet"]
    texts = [" ".join(random.choice(words, 12)) for _ in range(80)]
    shuffled = [" ".join(random.permutation(text.split())) for text in texts]
    plain = style.probe(list(zip(texts, shuffled, strict=True)))
    loud = style.probe([(text, f"Well, {text}!") for text in texts])
    assert plain is not None and loud is not None
    assert loud.value == 1.0 and plain.value is not None and plain.value < 0.75
    assert style.probe([("a", "b")] * (style.FEWEST - 1)) is None


def test_words_for_groups_are_counted() -> None:
    examples = [Example.of(text) for text in ("The women sang.", "Two girls and a MOSQUE", "soup", "we eat")]
    after = [
        ["The ladies sang.", "The women sing."],
        ["Two girls and a mosque"],
        ["soup for a lady", "broth"],
        [],
    ]
    outcomes = [
        Outcome(example.id, tuple(view(example, text) for text in texts), ())
        for example, texts in zip(examples, after, strict=True)
    ]
    women, religion = terms.families(examples, outcomes, 2)
    assert (women.name, women.texts, religion.name, religion.texts) == ("women", 2, "religion", 1)
    assert women.kept.value == 3 / 4 and women.kept_elsewhere.value == 2 / 4
    assert women.dropped.value == 1 / 3 and women.added.value == 1 / 2
    assert religion.dropped.value == 0.0 and religion.kept.value == 1 / 2


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("他是老人。", "age"),
        ("Ein Sikh", "religion"),
        ("a lesbian couple", "gender and sexuality"),
        ("the manor", None),
    ],
)
def test_whole_words_in_spaced_languages_anything_in_chinese(text: str, family: str | None) -> None:
    example = Example.of(text)
    found = terms.families([example], [Outcome(example.id, (), ())], 1)
    assert [one.name for one in found] == ([family] if family else [])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole report on 40 texts with the canary in every text and view."""
    examples = splits.examples(TWO, 40, extra=f"{CANARY} women")
    outcomes = [
        Outcome(
            one.id,
            (view(one, f"{CANARY} and {one.text.upper()}", danger=0.7, danger_before=0.8, overlap=0.4),),
            rejected(one, list(REASONS)[i % len(REASONS)]),
        )
        for i, one in enumerate(examples)
    ]
    folder = tmp_path_factory.mktemp("report")
    report.write(measured(examples, outcomes), folder)
    return folder


def test_page_and_data_agree_and_survive_a_round_trip(written: Path) -> None:
    data = files.read_json(written / "report.json")
    assert config.plain(config.build(Report, data)) == data
    page = (written / "report.html").read_text()
    embedded = page.split('id="data">')[1].split("</script>")[0]
    assert json.loads(embedded.replace("\\u003c", "<")) == data
    for told in ("Given away by style", "Words for groups of people", "The label survives", *REASONS):
        assert told in page


def test_no_text_is_in_any_file(written: Path) -> None:
    for path in written.iterdir():
        assert CANARY.lower() not in path.read_text().lower()
