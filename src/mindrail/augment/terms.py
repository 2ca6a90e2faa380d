"""Words for groups of people: does rewording drop them, add them, or fail more often where they stand?"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from mindrail.augment import _lexicon
from mindrail.augment.results import Family
from mindrail.augment.shares import share
from mindrail.augment.store import Outcome
from mindrail.records import Example


def families(examples: Sequence[Example], outcomes: Sequence[Outcome], views: int) -> tuple[Family, ...]:
    """Every family of terms that any text mentions. Of each example with its outcome, `views` were wanted."""
    found = []
    for name, pattern in _patterns().items():
        before = [_terms(pattern, example) for example in examples]
        if any(before):
            found.append(_family(name, pattern, list(zip(examples, before, outcomes, strict=True)), views))
    return tuple(found)


def _family(
    name: str, pattern: re.Pattern[str], rows: Sequence[tuple[Example, frozenset[str], Outcome]], views: int
) -> Family:
    kept: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    changed: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for example, terms, outcome in rows:
        after = [_terms(pattern, view.example(example)) for view in outcome.views]
        kept[bool(terms)].append((len(after), views))
        lost_or_added = sum(not terms <= now for now in after) if terms else sum(map(bool, after))
        changed[bool(terms)].append((lost_or_added, len(after)))
    return Family(
        name,
        len(kept[True]),
        share(kept[True]),
        share(kept[False]),
        share(changed[True]),
        share(changed[False]),
    )


def _terms(pattern: re.Pattern[str], example: Example) -> frozenset[str]:
    """The terms in an example up to the judged turn, in lower case."""
    said = " \n".join(turn.text for turn in example.turns[: example.focus + 1])
    return frozenset(match.lower() for match in pattern.findall(said))


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {
        name: re.compile("|".join(map(_expression, terms)), re.IGNORECASE)
        for name, terms in _lexicon.lists("group_terms").items()
    }


def _expression(term: str) -> str:
    if not term.isascii():
        return re.escape(term)
    ending = r"\w*" if term.endswith("*") else ""
    return rf"\b{re.escape(term.removesuffix('*'))}{ending}\b"
