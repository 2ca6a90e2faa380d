"""Splits with few labels: groups stay together, and every split depends on its seed alone."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from mindrail import seeds
from mindrail.errors import BadSplit
from mindrail.records import Example
from mindrail.taxonomy import Answer, Axis

Sampling = Literal["stratified", "balanced"]


def carve(examples: Sequence[Example], size: int, seed: int) -> tuple[list[Example], list[Example]]:
    """(rest, part): whole groups in random order until the part holds at least `size` examples.

    The order is `random.Random(seed).shuffle` over groups in order of appearance, an example without a
    group being one of its own, so that published splits made this way can be repeated.
    """
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.group or f"\x00{example.id}"].append(example)
    order = list(groups.values())
    random.Random(seed).shuffle(order)  # noqa: S311, the published recipe
    part: list[Example] = []
    rest: list[Example] = []
    for group in order:
        (part if len(part) < size else rest).extend(group)
    return rest, part


def by_prompt(
    examples: Sequence[Example], shares: Sequence[float], seed: int
) -> tuple[list[Example], list[list[Example]]]:
    """(rest, parts): each part with its share of the distinct opening turns, none of which is in two parts.

    The opening turns are sorted, then shuffled with `random.Random(seed)`, so that published splits made this
    way can be repeated.
    """
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[Example((example.turns[0],)).normalised()].append(example)
    order = sorted(groups)
    random.Random(seed).shuffle(order)  # noqa: S311, the published recipe
    parts, start = [], 0
    for share in shares:
        end = start + int(share * len(order))
        parts.append([example for prompt in order[start:end] for example in groups[prompt]])
        start = end
    return [example for prompt in order[start:] for example in groups[prompt]], parts


def choose_labels(
    examples: Sequence[Example], axis: Axis, count: int, how: Sampling, seed: int
) -> tuple[list[Example], list[Example]]:
    """(labelled, rest): `count` examples that keep their answers, in random order.

    `stratified` keeps the shares that answers have among the examples, `balanced` takes the same number of
    each, as far as there are enough. Raises BadSplit when there are fewer than `count` or a class has none.
    """
    strata: dict[Answer, list[Example]] = defaultdict(list)
    rest = [example for example in examples if axis.name not in example.answers]
    for example in examples:
        if axis.name in example.answers:
            strata[example.answers[axis.name]].append(example)
    have = sum(map(len, strata.values()))
    if have < count:
        raise BadSplit(
            f"{count} labels asked for, and only {have} examples carry one. Do: ask for at most {have}"
        )
    sizes = _shares({answer: len(part) for answer, part in strata.items()}, count, how)
    chosen: list[Example] = []
    for answer, part in sorted(strata.items(), key=lambda item: str(item[0])):
        order = seeds.stream(seed, "labels", str(answer)).permutation(len(part))
        chosen += [part[i] for i in order[: sizes[answer]]]
        rest += [part[i] for i in sorted(order[sizes[answer] :])]
    order = seeds.stream(seed, "labels").permutation(len(chosen))
    return [chosen[i] for i in order], rest


def _shares(have: dict[Answer, int], count: int, how: Sampling) -> dict[Answer, int]:
    """How many of each answer, by largest remainder, never more than there are."""
    given = dict.fromkeys(have, 0)
    left = count
    while left:
        free = {answer: size for answer, size in have.items() if given[answer] < size}
        weights = {answer: (size if how == "stratified" else 1) for answer, size in free.items()}
        total = sum(weights.values())
        exact = {answer: left * weight / total for answer, weight in weights.items()}
        taken = {answer: min(int(exact[answer]), free[answer] - given[answer]) for answer in free}
        if not any(taken.values()):  # only remainders are left
            by_remainder = sorted(free, key=lambda answer: (int(exact[answer]) - exact[answer], str(answer)))
            taken = dict.fromkeys(by_remainder[:left], 1)
        for answer, number in taken.items():
            given[answer] += number
            left -= number
    return given
