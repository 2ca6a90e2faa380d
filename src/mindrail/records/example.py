"""One thing to judge: a conversation, and which turn in it is judged."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mindrail.files import digest
from mindrail.taxonomy.axis import Answer

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Turn:
    """Who said what. `speaker` is `user` (the person) or `assistant` (whoever answers)."""

    speaker: str
    text: str


@dataclass(frozen=True)
class Example:
    """A conversation, the turn under judgement, and what is known about it.

    `answers` maps axis names to answers; an axis that is absent is unknown. `group` names the person,
    conversation or template that must never stand on two sides of a split.
    """

    turns: tuple[Turn, ...]
    focus: int = -1
    answers: Mapping[str, Answer] = field(default_factory=dict)
    group: str | None = None
    source: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    id: str = ""

    def __post_init__(self) -> None:
        if not self.turns:
            raise ValueError("an example needs at least one turn")
        if not -len(self.turns) <= self.focus < len(self.turns):
            raise ValueError(f"focus {self.focus} is outside the {len(self.turns)} turns")
        object.__setattr__(self, "focus", self.focus % len(self.turns))
        if not self.id:
            spoken = [[turn.speaker, turn.text] for turn in self.turns]
            object.__setattr__(self, "id", digest([spoken, self.focus])[:16])

    @classmethod
    def of(cls, text: str, *, context: Sequence[str] | str = (), **known: Any) -> "Example":
        """An example from plain text; `context` is what came before, oldest first, ending with the other side.

        >>> [turn.speaker for turn in Example.of("I see.", context="I am sad.").turns]
        ['user', 'assistant']
        """
        before = [context] if isinstance(context, str) else list(context)
        speakers = ("assistant", "user") if before else ("user", "assistant")
        said = [*before, text]
        turns = [Turn(speakers[(len(said) - 1 - i) % 2], words) for i, words in enumerate(said)]
        return cls(tuple(turns), **known)

    @property
    def text(self) -> str:
        """The turn under judgement."""
        return self.turns[self.focus].text

    @property
    def context(self) -> tuple[Turn, ...]:
        """What was said before it."""
        return self.turns[: self.focus]

    def saying(self, text: str) -> "Example":
        """The same conversation with the judged turn in other words; its id stays."""
        turns = list(self.turns)
        turns[self.focus] = Turn(turns[self.focus].speaker, text)
        return replace(self, turns=tuple(turns))

    def rendered(self) -> tuple[str, str]:
        """(context, judged turn) as models read them.

        A lone message stays as it is. In a conversation every turn carries its speaker's mark, so that
        "I will be there" reads differently from a person and from a helper.
        """
        if not self.context:
            return "", self.text
        before = "\n".join(f"{turn.speaker}: {turn.text}" for turn in self.context)
        judged = self.turns[self.focus]
        return before, f"{judged.speaker}: {judged.text}"

    @property
    def mark(self) -> int:
        """How many characters `rendered` puts before the judged turn's own."""
        return len(self.rendered()[1]) - len(self.text)

    def normalised(self) -> str:
        """The conversation as compared for duplicates: NFKC, lower case, runs of white space as one space."""
        joined = "\x1e".join(turn.text for turn in self.turns[: self.focus + 1])
        return _SPACE.sub(" ", unicodedata.normalize("NFKC", joined).lower()).strip()
