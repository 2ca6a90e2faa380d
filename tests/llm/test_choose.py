"""Options read from what a model says: exactly where it tells probabilities, else to the letter, never guessed."""

import math
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.server import Said, asked, completion, serving
from mindrail.errors import BadConfig, Stopped, Unreachable
from mindrail.llm import Failure, Message, Reply, Request
from mindrail.llm.budget import Budget, Budgeted
from mindrail.llm.cache import Cached
from mindrail.llm.choose import FAINT, SLACK, Choosing, Chosen, choose, counts, demand, settled, smoothed
from mindrail.llm.providers.fake import Answering
from mindrail.llm.providers.openai import OpenAIServer

YES_NO = ("yes", "no")


@dataclass(frozen=True)
class Ask:
    messages: tuple[Message, ...]
    options: tuple[str, ...] = YES_NO


def ask(text: str, *options: str) -> Ask:
    return Ask((Message("user", text),), options or YES_NO)


def logs(**shares: float) -> dict[str, float]:
    return {token: math.log(share) for token, share in shares.items()}


def shares(outcome: object) -> list[float]:
    assert isinstance(outcome, Chosen)
    assert np.exp(outcome.logprobs).sum() == pytest.approx(1, abs=1e-5)
    return [round(float(p), 3) for p in np.exp(outcome.logprobs)]


def telling(first: dict[str, float]) -> Answering:
    """Tells log-probabilities when asked for one token, and says `no` when held to the options."""
    return Answering(lambda r: Reply("no") if r.choices else Reply("?", "length", 5, 1, first))


def test_each_token_counts_for_the_option_it_begins() -> None:
    first = {" yes": math.log(0.3), "yes": math.log(0.3), "no": math.log(0.2), "maybe": math.log(0.2)}
    chat = telling(first)
    (found,) = choose(chat, [ask("Is it?")])
    assert shares(found) == [0.75, 0.25]
    assert isinstance(found, Chosen) and found.graded
    assert {(r.max_tokens, r.top_logprobs) for r in chat.asked} == {(1, 20)}


def test_an_option_of_several_tokens_is_told_by_its_beginning() -> None:
    found = settled(logs(safe=0.6, uns=0.3, S=0.1), ("safe", "unsafe"))
    assert found is not None
    assert np.exp(found) == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("first", "options"),
    [
        (logs(un=0.7, safe=0.3), ("unsafe", "unsure", "safe")),
        (logs(S=0.9, safe=0.1), ("S1", "S2", "safe")),
        ({"\n\n": math.log(0.99)}, YES_NO),
        (logs(safe=0.9, un=0.1), ("safe", "safer", "unsafe")),
        (logs(Perhaps=0.6, Well=0.3), YES_NO),
        (logs(yes=0.02, Well=0.9, Perhaps=0.02), YES_NO),
        ({}, YES_NO),
    ],
    ids=[
        "same beginning",
        "same code",
        "white space first",
        "one begins another",
        "neither",
        "bound too wide",
        "untold",
    ],
)
def test_what_the_first_token_does_not_settle_is_asked_again_in_plain(
    first: dict[str, float], options: tuple[str, ...]
) -> None:
    assert settled(first, options) is None
    chat = Answering(lambda r: Reply(f" {r.choices[-1]}\n") if r.choices else Reply("?", first_token=first))
    (found,) = choose(chat, [ask("Is it?", *options)], Choosing(smoothing=0.1))
    assert isinstance(found, Chosen) and not found.graded
    assert np.argmax(found.logprobs) == len(options) - 1
    assert shares(found)[-1] == 0.9
    assert sorted(map(bool, (r.choices for r in chat.asked)))[-1]


def test_an_option_beyond_the_list_gets_the_most_it_can_have() -> None:
    found = settled(logs(yes=0.95, Yes=0.01, Oh=0.005), YES_NO)
    assert found is not None
    assert math.exp(found[1]) == pytest.approx(0.005 / 0.955)
    found = settled({"yes": math.log(0.998), "Yes": math.log(0.0015)}, YES_NO)
    assert found is not None
    assert math.exp(found[1]) == pytest.approx(0.0005 / 0.9985, rel=1e-3)
    sure = settled({"yes": -1e-12}, YES_NO)
    assert sure is not None
    assert sure[1] == FAINT


WORDS = ["a", "ab", "abc", "b", "ba", "c", "ca", " a", "\n", "x", "y", " b", "bab"]


@given(
    st.lists(st.floats(0.0, 30.0), min_size=len(WORDS), max_size=len(WORDS)),
    st.lists(st.sampled_from(["abc", "bab", "ca", "ax", "c"]), min_size=2, max_size=4, unique=True),
    st.integers(1, len(WORDS)),
)
def test_a_reading_is_near_that_of_the_whole_vocabulary(
    weights: list[float], options: list[str], listed: int
) -> None:
    """Against the slow way: every token of a small vocabulary, its shared beginnings given away either way."""
    logits = -np.array(weights)
    logprobs = logits - np.log(np.exp(logits).sum())
    order = np.argsort(-logprobs)[:listed]
    found = settled({WORDS[i]: float(logprobs[i]) for i in order}, options)
    if found is None:
        return
    mass, shared = np.zeros(len(options)), 0.0
    for word, logprob in zip(WORDS, logprobs, strict=True):
        fits = [i for i, option in enumerate(options) if option.startswith(word.strip())]
        for i in fits:
            if len(fits) == 1:
                mass[i] += math.exp(logprob)
            else:
                shared += math.exp(logprob) / len(fits)
    rest = 1 - math.exp(np.logaddexp.reduce(logprobs[order]))
    total = mass.sum()
    if total > 0 and rest < SLACK * total:  # what the list left out is little
        assert np.abs(np.exp(found) - mass / total).max() <= 4 * SLACK
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-5)
    assert found.min() >= FAINT


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Yes",
        "yes.",
        "yes no",
        "I would say yes",
        "maybe",
        "I'm sorry, I can't help with that.",
        "soup " * 50,
    ],
)
def test_an_answer_that_is_no_option_is_unparsable(said: str) -> None:
    (found,) = choose(Answering(lambda _: said), [ask("Is it?")], Choosing(read="answer"))
    assert found == Failure("unparsable", f"{len(said)} characters that are none of 2 options")


def test_a_model_that_only_ever_says_one_word_chooses_it() -> None:
    found = choose(Answering(lambda _: "no"), [ask(f"{i}") for i in range(3)])
    assert [shares(one) for one in found] == [[0.05, 0.95]] * 3
    assert counts(found) == {"plain": 3}


def test_a_server_without_log_probabilities_is_found_out_once() -> None:
    chat = Answering(lambda r: "yes" if r.choices else "Well, yes")
    assert counts(choose(chat, [ask(f"{i}") for i in range(20)])) == {"plain": 20}
    assert len(chat.asked) == 21


def retold(request: Request) -> Reply:
    return Reply("yes" if request.choices else "?", first_token=logs(yes=0.6, no=0.3))


def test_answers_keep_the_order_of_the_questions() -> None:
    chat = Answering(
        lambda r: Reply("?", first_token=logs(yes=0.5 + int(r.messages[0].content) / 100, no=0.4))
    )
    found = choose(chat, [ask(f"{i}") for i in range(9)])
    assert [shares(one)[0] for one in found] == sorted(shares(one)[0] for one in found)


@pytest.mark.parametrize("code", ["refused", "timeout", "too_long", "down", "budget"])
def test_failures_stay_failures(code: Any) -> None:
    chat = Answering(lambda _: Failure(code))
    assert choose(chat, [ask("a"), ask("b")]) == [Failure(code)] * 2
    assert all(not r.choices for r in chat.asked), "they are not asked again"


def test_a_rejected_request_is_tried_in_plain() -> None:
    """Some servers turn requests for log-probabilities away; three are enough to know."""
    chat = Answering(lambda r: "yes" if r.choices else Failure("junk", "HTTP 400"))
    assert counts(choose(chat, [ask(f"{i}") for i in range(20)])) == {"plain": 20}
    assert len(chat.asked) == 23
    odd = Answering(
        lambda r: Failure("junk") if r.messages[0].content == "0" and not r.choices else retold(r)
    )
    assert counts(choose(odd, [ask(f"{i}") for i in range(20)])) == {"graded": 19, "plain": 1}


def test_too_many_failures_stop_the_work() -> None:
    fine = Chosen(smoothed(0, 2, 0.05), graded=True)
    assert counts([fine, Failure("junk")]) == {"graded": 1, "junk": 1}
    demand([fine] * 19 + [Failure("unparsable")], Choosing(failures=0.05), "m")
    with pytest.raises(Stopped, match=r"2 of 20 questions to m came to nothing \(refused 1, unparsable 1\)"):
        demand([fine] * 18 + [Failure("unparsable"), Failure("refused")], Choosing(failures=0.05), "m")
    with pytest.raises(Unreachable, match="1 of 100 questions to m went unanswered"):
        demand([fine] * 99 + [Failure("down")], Choosing(), "m")
    with pytest.raises(Stopped, match="the allowance is spent"):
        demand([fine] * 99 + [Failure("budget")], Choosing(), "m")
    demand([], Choosing(), "m")
    demand([Failure("refused")], Choosing(), "m")
    with pytest.raises(Stopped):
        demand([Failure("refused")], Choosing(failures=0.0), "m")


@pytest.mark.parametrize(
    "wrong", [{"top_logprobs": 0}, {"smoothing": 0.0}, {"smoothing": 0.5}, {"failures": 1.0}]
)
def test_settings_must_make_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Choosing(**wrong)


def server(url: str, **changes: Any) -> OpenAIServer:
    return OpenAIServer(url, "m", **{"first_wait": 0.01, "timeout": 5.0, "retries": 1, **changes})


def first_token(**chances: float) -> dict[str, Any]:
    top = [{"token": token, "logprob": math.log(share)} for token, share in chances.items()]
    return completion("?", logprobs={"content": [{"token": "?", "logprob": -1, "top_logprobs": top}]})


def test_over_http_with_log_probabilities() -> None:
    with serving(lambda _: Said(first_token(yes=0.6, no=0.2))) as heard:
        found = choose(server(heard.url), [ask(f"{i}") for i in range(5)])
    assert [shares(one) for one in found] == [[0.75, 0.25]] * 5
    assert {body["max_tokens"] for body in heard.bodies} == {1}


HELD = {
    "json_schema": lambda b: b["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"],
    "structured_outputs": lambda b: b["structured_outputs"]["choice"],
    "guided_choice": lambda b: b["guided_choice"],
    "grammar": lambda b: [part.strip('"') for part in b["grammar"].removeprefix("root ::= ").split(" | ")],
    "none": lambda b: ["yes", "no"],
}


@pytest.mark.parametrize("how", HELD)
def test_over_http_the_server_is_told_what_counts(how: Any) -> None:
    said = '{"answer": "no"}' if how == "json_schema" else "no"
    with serving(lambda _: Said(completion(said))) as heard:
        found = choose(server(heard.url, constrain=how), [ask("a")], Choosing(read="answer"))
    assert counts(found) == {"plain": 1}
    assert shares(found[0]) == [0.05, 0.95]
    (body,) = heard.bodies
    assert HELD[how](body) == ["yes", "no"]
    assert sum(
        name in body for name in ("response_format", "structured_outputs", "guided_choice", "grammar")
    ) == (how != "none")


def test_ways_to_constrain_have_replies_of_their_own() -> None:
    assert len({server("http://127.0.0.1:9/v1", constrain=how).name for how in HELD}) == len(HELD)
    with pytest.raises(BadConfig, match="constrain"):
        from mindrail import config

        config.build(OpenAIServer, {"base_url": "http://127.0.0.1:9/v1", "model": "m", "constrain": "please"})


BAD = {
    "500": (Said(b"", 500), "down"),
    "an hour": (Said({}, 429, {"Retry-After": "3600"}), "down"),
    "slow": (Said(completion("no"), wait=2), "timeout"),
    "half an answer": (Said(b'{"choices": ['), "junk"),
    "no choices": (Said({"choices": []}), "junk"),
    "empty": (Said(completion("")), "unparsable"),
    "nothing": (Said(completion(None)), "junk"),
    "filtered": (Said(completion(None, finish_reason="content_filter")), "refused"),
    "too long": (Said({"error": {"code": "context_length_exceeded"}}, 400), "too_long"),
    "declined": (Said(completion("I can't help with that.")), "unparsable"),
}


@pytest.mark.parametrize("case", BAD)
def test_over_http_what_goes_wrong_is_counted(case: str) -> None:
    said, code = BAD[case]
    with serving(lambda _: said) as heard:
        found = choose(server(heard.url, timeout=0.3), [ask("a")])
    assert counts(found) == {code: 1}


def test_over_http_a_busy_server_is_waited_for() -> None:
    seen = threading.Event()

    def busy(body: dict[str, Any]) -> Said:
        if not seen.is_set():
            seen.set()
            return Said({}, 429, {"Retry-After": "0.3"})
        return Said(first_token(yes=0.6, no=0.2))

    with serving(busy) as heard:
        assert counts(choose(server(heard.url), [ask("a"), ask("b")])) == {"graded": 2}
    assert heard.times[1] - heard.times[0] >= 0.3


def test_a_budget_covers_both_ways_of_asking() -> None:
    budget = Budget(requests=4)
    chat = Budgeted(telling({"\n": -0.01}), budget)
    assert counts(choose(chat, [ask(f"{i}") for i in range(4)])) == {"budget": 4}
    assert budget.spent.requests == 4


HALF = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from mindrail.llm import Message
from mindrail.llm.cache import Cached
from mindrail.llm.choose import choose
from mindrail.llm.providers.openai import OpenAIServer

class Ask:
    options = ("yes", "no")
    def __init__(self, text): self.messages = (Message("user", text),)

class Dying:
    name = "m"
    def __init__(self, chat): self.chat, self.left, self.name = chat, 7, chat.name
    def ask(self, requests):
        for found in self.chat.ask(requests):
            yield found
            self.left -= 1
            if not self.left: os._exit(9)

chat = Dying(Cached(OpenAIServer(sys.argv[1], "m", concurrency=1), Path(sys.argv[2])))
choose(chat, [Ask(f"{i}") for i in range(20)])
"""


def test_a_run_that_was_killed_asks_only_what_is_missing(tmp_path: Path) -> None:
    with serving(lambda body: Said(first_token(yes=0.5 + int(asked(body)) / 100, no=0.2))) as heard:
        killed = subprocess.run([sys.executable, "-c", HALF, heard.url, str(tmp_path), "."], check=False)
        assert killed.returncode == 9
        kept, before = len(list(tmp_path.rglob("*.json"))), len(heard.bodies)
        assert 5 <= kept < 20
        questions = [ask(f"{i}") for i in range(20)]
        found = choose(Cached(OpenAIServer(heard.url, "m"), tmp_path), questions)
        assert len(heard.bodies) - before == 20 - kept
    assert [shares(one)[0] for one in found] == [
        round((0.5 + i / 100) / (0.7 + i / 100), 3) for i in range(20)
    ]


def test_a_server_that_dies_half_way_loses_nothing(tmp_path: Path) -> None:
    lock, left = threading.Lock(), [10]

    def dying(body: dict[str, Any]) -> Said:
        with lock:
            left[0] -= 1
            return Said(first_token(yes=0.6, no=0.2)) if left[0] >= 0 else Said(b"", 500)

    questions = [ask(f"{i}") for i in range(40)]
    with serving(dying) as heard:
        chat = Cached(server(heard.url, give_up_after=3), tmp_path)
        told = choose(chat, questions)
        assert counts(told) == {"down": 30, "graded": 10}
        with pytest.raises(Unreachable):
            demand(told, Choosing(failures=0.9), chat.name)
        left[0], before = 1000, len(heard.bodies)
        assert counts(choose(chat, questions)) == {"graded": 40}
        assert len(heard.bodies) - before == 30


def test_no_text_gets_into_failures() -> None:
    canary = "kestrel-marmalade"
    for said in (Said(completion(canary)), Said({"error": {"message": canary}}, 400)):
        with serving(lambda _, said=said: said) as heard:
            found = choose(server(heard.url), [ask(canary)])
        assert canary not in repr(found)


def test_requests_say_what_the_template_is_told() -> None:
    request = Request((Message("user", "Hi"),), template={"guideline": "Be kind."})
    with serving(lambda _: Said(completion("Yes"))) as heard:
        list(server(heard.url).ask([request]))
    assert heard.bodies[0]["chat_template_kwargs"] == {"guideline": "Be kind."}
