"""A text as it may have been meant: other readings of what is not written plainly.

A model reads letters; people read shapes, and programs read codes. Whoever wants to slip past a guard writes
what the one understands and the other does not. So beside the text itself a guard reads a few views of it, and
the most dangerous one counts. Text that is written plainly has no views and costs nothing more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from mindrail import plugins
from mindrail.errors import BadConfig
from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import WORDS, View

#: all views, in the order in which they clean
VIEWS = (
    "plain",
    "lookalikes",
    "emoji",
    "spaced",
    "leet",
    "typos",
    "decoded",
    "upside-down",
    "backwards",
    "shifted",
    "vowels",
)
#: codes within codes are followed so far
DEPTH = 2


@dataclass(frozen=True)
class Reading:
    """How a guard reads what it is given. Part of the guard, because it decides answers.

    `views` are names of files in `text/views`. `most_views` bounds the work: a text is scored at most that
    many times more. Of a text longer than `longest` characters the beginning and the end are read, half of
    that each; it is never simply allowed.
    """

    views: tuple[str, ...] = VIEWS
    most_views: int = 6
    rescue_below: float = 0.8  # the share of the text that is enough
    longest: int = 1_000_000

    def __post_init__(self) -> None:
        if self.most_views < 0 or self.longest < 2:
            raise BadConfig(
                f"found most_views {self.most_views} and longest {self.longest}, expected 0 and 2 or more"
            )
        if not 0.0 <= self.rescue_below <= 1.0:
            raise BadConfig(f"found rescue_below {self.rescue_below}, expected a share in [0, 1]")
        if len(set(self.views)) != len(self.views):
            raise BadConfig(f"a view is named twice: {', '.join(self.views)}")

    @classmethod
    def as_written(cls) -> "Reading":
        """No views: texts are read as they are written. So read guards from before there were views."""
        return cls(views=())


class Viewed(NamedTuple):
    """One view: which ways of reading led to it, as one name; the text; whether it holds the very same words."""

    name: str
    text: str
    same: bool


def views(text: str, lexicon: Lexicon, reading: Reading, *, read: float = 1.0) -> list[Viewed]:
    """The views of a text, nearest first; none for a text that is written plainly.

    `read` is the share of it that reaches the model as it is written.
    """
    enough = read >= reading.rescue_below
    steps = {name: step for name in reading.views if not ((step := _step(name)).kind == "rescues" and enough)}
    found: dict[str, Viewed] = {}
    for name, made, same in _look(text, lexicon, steps, "", DEPTH):
        if len(found) == reading.most_views:
            break
        if made != text and made.strip():
            found.setdefault(made, Viewed(name, made, same))
    return list(found.values())


def _look(
    text: str, lexicon: Lexicon, steps: dict[str, View], trail: str, depth: int
) -> Iterator[tuple[str, str, bool]]:
    """The text cleaned, then what it is decoded and deciphered to, and the same for each of those."""
    first, clean, names = text, text, [trail] if trail else []
    for name, step in steps.items():
        if step.kind in ("cleans", "rescues"):
            for made in step.read(clean, lexicon):
                if made != clean and not _same_words(made, clean):
                    names.append(name)
                clean = made
            first = clean if name == "plain" else first
    if len(names) > bool(trail):
        yield "+".join(names), clean, not trail
    if not depth:
        return
    strange = lexicon.share(clean) < WORDS  # keys are tried on it
    for source in dict.fromkeys((first, clean)):
        undone = False
        for name, step in steps.items():
            if step.kind == "decodes" or (step.kind == "deciphers" and strange and not undone):
                for made in step.read(source, lexicon):
                    if made != source:
                        undone = True
                        further = f"{trail}+{name}" if trail else name
                        yield further, made, False
                        yield from _look(made, lexicon, steps, further, depth - 1)


def _same_words(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but signs and spaces around their words."""
    if one.isascii() and other.isascii():
        return False
    return _letters(one) == _letters(other)


def _letters(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text if c not in "\ufe0e\ufe0f").split()


@cache
def _step(name: str) -> View:
    view: View = plugins.get("view", name).VIEW
    return view
