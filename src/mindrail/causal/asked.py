"""All questions about one text as tokens: how far they begin like those about other texts, and a tree of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mindrail.causal.encode import Encoded, common, encode
from mindrail.causal.load import Loaded
from mindrail.causal.tree import Tree
from mindrail.llm.chat import Message
from mindrail.prompts import Question

#: a user's turn that stands for any other
_ANY = Message("user", "-")
#: openings that are remembered; with shots of its own for each text there is one for each
_KEPT = 1000


@dataclass(frozen=True)
class Asked:
    """All questions about one text as tokens. The prompts begin alike: `levels` says how far the instructions go, and
    how far the shots, as numbers of tokens. What lies behind is a tree.
    """

    questions: tuple[Encoded, ...]
    levels: tuple[int, int] = (0, 0)

    @property
    def prefix(self) -> tuple[int, ...]:
        """What is read once for many texts."""
        return self.questions[0].prompt[: self.levels[1]]

    @cached_property
    def tree(self) -> Tree:
        """Each prompt behind the prefix, followed by each of its options."""
        # nothing is predicted from the last token of an option
        return Tree.of(
            [q.prompt[self.levels[1] :] + option[:-1] for q in self.questions for option in q.options]
        )

    @property
    def size(self) -> int:
        """Tokens of the longest prompt with its longest option."""
        return max(question.size for question in self.questions)

    def steps(self) -> list[list[list[tuple[int, int]]]]:
        """For each question and option the (node, next token) pairs that make it, one for each of its tokens."""
        ends = iter(self.tree.ends)
        return [
            [list(zip(self.tree.path(next(ends))[-len(o) :], o, strict=True)) for o in question.options]
            for question in self.questions
        ]

    def apart(self) -> "list[Asked]":
        """Every prompt with every option alone, for models that cannot be trusted with a tree."""
        return [Asked((Encoded(q.prompt, (option,)),)) for q in self.questions for option in q.options]


class Encoder:
    """Makes tokens of questions, and finds where those about one text part from those about another.

    Where that is depends on the questions about this text alone. Without `begins_alike` it is not looked for.
    """

    def __init__(self, loaded: Loaded, *, begins_alike: bool = True) -> None:
        self._loaded, self._begins_alike = loaded, begins_alike
        self._openings: dict[tuple[Message, ...], tuple[int, ...]] = {}

    def encode(self, questions: Sequence[Question]) -> Asked:
        """Questions about one text. Raises what `causal.encode` raises."""
        encoded = tuple(encode(self._loaded, q.messages, q.options) for q in questions)
        if not self._begins_alike:
            return Asked(encoded)
        told, shown = (
            # one token at least is left to predict from
            common(*(self._opening(q.head[:upto]) for q in questions), *(e.prompt[:-1] for e in encoded))
            for upto in (1, None)
        )
        return Asked(encoded, (min(told, shown), shown))

    def _opening(self, head: tuple[Message, ...]) -> tuple[int, ...]:
        """Tokens of a prompt that begins so, some of whose last ones depend on what follows."""
        if head not in self._openings:
            if len(self._openings) > _KEPT:
                self._openings.clear()
            self._openings[head] = encode(self._loaded, (*head, _ANY), ("yes", "no")).prompt
        return self._openings[head]
