"""A set's card: where the words came from, under which terms, and what is known to be wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from mindrail.taxonomy.crosswalk import Crosswalk


@dataclass(frozen=True)
class Source:
    """One original file at a pinned commit. `sha256` and `bytes` are those of the raw file."""

    path: str
    sha256: str
    bytes: int
    split: str = ""
    #: name in our cache and in a mirror (which may add .gz); by default the last part of `path`
    name: str = ""

    @property
    def stored(self) -> str:
        """The name under which the file lies in the cache and in a mirror."""
        return self.name or self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Card:
    """Everything a user must know before touching a set. `rows` counts what `load` yields."""

    title: str
    repository: str
    commit: str
    licence: str
    languages: tuple[str, ...]
    rows: int
    labels: str
    problems: str
    files: tuple[Source, ...]
    crosswalks: Mapping[str, Crosswalk] = field(default_factory=dict)
    #: False where no licence is stated, or it forbids commercial use or changes: a guard's card repeats it
    open_licence: bool = False
    cite: str = ""

    def url(self, source: Source) -> str:
        """The pinned public address of one file."""
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{quote(source.path)}"

    @property
    def tasks(self) -> tuple[str, ...]:
        """The taxonomies this set has answers for."""
        return tuple(self.crosswalks)


@dataclass(frozen=True)
class Row:
    """One row of a set in its own vocabulary, before any crosswalk.

    `turns` are (speaker, text) pairs with speakers `user` and `assistant`; the last one is judged unless
    `focus` says otherwise. `labels` maps the set's own columns to their values. `tags` are for slices.
    """

    turns: tuple[tuple[str, str], ...]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: str = ""
    group: str | None = None
    focus: int = -1
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def message(cls, text: str, *, label: str | None = None, **rest: object) -> "Row":
        """A lone message with at most one label."""
        labels = {"label": (label,)} if label is not None else {}
        return cls((("user", text),), labels, **rest)  # type: ignore[arg-type]

    @classmethod
    def reply(cls, context: str, response: str, *, label: str | None = None, **rest: object) -> "Row":
        """A response in its context with at most one label."""
        labels = {"label": (label,)} if label is not None else {}
        return cls((("user", context), ("assistant", response)), labels, **rest)  # type: ignore[arg-type]
