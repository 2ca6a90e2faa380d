"""What people hand to a guard, as one example: a text, or a conversation in the usual chat form."""

from collections.abc import Mapping, Sequence
from typing import Any

from mindrail.errors import UsageError
from mindrail.records import Example, Turn

#: a text; or messages `{"role": …, "content": …}`; or an example
Said = str | Sequence[Mapping[str, Any]] | Example

#: who speaks in each role; None: not part of what people say to each other, so not read as context
SPEAKERS = {"user": "user", "assistant": "assistant", "system": None, "developer": None, "tool": None}


def example_of(said: object, focus: int = -1) -> Example:
    """The example that is meant by `said`, whatever it is; `focus` is the place of the judged message.

    Only `role` and `content` of a message are read; `content` is a string or a list of text parts. Half
    characters, which no encoding can hold, become U+FFFD. Raises UsageError, which never repeats what was
    said: for another role, another kind of content, or a judged message that nobody says (system, tool).
    """
    if isinstance(said, Example):
        return said
    if isinstance(said, str):
        return Example((Turn("user", whole(said)),))
    if not isinstance(said, list | tuple):
        raise UsageError(f"found {type(said).__name__}, expected a text or a list of messages")
    if not -len(said) <= focus < len(said):
        raise UsageError(f"message {focus} is to be judged, but there are {len(said)} messages")
    turns = [_turn(message, place) for place, message in enumerate(said)]
    place = focus % len(said)
    if turns[place] is None:
        raise UsageError(f"message {place} is a system or tool message; only user and assistant are judged")
    before = [turn for turn in turns[: place + 1] if turn is not None]
    return Example(tuple(before))


def whole(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON lets through and tokenizers choke on.

    >>> whole("a\\ud800b")
    'a\\ufffdb'
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _turn(message: Any, place: int) -> Turn | None:
    """One message as a turn; None for one that is not read."""
    if not isinstance(message, Mapping):
        raise UsageError(f"message {place} is a {type(message).__name__}, expected an object")
    role = message.get("role")
    if not isinstance(role, str) or role not in SPEAKERS:
        raise UsageError(f"message {place} has an unknown role; expected {', '.join(SPEAKERS)}")
    speaker = SPEAKERS[role]
    return Turn(speaker, _content(message.get("content"), place)) if speaker else None


def _content(content: Any, place: int) -> str:
    """The text of one message, its parts joined by line breaks."""
    if isinstance(content, str):
        return whole(content)
    if not isinstance(content, list):
        found = type(content).__name__
        raise UsageError(f"message {place} has content of type {found}, expected a string or text parts")
    texts = []
    for part in content:
        text = part.get("text") if isinstance(part, Mapping) and part.get("type") == "text" else None
        if not isinstance(text, str):
            raise UsageError(f"message {place} has a part that is no text; only text can be judged")
        texts.append(text)
    return whole("\n".join(texts))
