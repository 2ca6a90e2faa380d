"""The word lists that come with mindrail, read once."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from mindrail import config
from mindrail.files import digest


@cache
def lists(name: str) -> Any:
    """The content of `NAME.yaml` beside this file."""
    with as_file(files("mindrail.augment") / f"{name}.yaml") as path:
        return config.read_yaml(path)


def mark(*names: str) -> str:
    """A short digest of several lists, for provenance."""
    return digest([lists(name) for name in names])[:16]


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """For each word in lower case, the words that may stand in its place."""
    found: dict[str, dict[str, None]] = {}
    for groups in lists("synonyms").values():
        for group in groups:
            for word in group:
                found.setdefault(word, {}).update(dict.fromkeys(w for w in group if w != word))
    return {word: tuple(others) for word, others in found.items()}


@cache
def fixed() -> frozenset[str]:
    """Words and characters that negate or count, in lower case."""
    return frozenset(word for words in lists("negations").values() for word in words)
