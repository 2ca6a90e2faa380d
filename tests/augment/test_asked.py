"""Asking a language model: what is sent, what is taken of the answer, and how turns are paired again."""

import pytest

from mindrail import config
from mindrail.augment import chats, prompt
from mindrail.augment._base import Made, Method, Wanted
from mindrail.augment.methods import paraphrase, rewrite
from mindrail.augment.methods._asked import Asked
from mindrail.augment.preview import SAMPLE, as_text, preview, tokens
from mindrail.errors import BadConfig, UnknownName
from mindrail.llm.budget import Budget
from mindrail.llm.chat import Failure, Reply, Request
from mindrail.llm.open import ModelSettings
from mindrail.llm.providers.fake import Answering
from mindrail.records import Example, Turn

PROMPTS = ("rewrite", "paraphrase")
TURN = Turn("user", "The soup is cold again.")


def said(request: Request) -> str:
    """The text between the lines of a request."""
    return request.messages[-1].content.split(" ===\n", 1)[1].rsplit("\n=== END", 1)[0]


def echo(request: Request) -> Reply:
    return Reply(f"REWORDED:\n{said(request)[::-1]}")


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """A model that turns texts around."""
    double = Answering(echo)
    monkeypatch.setattr(chats, "open_chat", lambda wanted: (double, Budget()))
    return double


def wanted(example: Example, number: int = 0) -> Wanted:
    return Wanted(example, number, number)


def conversation(*texts: str) -> Example:
    return Example.of(texts[-1], context=texts[:-1])


@pytest.mark.parametrize("name", PROMPTS)
def test_the_text_stands_between_lines_it_cannot_hold(name: str) -> None:
    system, _, shown, asked = prompt.load(name).messages(TURN)
    begin, end = prompt.fence(TURN.text)
    assert f"{begin}\n{TURN.text}\n{end}" in asked.content and "a person" in asked.content
    assert [system.role, shown.role] == ["system", "assistant"] and "REWORDED:" in system.content
    assert prompt.load(name).read(shown.content, TURN) == prompt.load(name).example.after


def test_braces_in_a_text_are_letters() -> None:
    turn = Turn("user", "{begin} {0} {marker} {{}}")
    assert turn.text in prompt.load("rewrite").messages(turn)[-1].content


GOOD = {
    "REWORDED:\nThe broth is chilly.": "The broth is chilly.",
    "REWORDED: The broth is chilly.\n": "The broth is chilly.",
    "I found nothing harmful.\nREWORDED:\nThe broth\nis chilly.": "The broth\nis chilly.",
    "<think>REWORDED: no</think>\nREWORDED:\nThe broth is chilly.": "The broth is chilly.",
}
BAD = (
    "The broth is chilly.",
    "REWORDED:",
    "REWORDED: \n ",
    "reworded: The broth is chilly.",
    "REWORDED: The broth.\nREWORDED: The chilly broth.",
    'REWORDED: "The broth is chilly."',
    "REWORDED: “The broth is chilly.”",
    f"REWORDED:\n{prompt.fence(TURN.text)[0]}\nThe broth is chilly.",
    f"REWORDED:\nThe broth is chilly.\n{prompt.fence(TURN.text)[1]}",
    "",
)


@pytest.mark.parametrize("reply", GOOD)
def test_an_answer_after_the_marker_is_taken(reply: str) -> None:
    assert prompt.load("rewrite").read(reply, TURN) == GOOD[reply]


@pytest.mark.parametrize("reply", BAD)
def test_anything_else_is_junk(reply: str) -> None:
    assert prompt.load("rewrite").read(reply, TURN) is None


def test_quotes_of_the_text_may_stay() -> None:
    assert prompt.load("rewrite").read('REWORDED: "Broth."', Turn("user", '"Soup."')) == '"Broth."'


@pytest.mark.parametrize("module", [rewrite, paraphrase])
def test_every_turn_is_asked_alone_and_paired_again(module: object, talk: Answering) -> None:
    method = module.METHOD(context=1)  # type: ignore[attr-defined]
    assert isinstance(method, Method)
    examples = [conversation("one", "two", "three"), conversation("four"), conversation("five", "six")]
    made = dict(method.make([wanted(example) for example in examples]))
    texts = [[turn.text for turn in made[i].turns or ()] for i in range(3)]
    assert texts == [["one", "owt", "eerht"], ["ruof"], ["evif", "xis"]]
    assert sorted(map(said, talk.asked)) == ["five", "four", "six", "three", "two"]


def test_speakers_stay_and_are_told(talk: Answering) -> None:
    example = conversation("I am sad.", "That is hard.")
    ((_, made),) = rewrite.METHOD().make([wanted(example)])
    assert made.turns is not None
    assert [turn.speaker for turn in made.turns] == [turn.speaker for turn in example.turns]
    told = {said(request): "an assistant" in request.messages[-1].content for request in talk.asked}
    assert told == {"I am sad.": False, "That is hard.": True}


def test_the_study_decodes_like_this(talk: Answering) -> None:
    list(rewrite.METHOD().make([wanted(Example.of("soup"))]))
    list(paraphrase.METHOD().make([wanted(Example.of("soup"))]))
    found = [(one.temperature, one.top_p, one.max_tokens) for one in talk.asked]
    assert found == [(0.5, 0.9, 1000), (0.6, 0.9, 512)]


def test_every_view_and_turn_has_its_own_seed(talk: Answering) -> None:
    list(rewrite.METHOD().make([wanted(conversation("a", "b"), number) for number in range(2)]))
    assert len({request.seed for request in talk.asked}) == 4


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"b": Failure("refused")}, "refused"),
        ({"b": Failure("too_long")}, "too_long"),
        ({"a": Failure("refused"), "b": Failure("down")}, "down"),
        ({"b": Reply("REWORDED: soup", finish="length")}, "junk"),
        ({"b": Reply("soup")}, "junk"),
    ],
    ids=["refused", "too long", "down before refused", "cut off", "no marker"],
)
def test_one_failed_turn_fails_the_view(
    answers: dict[str, Reply | Failure], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = Answering(lambda request: answers.get(said(request), echo(request)))
    monkeypatch.setattr(chats, "open_chat", lambda wanted: (double, Budget()))
    ((_, made),) = rewrite.METHOD().make([wanted(conversation("a", "b"))])
    assert made == Made(None, reason)  # type: ignore[arg-type]


def test_blank_turns_are_not_asked(talk: Answering) -> None:
    made = dict(rewrite.METHOD().make([wanted(conversation(" ", "b")), wanted(Example.of("\n"))]))
    assert [turn.text for turn in made[0].turns or ()] == [" ", "b"] and made[1] == Made(None, "unchanged")


def test_the_identity_tells_model_prompt_and_decoding(talk: Answering) -> None:
    base = rewrite.METHOD().identity()
    assert base["model"] == "double" and base == rewrite.METHOD(chunk=3).identity()
    assert base != rewrite.METHOD(temperature=0.1).identity()
    assert base["prompt"] != paraphrase.METHOD().identity()["prompt"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, BadConfig),
        ({"chat": {"provider": "no-such"}}, UnknownName),
        ({"chat": {"provider": "fake", "settings": {"nonsense": 1}}}, BadConfig),
        ({"chat": {"provider": "fake", "replies": ["x"]}}, BadConfig),
        ({"temperature": 3.0}, BadConfig),
        ({"context": -1}, BadConfig),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        config.build(rewrite.METHOD, settings).identity()


def test_a_provider_is_opened_by_its_name() -> None:
    chat, budget = chats.open_chat(ModelSettings("fake", {"replies": ["REWORDED: soup"]}))
    assert chat.name.startswith("fake") and budget.spent.requests == 0


def test_a_preview_counts_and_shows_our_own_words_only() -> None:
    examples = [conversation("四个字母", "zebra-canary " * 8), Example.of("zebra-canary")]
    found = preview(rewrite.METHOD(), examples, views=3)
    assert isinstance(rewrite.METHOD(), Asked)
    assert (found.requests, found.completion_tokens) == (9, 3 * (4 + 26 + 3))
    told = "\n".join(as_text(found))
    assert SAMPLE in told and "9 requests" in told and "zebra" not in told
    assert found.prompt_tokens > 9 * 200


@pytest.mark.parametrize(("text", "count"), [("", 0), ("soup", 1), ("soups", 2), ("汤 汤", 3)])
def test_tokens_are_guessed_from_letters(text: str, count: int) -> None:
    assert tokens(text) == count
