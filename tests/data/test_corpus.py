"""Sets as examples: what a set says arrives as answers to the taxonomy, or not at all."""

import logging
from collections import Counter
from pathlib import Path

import pytest

from mindrail import taxonomy
from mindrail.data import corpus
from mindrail.errors import BadConfig, BadFile, UnknownName
from mindrail.records import Example
from mindrail.taxonomy import Taxonomy

RISK = taxonomy.load("emotional-risk")
SIX = taxonomy.load("harm-six")
PROMPT = taxonomy.load("prompt-harm")
RESPONSE = taxonomy.load("response-harm")


def read(name: str | Path, asked: Taxonomy, *, labelled: bool = True) -> list[Example]:
    return corpus.read(str(name), asked, asked.axis(), labelled=labelled)


def own(folder: Path, rows: str, card: str) -> Path:
    (folder / "own.csv").write_text(rows)
    (folder / "mine.yaml").write_text(f"file: own.csv\n{card}")
    return folder / "mine.yaml"


def test_names_hold_our_own_sets() -> None:
    assert {"starter", "minimal-pairs"} <= set(corpus.names())
    assert corpus.names() == sorted(corpus.names())


def test_an_unknown_set_is_named_with_the_closest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'starter'"):
        read("startr", RISK)


@pytest.mark.parametrize("asked", [RISK, SIX, PROMPT], ids=lambda t: t.id)
def test_the_starter_answers_without_any_download(asked: Taxonomy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINDRAIL_DATA", raising=False)
    examples = read("starter", asked)
    assert len(examples) == corpus.card("starter").rows
    assert all(example.source == "starter" and "language" in example.tags for example in examples)
    for example in examples:
        for answer in example.answers.values():
            asked.axis().check(answer)


def test_safe_starter_messages_answer_with_no_harm() -> None:
    risks = {example.id: example.answers[RISK.axis().name] for example in read("starter", RISK)}
    for example in read("starter", SIX):
        assert (example.answers["harm"] == ()) == (risks[example.id] == "safe")


def test_a_starter_message_in_danger_that_asks_for_nothing_says_nothing_of_prompts() -> None:
    answered = Counter(example.answers.get("prompt_harm") for example in read("starter", PROMPT))
    assert set(answered) == {"safe", "harmful", None}


def test_pairs_share_a_group_and_differ_in_risk() -> None:
    sides: dict[str | None, dict[str, Example]] = {}
    for example in read("minimal-pairs", RISK):
        sides.setdefault(example.group, {})[example.tags["side"]] = example
    assert len(sides) * 2 == corpus.card("minimal-pairs").rows
    for pair in sides.values():
        assert pair["talks"].answers["risk"] == "safe"
        assert pair["at_risk"].answers["risk"] in ("borderline", "unsafe")
        assert pair["talks"].tags["kind"] == pair["at_risk"].tags["kind"]


def test_a_set_without_answers_says_which_it_has() -> None:
    with pytest.raises(
        BadConfig, match="has no answers to 'response-harm'; it answers: emotional-risk, harm-six"
    ):
        read("starter", RESPONSE)


def test_without_labels_nothing_is_answered() -> None:
    assert not any(example.answers for example in read("starter", RISK, labelled=False))


def test_a_set_of_messages_has_no_response_to_judge() -> None:
    with pytest.raises(BadConfig, match="holds no response"):
        read("starter", RESPONSE, labelled=False)


@pytest.mark.corpus("beavertails-test")
def test_responses_are_read_for_a_message_taxonomy_where_there_is_a_crosswalk() -> None:
    examples = read("beavertails-test", SIX)
    assert {example.turns[example.focus].speaker for example in examples} == {"assistant"}
    assert any(example.answers.get("harm") == () for example in examples)
    assert any("harm" not in example.answers for example in examples)


@pytest.mark.corpus("counsel-chat")
def test_without_labels_a_message_taxonomy_judges_what_the_person_said() -> None:
    examples = read("counsel-chat", RISK, labelled=False)
    assert {example.turns[example.focus].speaker for example in examples} == {"user"}
    answers = read("counsel-chat", RESPONSE, labelled=False)
    assert {example.turns[example.focus].speaker for example in answers} == {"assistant"}


@pytest.mark.corpus("diasafety")
def test_official_splits_are_tags() -> None:
    splits = Counter(example.tags["split"] for example in read("diasafety", RESPONSE))
    assert splits == {"train": 9017, "dev": 1097, "test": 1095}


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    card = "text: t\nlabel: l\naxis: emotional-risk\nlabels: {ok: safe, bad: unsafe}\nid: i\nsource: desk\n"
    examples = read(own(tmp_path, "i,t,l\n7,hello,ok\n8,help,bad\n9,hm,\n", card), RISK)
    assert [example.answers for example in examples] == [{"risk": "safe"}, {"risk": "unsafe"}, {}]
    assert [example.tags["id"] for example in examples] == ["7", "8", "9"]
    assert {example.source for example in examples} == {"desk"}


def test_a_table_answers_its_own_taxonomy_only(tmp_path: Path) -> None:
    path = own(tmp_path, "t,l\nhello,ok\n", "text: t\nlabel: l\naxis: emotional-risk\nlabels: {ok: safe}\n")
    with pytest.raises(BadConfig, match="it answers: emotional-risk"):
        read(path, PROMPT)
    assert [example.answers for example in read(path, PROMPT, labelled=False)] == [{}]


def test_a_table_without_labels(tmp_path: Path) -> None:
    path = own(tmp_path, "t\nhello\n", "text: t\n")
    assert [example.text for example in read(path, RISK, labelled=False)] == ["hello"]
    with pytest.raises(BadConfig, match="it answers: none"):
        read(path, RISK)


def test_rows_let_go_are_counted_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = own(tmp_path, "t\nhello\n ,\n\x00gardenia\n", "text: t\nskip_bad: 2\n")
    with caplog.at_level(logging.WARNING):
        assert len(read(path, RISK, labelled=False)) == 1
    assert "left out 2 bad rows: {'nul': 1, 'ragged': 1}" in caplog.text
    assert "gardenia" not in caplog.text


def test_a_card_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="nothing there"):
        read(tmp_path / "none.yaml", RISK)


@pytest.mark.corpus("counsel-chat")
def test_a_crosswalk_says_whose_turn_it_is_about() -> None:
    """A question and its answer: harm is asked of the question, whoever speaks last."""
    examples = read("counsel-chat", SIX)
    assert {example.turns[example.focus].speaker for example in examples} == {"user"}
    assert {example.turns[-1].speaker for example in examples} == {"assistant"}
    assert {example.answers.get("harm") for example in examples} == {(), None}


@pytest.mark.corpus("positive-frames")
def test_a_reframe_is_safe_and_what_it_reframes_says_nothing() -> None:
    answered = Counter((one.tags["side"], one.answers.get("risk")) for one in read("positive-frames", RISK))
    assert answered == {("original", None): 8349, ("reframed", "safe"): 8349}
