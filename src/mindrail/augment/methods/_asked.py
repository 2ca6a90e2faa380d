"""What methods that ask a language model share: a request per turn, answers read strictly, turns paired again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from mindrail import config, seeds
from mindrail.augment import chats, prompt
from mindrail.augment._base import Made, Wanted
from mindrail.augment.prompt import Prompt
from mindrail.files import digest
from mindrail.llm.budget import Budget, Spent
from mindrail.llm.chat import Chat, Failure, Reply, Request
from mindrail.llm.open import ModelSettings
from mindrail.records import Turn

#: failures that go before others when a view has several: nothing was wrong with its text
_FIRST = ("down", "budget", "timeout")


@dataclass(frozen=True)
class Asked:
    """`chat` names the model: `provider`, its `settings`, its `budget`. `context` is how many turns before the judged
    one are reworded too, each by itself. `max_tokens` are of one answer; an answer that is cut off is junk.
    """

    prompt: ClassVar[str]
    cheap: ClassVar[bool] = False
    skips: ClassVar[frozenset[str]] = frozenset()
    chat: ModelSettings | None = None
    temperature: float = 0.6
    top_p: float = 0.9
    max_tokens: int = 512
    context: int = 1
    chunk: int = 64

    def __post_init__(self) -> None:
        if not (0 <= self.temperature <= 2 and 0 < self.top_p <= 1):
            raise ValueError("expected a temperature from 0 to 2 and a top_p above 0, up to 1")
        if self.max_tokens < 1 or self.context < 0 or self.chunk < 1:
            raise ValueError("max_tokens and chunk are at least 1, context at least 0")

    def identity(self) -> dict[str, Any]:
        """Model, prompt and decoding."""
        decoding = {name: getattr(self, name) for name in ("temperature", "top_p", "max_tokens", "context")}
        words = digest(config.plain(self._prompt))[:16]
        return {"method": self.prompt, "model": self._opened[0].name, "prompt": words, **decoding}

    def requests(self, wanted: Wanted) -> dict[int, Request]:
        """What is asked for one view, by the place of the turn. Turns of nothing but space are left alone."""
        one = wanted.example
        return {
            place: Request(
                self._prompt.messages(one.turns[place]),
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                top_p=self.top_p,
                seed=seeds.derive(wanted.seed, place),
            )
            for place in range(max(0, one.focus - self.context), one.focus + 1)
            if one.turns[place].text.strip()
        }

    def make(self, wanted: Sequence[Wanted]) -> Iterator[tuple[int, Made]]:
        """A view as soon as all its turns are there."""
        asked = [self.requests(one) for one in wanted]
        flat = [(view, place) for view, requests in enumerate(asked) for place in requests]
        answers: list[dict[int, Reply | Failure]] = [{} for _ in wanted]
        yield from ((view, Made(None, "unchanged")) for view, requests in enumerate(asked) if not requests)
        for position, answer in self._opened[0].ask([asked[view][place] for view, place in flat]):
            view, place = flat[position]
            answers[view][place] = answer
            if len(answers[view]) == len(asked[view]):
                yield view, self._paired(wanted[view].example.turns, answers[view])

    def _paired(self, turns: Sequence[Turn], answers: Mapping[int, Reply | Failure]) -> Made:
        """The turns with the reworded ones in their places, or the first reason why there are none."""
        failures = [answer.code for answer in answers.values() if isinstance(answer, Failure)]
        if failures:
            return Made(None, min(failures, key=lambda code: code not in _FIRST))
        made = list(turns)
        for place, answer in answers.items():
            assert isinstance(answer, Reply)
            text = self._prompt.read(answer.text, turns[place]) if answer.finish == "stop" else None
            if text is None:
                return Made(None, "junk")
            made[place] = replace(turns[place], text=text)
        return Made(tuple(made))

    @property
    def spent(self) -> Spent:
        """What was asked since this method was opened."""
        return self._opened[1].spent

    @cached_property
    def _opened(self) -> tuple[Chat, Budget]:
        return chats.open_chat(self.chat)

    @cached_property
    def _prompt(self) -> Prompt:
        return prompt.load(self.prompt)
