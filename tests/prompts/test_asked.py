"""The questions of a form through any chat: rows as the form makes them, and no failure that passes for safe."""

import math

import numpy as np
import pytest

from helpers.axes import AXES, FIRST, SCALE, SEVERAL, TWO
from mindrail.errors import BadConfig, Stopped, Unreachable
from mindrail.llm import Chat, Failure, Reply, Request
from mindrail.llm.choose import Choosing
from mindrail.llm.providers.fake import Answering
from mindrail.prompts import Form, Shot, contextual, unanswered
from mindrail.prompts.asked import AskedScorer, same, through
from mindrail.records import Example
from mindrail.runtime.scorer import Asks, Scorer
from mindrail.taxonomy import Axis

TEXTS = [Example.of("Good morning."), Example.of("My soup is cold."), Example.of("See you.")]


def by_chat(form: Form, chat: Chat, how: Choosing | None = None) -> AskedScorer:
    return AskedScorer(form.axis, same(form), through(chat, how), how=how)


def sure_of(word: str) -> Answering:
    return Answering(
        lambda _: Reply(
            word, first_token={word: math.log(0.8), "Well": math.log(0.19), "Oh": math.log(0.001)}
        )
    )


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.kind)
def test_rows_are_those_of_the_form(axis: Axis) -> None:
    form = Form(axis, "Is it kind?")
    scorer = by_chat(form, sure_of(form.options[0]))
    assert isinstance(scorer, Scorer) and isinstance(scorer, Asks)
    rows = scorer.score(TEXTS)
    assert rows.shape == (3, len(axis.names))
    assert np.isfinite(rows).all()
    assert (rows == rows[0]).all()
    assert scorer.answers == {"graded": 3 * len(form.asked)}


def test_the_options_of_a_scale_are_its_labels() -> None:
    words = Form(SCALE).options
    first = {word: math.log(share) for word, share in zip(words, (0.2, 0.5, 0.3), strict=True)}
    (row,) = by_chat(Form(SCALE), Answering(lambda _: Reply("?", first_token=first))).score(TEXTS[:1])
    assert SCALE.probabilities(row[None])[0] == pytest.approx([0.2, 0.5, 0.3])


def test_one_failed_question_makes_its_whole_text_dangerous() -> None:
    def answer(request: Request) -> Reply | Failure:
        asked = request.messages[-1].content
        if "soup" in asked and "cruel" in asked:
            return Failure("refused")
        return Reply("no", first_token={"no": math.log(0.9), "yes": math.log(0.1)})

    scorer = by_chat(Form(SEVERAL), Answering(answer), Choosing(failures=0.2))
    rows = SEVERAL.probabilities(scorer.score(TEXTS))
    assert rows[[0, 2]] == pytest.approx(np.full((2, 3), 0.1))
    assert (rows[1] > 0.999).all()
    assert scorer.answers == {"graded": 8, "refused": 1}


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.kind)
def test_what_nobody_judged_is_as_dangerous_as_can_be(axis: Axis) -> None:
    """No option, however sure the model is of it, makes a text more dangerous than a failure does."""
    most = axis.danger(unanswered.scores(axis)[None])[0]
    for word in Form(axis).options:
        sure = Answering(lambda _, word=word: Reply(word, first_token={word: -1e-12}))
        assert axis.danger(by_chat(Form(axis), sure).score(TEXTS[:1]))[0] <= most


def test_a_dead_server_gives_no_scores() -> None:
    with pytest.raises(Unreachable):
        by_chat(Form(FIRST), Answering(lambda _: Failure("down"))).score(TEXTS)
    with pytest.raises(Stopped):
        by_chat(Form(FIRST), Answering(lambda _: "As a model, I would rather not say.")).score(TEXTS)


def crowded(request: Request) -> Reply | Failure:
    """A model with room for three messages or fewer, and for 200 characters in the last one."""
    if len(request.messages) > 3 or len(request.messages[-1].content) > 200:
        return Failure("too_long")
    said = 0.9 if "storm" in request.messages[-1].content else 0.2
    return Reply("?", first_token={"harmful": math.log(said), "safe": math.log(1 - said)})


def test_a_server_without_room_is_asked_for_less(caplog: pytest.LogCaptureFixture) -> None:
    """First without the shots, then window by window; the window with the storm speaks for its text."""
    shown = tuple(Shot(Example.of(f"tea {i}", answers={"harm": "safe"})) for i in range(3))
    scorer = by_chat(Form(TWO, shots=shown), Answering(crowded))
    storm = Example.of("calm walk " * 40 + "storm" + " tea" * 40)
    texts = [Example.of("soup"), Example.of("calm walk " * 60), storm]
    chances = TWO.probabilities(scorer.score(texts))[:, 1]
    assert chances == pytest.approx([0.2, 0.2, 0.9])
    assert scorer.shrunk == {"fewer_shots": 3, "windows": 2}
    assert (
        "of 3 texts, for want of room in the prompt: 3 with fewer shots, 2 in several windows" in caplog.text
    )
    assert "storm" not in caplog.text


def test_what_is_known_about_nothing_outlives_further_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contextual, "_KEPT", 0)
    shown = (
        Shot(Example.of("tea", answers={"harm": "safe"})),
        Shot(Example.of("t", answers={"harm": "safe"})),
    )
    scorer = AskedScorer(
        TWO, same(Form(TWO, shots=shown)), through(Answering(crowded)), calibration="contextual"
    )
    for _ in range(2):
        chances = TWO.probabilities(scorer.score([Example.of("soup"), Example.of("storm")]))[:, 1]
        assert chances == pytest.approx([0.5, 36 / 37])


def test_calibration_that_comes_to_nothing_stops() -> None:
    def answer(request: Request) -> Reply | Failure:
        return Failure("refused") if "[MASK]" in request.messages[-1].content else crowded(request)

    scorer = AskedScorer(TWO, same(Form(TWO)), through(Answering(answer)), calibration="contextual")
    with pytest.raises(Stopped, match="calibration=none"):
        scorer.score(TEXTS)


def test_instructions_without_room_for_anything_are_refused() -> None:
    with pytest.raises(BadConfig, match="leave no room for a message"):
        by_chat(Form(TWO), Answering(lambda _: Failure("too_long"))).score(TEXTS)
