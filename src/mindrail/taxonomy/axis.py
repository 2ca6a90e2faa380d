"""Label, Axis, Taxonomy: the question a guard answers, in the words people argued about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from mindrail.arrays import Bool, Float, ndarray, sigmoid, softmax
from mindrail.files import digest

Kind = Literal["one_of", "scale", "any_of", "first_of"]
Verdict = Literal["allow", "review", "block"]

#: One label, or for `any_of` any number of labels (none of them: an empty tuple).
Answer = str | tuple[str, ...]


def labels_in(answer: Answer) -> tuple[str, ...]:
    """An answer as a tuple of label names, whatever its axis."""
    return (answer,) if isinstance(answer, str) else tuple(answer)


@dataclass(frozen=True)
class Label:
    """One possible answer. `decision` is what a guard does, by default, when it is sure of it."""

    name: str
    means: str
    does_not_count: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    decision: Verdict = "block"


@dataclass(frozen=True)
class Axis:
    """One question.

    `one_of`: exactly one label. `scale`: exactly one, each later label is worse. `any_of`: any number.
    `first_of`: labels are tested in order and the first that fits wins.
    """

    name: str
    kind: Kind
    labels: tuple[Label, ...]
    only_if: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"axis '{self.name}' names a label twice: {', '.join(self.names)}")
        if len(self.labels) < (1 if self.kind == "any_of" else 2):
            raise ValueError(
                f"axis '{self.name}' of kind {self.kind} has too few labels ({len(self.labels)})"
            )
        allowed = [label.decision == "allow" for label in self.labels]
        if self.exclusive and not any(allowed):
            raise ValueError(f"axis '{self.name}' needs one label with 'decision: allow'")
        if all(allowed):
            raise ValueError(f"axis '{self.name}' has no label that is ever stopped")
        if self.kind == "scale" and sorted(allowed, reverse=True) != allowed:
            raise ValueError(f"axis '{self.name}' is a scale: labels that are allowed come first")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Label names, in the order of every score's last axis."""
        return tuple(label.name for label in self.labels)

    @property
    def exclusive(self) -> bool:
        """Whether exactly one label is true of a text."""
        return self.kind != "any_of"

    @cached_property
    def stopped(self) -> Bool[ndarray, " k"]:
        """Which labels are not simply allowed."""
        return np.array([label.decision != "allow" for label in self.labels])

    @cached_property
    def digest(self) -> str:
        """Changes when the meaning of a label changes. Labels made under another digest are refused."""
        return digest(
            [self.name, self.kind]
            + [[label.name, label.means, list(label.does_not_count)] for label in self.labels]
        )[:16]

    @cached_property
    def events(self) -> "tuple[Event, ...]":
        """What a threshold can be set on: one event per label that is not simply allowed.

        On a scale the event of a label is "this label or worse"; elsewhere it is the label itself. An
        exclusive axis with several stopped labels has one more, `any`: "one of them, whichever".
        """
        made = []
        for i, label in enumerate(self.labels):
            if label.decision != "allow":
                members = range(i, len(self.labels)) if self.kind == "scale" else [i]
                made.append(Event(label.name, tuple(members), label.decision))
        if self.kind in ("one_of", "first_of") and len(made) > 1:
            everything = tuple(i for event in made for i in event.members)
            made.append(Event("any", everything, "review"))
        return tuple(made)

    def check(self, answer: Answer) -> None:
        """Raise ValueError unless `answer` is one this axis knows."""
        given = labels_in(answer)
        if self.exclusive and len(given) != 1:
            raise ValueError(f"axis '{self.name}' takes exactly one label, found {len(given)}")
        for name in given:
            if name not in self.names:
                raise ValueError(
                    f"unknown label '{name}' of axis '{self.name}'; known: {', '.join(self.names)}"
                )

    def probabilities(self, scores: Float[ndarray, "n k"]) -> Float[ndarray, "n k"]:
        """Scores to probabilities: rows that sum to one where labels exclude each other."""
        return softmax(scores) if self.exclusive else sigmoid(scores)

    def danger(self, scores: Float[ndarray, "n k"]) -> Float[ndarray, " n"]:
        """How far each row is from being allowed; larger is worse. Decides which window counts."""
        probabilities = self.probabilities(scores)
        danger: ndarray
        if self.kind == "scale":
            danger = probabilities @ np.arange(len(self.labels), dtype=probabilities.dtype)
        elif self.exclusive:
            danger = probabilities[:, self.stopped].sum(axis=1)
        else:
            danger = probabilities.max(axis=1)
        return danger


@dataclass(frozen=True)
class Event:
    """Something a threshold is set on: "the label is among `members`"."""

    name: str
    members: tuple[int, ...]
    decision: Verdict

    def of(self, values: ndarray) -> ndarray:
        """The event's column: probability (float in) or truth (bool in), shape [n] from [n, k]."""
        chosen = values[:, list(self.members)]
        if values.dtype == bool:
            return np.asarray(chosen.any(axis=1))
        return np.asarray(chosen.sum(axis=1).clip(0.0, 1.0))


@dataclass(frozen=True)
class Taxonomy:
    """A named, versioned set of axes with the question they answer."""

    id: str
    version: str
    asks: str
    axes: tuple[Axis, ...]
    schema: int = 1
    judges: Literal["message", "response"] = "message"
    sources: tuple[str, ...] = ()

    def axis(self, name: str | None = None) -> Axis:
        """The axis of that name; without a name, the only or first one."""
        if name is None:
            return self.axes[0]
        for axis in self.axes:
            if axis.name == name:
                return axis
        raise ValueError(f"taxonomy '{self.id}' has no axis '{name}'; it has {[a.name for a in self.axes]}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in the YAML file."""
        from mindrail.config import plain

        value: dict[str, Any] = plain(self)
        return value
