"""What every format says: how its models are asked, where their verdict stands, and what it means to an axis.

No words of anybody's template are kept here. A guard model brings its own chat template along; a format fills in
what that template takes (a conversation, and for some a policy, for which we pass our own definitions).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from typing import Any, ClassVar, Protocol, runtime_checkable

from mindrail import config
from mindrail.errors import BadConfig
from mindrail.llm.chat import Message
from mindrail.records import Example
from mindrail.taxonomy import Axis, Label

#: stands for what the person said where a conversation begins with the other side; templates expect the person first
_BEGINNING = "(The conversation begins here.)"


@dataclass(frozen=True)
class Meaning:
    """What a format's verdicts and codes mean to one axis. `loses` says what they cannot tell.

    `verdicts` maps each word to a label, or to None where the codes decide which label it is; on an axis of several
    labels it is empty. `codes` maps each code to labels, to none where the code says nothing about this axis. Without
    codes, the verdict alone counts. A code that is not listed is taken to concern every label.
    """

    loses: str
    verdicts: Mapping[str, str | None] = field(default_factory=dict)
    codes: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Asked:
    """One question to a guard model: what its template takes, and how the answer is read.

    The verdict is the first word after `before` in the answer. Either the question is about the one `label`, or
    `meaning` says what the answer tells about all.
    """

    messages: tuple[Message, ...]
    template: Mapping[str, Any] = field(default_factory=dict)
    before: str = ""
    label: str | None = None
    meaning: Meaning | None = None


@runtime_checkable
class Format(Protocol):
    """One family of guard models. Frozen settings where its generations differ.

    `max_tokens` is enough for the longest answer.
    """

    max_tokens: ClassVar[int]

    @property
    def words(self) -> Mapping[str, bool]:
        """Each verdict, and whether it stands for danger."""
        ...

    def ask(self, example: Example, axis: Axis) -> tuple[Asked, ...]:
        """One question, or one for each label that is stopped. Raises BadConfig for an axis it cannot answer."""
        ...

    def codes(self, answer: str) -> tuple[str, ...]:
        """The categories that an answer names."""
        ...


def conversation(example: Example) -> tuple[Message, ...]:
    """The turns up to the judged one, speakers taking turns and the person first, as templates demand it.

    Turns of one speaker in a row become one. The last message is the judged turn, or ends with it.
    """
    said: list[tuple[str, str]] = []
    for turn in example.turns[: example.focus + 1]:
        speaker = "assistant" if turn.speaker == "assistant" else "user"
        if said and said[-1][0] == speaker:
            said[-1] = (speaker, f"{said[-1][1]}\n{turn.text}")
        else:
            said.append((speaker, turn.text))
    if said[0][0] == "assistant":
        said.insert(0, ("user", _BEGINNING))
    return tuple(Message("assistant" if who == "assistant" else "user", text) for who, text in said)


def policy(label: Label) -> str:
    """What a label means, in the words of the taxonomy."""
    if not label.does_not_count:
        return label.means
    return f"{label.means} This does not count: {'; '.join(label.does_not_count)}."


def stopped(axis: Axis) -> list[Label]:
    """The labels of an axis that are not simply allowed."""
    return [label for label, bad in zip(axis.labels, axis.stopped, strict=True) if bad]


def meaning(name: str, axis: Axis) -> Meaning:
    """What the format of that name means to an axis, from its YAML file. Raises BadConfig where it says nothing."""
    known = meanings(name)
    if axis.name not in known:
        raise BadConfig(
            f"guard models of format '{name}' do not answer '{axis.name}'; they answer {', '.join(known)}. "
            "Do: choose another format, or another taxonomy"
        )
    found = known[axis.name]
    named = [label for label in found.verdicts.values() if label is not None]
    named += [label for labels in (found.codes or {}).values() for label in labels]
    if unknown := sorted(set(named) - set(axis.names)):
        raise BadConfig(
            f"format '{name}' reads its codes as {', '.join(unknown)}, which this '{axis.name}' does not have; it "
            f"has {', '.join(axis.names)}. Do: use the taxonomy of that name here, or a format that takes a policy"
        )
    return found


@cache
def meanings(name: str) -> Mapping[str, Meaning]:
    """Every axis that a format answers, by the axis's name."""
    with as_file(files("mindrail.prompts.guards") / f"{name.replace('-', '_')}.yaml") as path:
        read = config.read_yaml(path)
    return {axis: config.build(Meaning, value, where=f"{name}: {axis}") for axis, value in read.items()}


def listed(text: str, known: Sequence[str] = ()) -> tuple[str, ...]:
    """Codes between commas or on lines of their own, each once; spelled as in `known` where only case differs.

    >>> listed("S1, S11\\nS1")
    ('S1', 'S11')
    """
    spelled = {code.lower(): code for code in known}
    found = [part.strip() for line in text.splitlines() for part in line.split(",")]
    return tuple(dict.fromkeys(spelled.get(code.lower(), code) for code in found if code))
