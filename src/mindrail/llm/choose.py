"""Which of a few options a language model chooses, through any server that answers chats.

Where the server tells log-probabilities, one token is asked for and the first-token distribution is read as that of
a model that may answer with nothing but the options: each token's probability goes to the one option that it begins.
Where it does not tell them, or they do not settle the matter (several options begin alike, an option is not among
the likeliest tokens), the question is asked again for a plain answer, which the server holds to the options if it
can, and which has to be one of them to the letter. Anything else is a counted failure. Nothing is guessed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.errors import Stopped, Unreachable
from mindrail.llm.chat import Chat, Failure, Message, Reply, Request

#: least log-probability that is told apart from none
FAINT = -15.0
#: what may stay undecided, as a share of the probability that went to one option or another
SLACK = 0.05
#: tokens of an answer beside the option itself: JSON around it, or a few words too many, which give it away as wrong
_AROUND = 16
#: questions that a server may turn away before it counts as one without log-probabilities
_TRIES = 3


@runtime_checkable
class Question(Protocol):
    """What is asked: a conversation, and the options of which its next message has to be one."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """The prompt, its last message the user's."""
        ...

    @property
    def options(self) -> tuple[str, ...]:
        """Two or more, all different; white space around them does not count."""
        ...


@dataclass(frozen=True)
class Choosing:
    """How options are read from a server, and how much may go wrong.

    `failures` is the share of questions that may stay without an answer before the work stops with an error; above
    nought, a single one never stops it.
    """

    read: Literal["logprobs", "answer"] = "logprobs"  # answer: never ask for log-probabilities
    top_logprobs: int = 20  # likeliest tokens to ask for; many servers refuse more than 20
    smoothing: float = 0.05  # of a plain answer: the probability that the other options share
    failures: float = 0.05

    def __post_init__(self) -> None:
        if self.top_logprobs < 1:
            raise ValueError(f"top_logprobs is {self.top_logprobs}, expected 1 or more")
        if not 0 < self.smoothing < 0.5:
            raise ValueError(f"smoothing is {self.smoothing}, expected a share above 0 and under 0.5")
        if not 0 <= self.failures < 1:
            raise ValueError(f"failures is {self.failures}, expected a share from 0 to under 1")


@dataclass(frozen=True)
class Chosen:
    """Log-probabilities over the options of one question, none below -15. `graded`: the model's own, and not the
    smoothed one-hot of a plain answer, which knows no degrees.
    """

    logprobs: Float[ndarray, " option"]
    graded: bool


Outcome = Chosen | Failure


def choose(chat: Chat, questions: Sequence[Question], how: Choosing | None = None) -> list[Outcome]:
    """What the model chooses, question by question; a Failure where it gave nothing that can be read.

    One request for most questions, two for those that log-probabilities do not settle. With a cache around the chat,
    work that was broken off asks only what is missing. Raises what the chat raises.
    """
    how = how or Choosing()
    found: dict[int, Outcome] = {}
    if how.read == "logprobs" and _tells(chat, questions, how):
        asked = [_first(question, how) for question in questions]
        for place, answer in chat.ask(asked):
            outcome = _graded(answer, questions[place])
            if outcome is not None:
                found[place] = outcome
    left = [place for place in range(len(questions)) if place not in found]
    for at, answer in chat.ask([_plain(questions[place]) for place in left]) if left else ():
        found[left[at]] = _matched(answer, questions[left[at]].options, how.smoothing)
    return [found[place] for place in range(len(questions))]


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many were `graded`, `plain`, or failed, by the code of the failure."""
    told = Counter(
        one.code if isinstance(one, Failure) else "graded" if one.graded else "plain" for one in outcomes
    )
    return dict(sorted(told.items()))


def demand(outcomes: Sequence[Outcome], how: Choosing, model: str) -> None:
    """Refuse to go on where too much failed.

    Raises Unreachable where the server stopped answering and Stopped where the allowance was spent, whatever the
    number, since the same command asks only what is missing; Stopped where more than `how.failures` of the
    questions came to nothing.
    """
    told = counts(outcomes)
    failed = len(outcomes) - told.get("graded", 0) - told.get("plain", 0)
    of = f"of {len(outcomes)} questions to {model}"
    if told.get("down"):
        raise Unreachable(
            f"{told['down']} {of} went unanswered: the server is down or too busy. Do: see that it runs, then give "
            "the same command again; with the cache on, only what is missing is asked"
        )
    if told.get("budget"):
        raise Stopped(
            f"{told['budget']} {of} were not asked: the allowance is spent. Do: allow more and give the same command "
            "again; with the cache on, only what is missing is asked"
        )
    if failed > (max(1.0, how.failures * len(outcomes)) if how.failures else 0):
        kinds = ", ".join(f"{name} {n}" for name, n in told.items() if name not in ("graded", "plain"))
        raise Stopped(
            f"{failed} {of} came to nothing ({kinds}); at most {how.failures:.0%} may. Do: see what the server takes "
            "(constrain), choose a model that follows instructions, or allow more (failures)"
        )


def settled(first: Mapping[str, float], options: Sequence[str]) -> Float[ndarray, " option"] | None:
    """Log-probabilities over the options from those of the likeliest first tokens; None where these do not settle it.

    The distribution is that of a model which is held to the options: a token counts for the option that it begins
    (or is), tokens that begin none count for nothing. An option of which no token is listed gets the most that it
    can have: as much as the least likely listed token, and no more than is left. What is undecided (those bounds,
    and tokens that begin several options) may be `SLACK` of what is decided, else there is no answer.
    """
    words = [option.strip() for option in options]
    mass, shared = np.zeros(len(words)), 0.0
    for token, logprob in first.items():
        begins = [i for i, word in enumerate(words) if word.startswith(token.strip())]
        if len(begins) == 1:
            mass[begins[0]] += np.exp(logprob)
        elif begins:
            shared += float(np.exp(logprob))
    unseen = mass == 0
    least = min((float(np.exp(logprob)) for logprob in first.values()), default=1.0)
    rest = max(0.0, 1.0 - sum(float(np.exp(logprob)) for logprob in first.values()))
    bound = min(least, rest)
    if shared + bound * unseen.sum() > SLACK * mass.sum() or not mass.any():
        return None
    found = np.where(unseen, bound, mass)
    with np.errstate(divide="ignore"):
        logprobs: ndarray = np.maximum(np.log(found / found.sum()), FAINT)
    return logprobs


def smoothed(place: int, size: int, smoothing: float) -> Float[ndarray, " option"]:
    """Log-probabilities for a plain answer: the chosen option has 1 - smoothing, the others share the rest."""
    shares = np.full(size, smoothing / (size - 1))
    shares[place] = 1 - smoothing
    logprobs: ndarray = np.log(shares)
    return logprobs


def _tells(chat: Chat, questions: Sequence[Question], how: Choosing) -> bool:
    """Whether the model tells log-probabilities, by its first reply. Some servers turn the request away instead."""
    turned_away = 0
    for question in questions[:_TRIES]:
        ((_, answer),) = chat.ask([_first(question, how)])
        if isinstance(answer, Reply):
            return bool(answer.first_token)
        turned_away += answer.code == "junk"
    return turned_away < len(questions[:_TRIES])


def _first(question: Question, how: Choosing) -> Request:
    return Request(question.messages, max_tokens=1, top_logprobs=how.top_logprobs)


def _plain(question: Question) -> Request:
    longest = max(len(option.encode()) for option in question.options)
    return Request(question.messages, max_tokens=longest + _AROUND, choices=question.options)


def _graded(answer: Reply | Failure, question: Question) -> Outcome | None:
    """None where a plain answer has to be asked for."""
    if isinstance(answer, Failure):
        return None if answer.code == "junk" else answer
    logprobs = settled(answer.first_token, question.options)
    return None if logprobs is None else Chosen(logprobs, graded=True)


def _matched(answer: Reply | Failure, options: Sequence[str], smoothing: float) -> Outcome:
    """The option that the answer is, white space aside."""
    if isinstance(answer, Failure):
        return answer
    words = [option.strip() for option in options]
    if answer.text.strip() not in words:
        return Failure("unparsable", f"{len(answer.text)} characters that are none of {len(words)} options")
    return Chosen(smoothed(words.index(answer.text.strip()), len(words), smoothing), graded=False)
