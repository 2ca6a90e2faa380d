"""Guard models, format by format: what is asked, where the verdict is read, what codes mean. Answers are made up."""

import math
from typing import Any

import numpy as np
import pytest

from mindrail import config, plugins, taxonomy
from mindrail.arrays import ndarray
from mindrail.errors import BadConfig, Stopped, Unreachable
from mindrail.llm import Failure, Message, Reply, Request
from mindrail.llm.chat import Place
from mindrail.llm.choose import FAINT, Choosing
from mindrail.llm.providers.fake import Answering
from mindrail.prompts import unanswered
from mindrail.prompts.guards._base import Format, conversation, meanings
from mindrail.prompts.guards._rows import ELSEWHERE
from mindrail.prompts.guards._scorer import GuardModelScorer
from mindrail.records import Example, Turn
from mindrail.taxonomy import Axis

FORMATS = plugins.names("guard-format")
AXES = {axis.name: axis for name in taxonomy.names() for axis in taxonomy.load(name).axes}
HARM, RISK, PROMPT, RESPONSE = AXES["harm"], AXES["risk"], AXES["prompt_harm"], AXES["response_harm"]


def form(name: str, **settings: Any) -> Format:
    made: Format = config.build(plugins.get("guard-format", name).FORMAT, settings)
    return made


def said(*tokens: str | tuple[str, dict[str, float]], finish: Any = "stop") -> Reply:
    """An answer token by token; a token with chances tells them, as probabilities."""
    places = []
    for token in tokens:
        word, chances = token if isinstance(token, tuple) else (token, {token: 0.9})
        places.append(Place(word, {other: math.log(share) for other, share in chances.items()}))
    text = "".join(place.token for place in places)
    return Reply(text, finish, 9, len(places), places[0].likeliest, places=tuple(places))


def scores(
    name: str, axis: Axis, *answers: Reply | Failure, example: Example | None = None, **settings: Any
) -> ndarray:
    """The row of one text whose questions get these answers, in order."""
    left = list(answers)
    ready = form(name, **settings)
    asked = ready.ask(example or Example.of("Good morning."), axis)
    by_request = {repr(Request(one.messages, template=one.template)): left.pop(0) for one in asked}

    def answer(request: Request) -> Reply | Failure:
        return by_request[repr(Request(request.messages, template=request.template))]

    scorer = GuardModelScorer(axis, ready, Answering(answer), Choosing(failures=0.99))
    return scorer.score([example or Example.of("Good morning.")])[0]


def chances(axis: Axis, row: ndarray) -> dict[str, float]:
    return dict(zip(axis.names, axis.probabilities(row[None])[0].round(4).tolist(), strict=True))


def test_the_formats_are_those_in_the_docs() -> None:
    assert FORMATS == ["granite-guardian", "llama-guard", "qwen3guard", "shieldgemma", "wildguard"]
    assert all(isinstance(form(name), Format) for name in FORMATS)


@pytest.mark.parametrize("name", ["llama-guard", "qwen3guard", "wildguard"])
def test_every_code_is_read_as_labels_that_the_axis_has(name: str) -> None:
    for axis, meaning in meanings(name).items():
        known = AXES[axis]
        assert meaning.loses, "what a map cannot carry over is said"
        assert {label for labels in (meaning.codes or {}).values() for label in labels} <= set(known.names)
        assert set(meaning.verdicts) == (set(form(name).words) if known.exclusive else set())
        assert set(meaning.verdicts.values()) <= set(known.names)


def test_all_fourteen_codes_and_nine_categories_are_mapped() -> None:
    from mindrail.prompts.guards.qwen3guard import CATEGORIES

    for axis in ("risk", "harm"):
        assert list(meanings("llama-guard")[axis].codes or ()) == [f"S{i}" for i in range(1, 15)]
        assert tuple(meanings("qwen3guard")[axis].codes or ()) == CATEGORIES


CONVERSATION = Example.of("That sounds hard.", context=("Hello.", "Hi!", "My cat is ill."))


def test_a_conversation_alternates_and_ends_with_the_judged_turn() -> None:
    assert [m.role for m in conversation(CONVERSATION)] == ["user", "assistant", "user", "assistant"]
    assert conversation(CONVERSATION)[-1] == Message("assistant", "That sounds hard.")
    begun = conversation(Example((Turn("assistant", "Hi!"), Turn("user", "My cat is ill."))))
    assert [m.role for m in begun] == ["user", "assistant", "user"]
    twice = Example(
        (Turn("user", "Hello."), Turn("user", "My cat is ill."), Turn("assistant", "Oh.")), focus=1
    )
    assert conversation(twice) == (Message("user", "Hello.\nMy cat is ill."),)


# Llama Guard


def test_llama_guard_is_scored_where_its_answer_begins() -> None:
    row = scores("llama-guard", PROMPT, said("\n\n", ("safe", {"safe": 0.8, "uns": 0.2})))
    assert chances(PROMPT, row) == {"safe": 0.8, "harmful": 0.2}
    row = scores("llama-guard", PROMPT, said(("uns", {"safe": 0.1, "uns": 0.9}), "afe", "\n", "S", "2"))
    assert chances(PROMPT, row) == {"safe": 0.1, "harmful": 0.9}


def test_llama_guards_codes_choose_the_labels() -> None:
    verdict = ("unsafe", {"unsafe": 0.9, "safe": 0.1})
    found = chances(HARM, scores("llama-guard", HARM, said(verdict, "\n", "S11", ",", "S1")))
    assert found["suicide_self_harm"] == found["violence_hate"] == 0.9
    assert found["weapons"] == found["substances"] == round(0.9 * ELSEWHERE, 4)
    calm = chances(HARM, scores("llama-guard", HARM, said(("safe", {"safe": 0.7, "unsafe": 0.3}))))
    assert set(calm.values()) == {0.3}, "what danger is left is any label's"


def test_danger_of_another_kind_is_mostly_none() -> None:
    verdict = ("unsafe", {"unsafe": 0.9, "safe": 0.1})
    row = chances(RISK, scores("llama-guard", RISK, said(verdict, "\n", "S5")))
    assert row == {"safe": round(0.1 + 0.9 * 0.95, 4), "borderline": 0.0, "unsafe": round(0.9 * 0.05, 4)}
    row = chances(RISK, scores("llama-guard", RISK, said(verdict, "\n", "S11")))
    assert row["unsafe"] == 0.9


def test_a_code_that_nobody_knows_concerns_every_label() -> None:
    verdict = ("unsafe", {"unsafe": 0.9, "safe": 0.1})
    assert set(chances(HARM, scores("llama-guard", HARM, said(verdict, "\n", "S99"))).values()) == {0.9}
    assert chances(RISK, scores("llama-guard", RISK, said(verdict, "\n", "S99")))["unsafe"] == 0.9


def test_llama_guard_takes_our_definitions_as_its_categories() -> None:
    (asked,) = form("llama-guard", policy="ours").ask(Example.of("Hello."), HARM)
    given = asked.template["categories"]
    assert list(given) == [f"S{i}" for i in range(1, 7)]
    assert all(label.means in given[f"S{i}"] for i, label in enumerate(HARM.labels, start=1))
    verdict = ("unsafe", {"unsafe": 0.9, "safe": 0.1})
    found = chances(HARM, scores("llama-guard", HARM, said(verdict, "\n", "S5"), policy="ours"))
    assert found["suicide_self_harm"] == 0.9
    assert found["violence_hate"] < 0.1
    risk = chances(RISK, scores("llama-guard", RISK, said(verdict, "\n", "S1"), policy="ours"))
    assert risk == {"safe": 0.1, "borderline": 0.9, "unsafe": 0.0}


# Qwen3Guard


def test_qwen3guard_has_three_degrees() -> None:
    verdict = (" Contro", {" Safe": 0.2, " Contro": 0.5, " Unsafe": 0.3})
    answer = said("Safety", ":", verdict, "versial", "\n", "Categories", ":", " Suicide & Self-Harm")
    assert chances(RISK, scores("qwen3guard", RISK, answer)) == {
        "safe": 0.2,
        "borderline": 0.5,
        "unsafe": 0.3,
    }
    assert chances(PROMPT, scores("qwen3guard", PROMPT, answer)) == {"safe": 0.2, "harmful": 0.8}
    assert chances(HARM, scores("qwen3guard", HARM, answer))["suicide_self_harm"] == 0.8


def test_qwen3guards_categories_end_where_the_refusal_begins() -> None:
    qwen = form("qwen3guard")
    assert qwen.codes("Safety: Safe\nCategories: None\nRefusal: Yes") == ()
    answer = "Safety: Unsafe\nCategories: violent, PII\nRefusal: No"
    assert qwen.codes(answer) == ("Violent", "PII")


# ShieldGemma and Granite Guardian: a policy at a time


@pytest.mark.parametrize("name", ["shieldgemma", "granite-guardian"])
@pytest.mark.parametrize("axis", AXES.values(), ids=AXES)
def test_policies_are_our_definitions_one_for_each_label_that_is_stopped(name: str, axis: Axis) -> None:
    asked = form(name).ask(Example.of("Hello."), axis)
    bad = [label for label in axis.labels if label.decision != "allow"]
    assert [one.label for one in asked] == [label.name for label in bad]
    assert all(label.means in _texts(one.template) for one, label in zip(asked, bad, strict=True))


def _texts(value: Any) -> str:
    inner = value.values() if isinstance(value, dict) else ()
    return value if isinstance(value, str) else " ".join(map(_texts, inner))


def test_shieldgemma_is_the_share_of_yes() -> None:
    answer = said(("Yes", {"Yes": 0.6, "No": 0.2, "Maybe": 0.2}))
    assert chances(PROMPT, scores("shieldgemma", PROMPT, answer)) == {"safe": 0.25, "harmful": 0.75}
    yes, no = said(("Yes", {"Yes": 0.8, "No": 0.2})), said(("No", {"Yes": 0.2, "No": 0.8}))
    assert list(chances(HARM, scores("shieldgemma", HARM, yes, no, no, no, no, yes)).values()) == [
        0.8, 0.2, 0.2, 0.2, 0.2, 0.8,
    ]  # fmt: skip
    # odds of 4 and 1/4 beside 1 for safe
    assert chances(RISK, scores("shieldgemma", RISK, yes, no)) == {
        "safe": round(1 / 5.25, 4), "borderline": round(4 / 5.25, 4), "unsafe": round(0.25 / 5.25, 4),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("generation", "answer"),
    [
        ("3.0", said(("Yes", {"Yes": 0.9, "No": 0.1}))),
        (
            "3.3",
            said("<think>", "\n", "</think>", "<score>", (" yes", {" yes": 0.9, " no": 0.1}), " </score>"),
        ),
        ("4.1", said("<think></think>", "<score>", " ", ("yes", {"yes": 0.9, "no": 0.1}), "</score>")),
    ],
)
def test_granite_guardian_by_generation(generation: str, answer: Reply) -> None:
    row = scores("granite-guardian", PROMPT, answer, generation=generation)
    assert chances(PROMPT, row) == {"safe": 0.1, "harmful": 0.9}


def test_granite_guardian_is_told_its_criterion_where_its_generation_looks_for_it() -> None:
    means = PROMPT.labels[1].means
    asked = {
        g: form("granite-guardian", generation=g).ask(CONVERSATION, PROMPT)[0] for g in ("3.0", "3.3", "4.1")
    }
    assert means in asked["3.0"].template["guardian_config"]["risk_definition"]
    assert means in asked["3.3"].template["guardian_config"]["custom_criteria"]
    assert asked["3.3"].template["think"] is False
    assert not asked["4.1"].template
    assert means in asked["4.1"].messages[-1].content
    assert asked["4.1"].messages[:-1] == asked["3.3"].messages


# WildGuard


def test_wildguard_is_read_at_the_line_of_the_judged_turn() -> None:
    lines = ("Harmful request:", (" yes", {" yes": 0.9, " no": 0.1}), "\nResponse refusal:", " yes",
             "\nHarmful response:", (" no", {" no": 0.7, " yes": 0.3}))  # fmt: skip
    assert chances(PROMPT, scores("wildguard", PROMPT, said(*lines))) == {"safe": 0.1, "harmful": 0.9}
    row = scores("wildguard", RESPONSE, said(*lines), example=CONVERSATION)
    assert chances(RESPONSE, row) == {"safe": 0.7, "harmful": 0.3}


def test_an_axis_that_a_format_does_not_answer_is_refused() -> None:
    with pytest.raises(BadConfig, match="do not answer 'risk'; they answer prompt_harm, response_harm"):
        form("wildguard").ask(Example.of("Hello."), RISK)
    other = Axis("risk", "scale", AXES["risk"].labels[:2])
    with pytest.raises(BadConfig, match="reads its codes as unsafe, which this 'risk' does not have"):
        form("llama-guard").ask(Example.of("Hello."), other)


# What goes wrong


ODD = {
    "nothing": Reply(""),
    "one word": Reply("Hello"),
    "a refusal": Reply("I'm sorry, I can't help with that."),
    "the verdict later": Reply("I think this is unsafe\nS1"),
    "half a word": Reply("unsafely"),
    "cut off before its codes": said(
        ("unsafe", {"unsafe": 0.9, "safe": 0.1}), "\n", "S", "1", finish="length"
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_answers_without_a_verdict_are_scored_as_most_dangerous(case: str) -> None:
    row = scores("llama-guard", RISK, ODD[case])
    assert row.tolist() == unanswered.scores(RISK).tolist() == [0.0, 0.0, unanswered.MOST]


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES)
def test_nothing_that_is_answered_is_more_dangerous_than_what_is_not(axis: Axis) -> None:
    """So no threshold lets a failure through that stops any answer."""
    worst = axis.probabilities(unanswered.scores(axis)[None])
    for event in axis.events:
        k = len(axis.names)
        any_row = np.full((1, k), FAINT)
        any_row[0, event.members[-1]] = -FAINT if not axis.exclusive else 0.0
        if event.name in ("any", *[label.name for label in axis.labels][-1:]) or not axis.exclusive:
            assert event.of(worst)[0] >= event.of(axis.probabilities(any_row))[0]
    assert axis.danger(unanswered.scores(axis)[None])[0] > 0.999


def test_an_answer_without_log_probabilities_has_no_degrees() -> None:
    plain = Answering(lambda _: "unsafe\nS1")
    scorer = GuardModelScorer(PROMPT, form("llama-guard"), plain, Choosing(smoothing=0.1))
    assert chances(PROMPT, scorer.score([Example.of("a")])[0]) == {"safe": 0.1, "harmful": 0.9}
    assert scorer.answers == {"plain": 1}


def test_failures_are_counted_and_too_many_stop_the_work(caplog: pytest.LogCaptureFixture) -> None:
    def answer(request: Request) -> str | Failure:
        return Failure("timeout") if request.messages[0].content == "7" else "safe"

    examples = [Example.of(f"{i}") for i in range(10)]
    tolerant = GuardModelScorer(PROMPT, form("llama-guard"), Answering(answer), Choosing(failures=0.1))
    found = tolerant.score(examples)
    assert tolerant.answers == {"plain": 9, "timeout": 1}
    assert found[7].tolist() == [0.0, unanswered.MOST]
    assert "1 of 10 texts were not judged: scored as most dangerous" in caplog.text
    strict = GuardModelScorer(PROMPT, form("llama-guard"), Answering(answer), Choosing(failures=0.0))
    with pytest.raises(Stopped, match=r"1 of 10 questions to double came to nothing \(timeout 1\)"):
        strict.score(examples)
    with pytest.raises(Unreachable):
        GuardModelScorer(PROMPT, form("llama-guard"), Answering(lambda _: Failure("down")), Choosing()).score(
            examples
        )


def test_of_several_questions_none_may_fail() -> None:
    yes = said(("Yes", {"Yes": 0.8, "No": 0.2}))
    row = scores("shieldgemma", HARM, yes, yes, yes, yes, yes, Failure("refused"))
    assert row.tolist() == [unanswered.MOST] * 6


def test_no_texts_make_no_rows() -> None:
    assert GuardModelScorer(HARM, form("shieldgemma"), Answering(lambda _: "Yes"), Choosing()).score(
        []
    ).shape == (0, 6)
