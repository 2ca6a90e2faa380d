"""The guards that are served, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from mindrail.errors import UsageError
from mindrail.guard import Guard
from mindrail.serve import crosswalk
from mindrail.serve.crosswalk import Crosswalk
from mindrail.serve.desk import Polite
from mindrail.serve.documents import Documents
from mindrail.serve.refusals import UNKNOWN_MODEL
from mindrail.web.problems import Problem

#: what OpenAI's clients send when nobody chose; they mean the first guard
OPENAI_MODELS = frozenset(
    {
        "omni-moderation-latest",
        "omni-moderation-2024-09-26",
        "text-moderation-latest",
        "text-moderation-stable",
    }
)


@dataclass(frozen=True, eq=False)
class Served:
    """One guard with the name it is asked by, what its labels mean elsewhere, and its documents."""

    name: str
    guard: Guard
    crosswalk: Crosswalk
    documents: Documents = field(default_factory=Documents)

    @cached_property
    def stopped(self) -> tuple[str, ...]:
        """The labels that are not simply allowed."""
        return tuple(label.name for label in self.guard.axis.labels if label.decision != "allow")

    @cached_property
    def openai(self) -> dict[str, tuple[str, ...]]:
        """The labels that mean each of OpenAI's categories; each label is also one of its own, `x_TAXONOMY/LABEL`."""
        own = {f"x_{self.guard.taxonomy.id}/{label}": (label,) for label in self.stopped}
        return crosswalk.by_category(self.crosswalk.openai) | own

    @cached_property
    def perspective(self) -> dict[str, tuple[str, ...]]:
        """The labels that mean each of Perspective's attributes; each label is also one of its own, `X_LABEL`."""
        own = {f"X_{name.upper().replace('-', '_')}": (name,) for name in self.stopped}
        return crosswalk.by_category(self.crosswalk.perspective) | own


class Shelf:
    """Guards by name; each is also found by its id."""

    def __init__(self, served: Sequence[Served]) -> None:
        self.served = tuple(served)
        self._by_name = {key: one for one in reversed(served) for key in (one.guard.id, one.name)}

    @classmethod
    def load(cls, guards: Sequence[str], crosswalks: Sequence[Path] = ()) -> "Shelf":
        """Open guard folders, given as `DIR` or `NAME=DIR`; each proves its golden scores first.

        A guard without a name goes by the id of its taxonomy. Raises BrokenGuard, or UsageError where two
        guards have one name.
        """
        served: list[Served] = []
        for given in guards:
            name, equals, folder = given.partition("=")
            place = Path(folder if equals else given)
            guard = Guard.load(place, threads=1, self_test=True)
            name = name if equals else guard.taxonomy.id
            if not name or name in {one.name for one in served}:
                raise UsageError(f"two guards go by the name '{name}'. Do: --guard NAME=DIR")
            mapped = crosswalk.load(guard.taxonomy, guard.axis, crosswalks)
            served.append(Served(name, guard, mapped, Documents.read(place, guard.manifest)))
        return cls(served)

    def polite(self, between: Callable[[], None]) -> "Shelf":
        """The same guards, which call `between` between the windows of a text."""
        return Shelf(
            [
                replace(one, guard=replace(one.guard, scorer=Polite(one.guard.scorer, between)))
                for one in self.served
            ]
        )

    def find(self, model: str | None) -> Served:
        """The guard of that name or id; the first for none and for OpenAI's own names. Raises Problem (404)."""
        if model is None or (model in OPENAI_MODELS and model not in self._by_name):
            return self.served[0]
        if model not in self._by_name:
            raise Problem(UNKNOWN_MODEL, param="model")
        return self._by_name[model]
