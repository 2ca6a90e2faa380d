"""Splits with few labels: groups stay together, and every split depends on its seed alone."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from mindrail import seeds
from mindrail.errors import BadSplit
from mindrail.records import Example
from mindrail.taxonomy import Answer, Axis, labels_in

Sampling = Literal["stratified", "balanced"]


def carve(examples: Sequence[Example], size: int, seed: int) -> tuple[list[Example], list[Example]]:
    """(rest, part): whole groups in random order until the part holds at least `size` examples.

    The order is `random.Random(seed).shuffle` over groups in order of appearance, an example without a
    group being one of its own, so that published splits made this way can be repeated. A group may be named by
    an example's id: what was made of it goes with it.
    """
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.group or example.id].append(example)
    order = list(groups.values())
    random.Random(seed).shuffle(order)  # noqa: S311, the published recipe
    part: list[Example] = []
    rest: list[Example] = []
    for group in order:
        (part if len(part) < size else rest).extend(group)
    return rest, part


def answered(examples: Sequence[Example], axis: Axis) -> tuple[list[Example], list[Example]]:
    """Examples with an answer, and without one."""
    known = [example for example in examples if axis.name in example.answers]
    return known, [example for example in examples if axis.name not in example.answers]


def drawn(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Examples that chance brought up to be labelled, and those that were picked, which measure nothing."""
    chance = [example for example in examples if not example.tags.get("picked")]
    return chance, [example for example in examples if example.tags.get("picked")]


def away_from(examples: Sequence[Example], judged: Sequence[Example]) -> list[Example]:
    """The examples that share neither a group of their source nor an opening turn with a judged one."""
    groups = {(example.source, example.group) for example in judged if example.group is not None}
    openings = {_opening(example) for example in judged}
    return [
        example
        for example in examples
        if (example.source, example.group) not in groups and _opening(example) not in openings
    ]


def by_prompt(
    examples: Sequence[Example], shares: Sequence[float], seed: int
) -> tuple[list[Example], list[list[Example]]]:
    """(rest, parts): each part with its share of the distinct opening turns, none of which is in two parts.

    The opening turns are sorted, then shuffled with `random.Random(seed)`, so that published splits made this
    way can be repeated.
    """
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[_opening(example)].append(example)
    order = sorted(groups)
    random.Random(seed).shuffle(order)  # noqa: S311, the published recipe
    parts, start = [], 0
    for share in shares:
        end = start + int(share * len(order))
        parts.append([example for prompt in order[start:end] for example in groups[prompt]])
        start = end
    return [example for prompt in order[start:] for example in groups[prompt]], parts


def hold_out(
    examples: Sequence[Example], parts: Mapping[str, str | float], seed: int
) -> tuple[list[Example], list[Example]]:
    """(rest, part): of each source named, the examples that it puts in the split of that name, or that share.

    A share is drawn by `carve` from the examples of that source alone that nobody picked. Raises BadSplit where
    nothing is held out.
    """
    held: set[str] = set()
    for source, what in parts.items():
        own = _of(examples, source)
        if isinstance(what, str):
            part = [example for example in own if example.tags.get("split") == what]
        else:
            chance, _ = drawn(own)
            _, part = carve(chance, int(what * len(chance)), seed)
        if not part:
            there = sorted({example.tags.get("split", "none") for example in own})
            raise BadSplit(f"nothing of set '{source}' is in '{what}'; its splits are: {', '.join(there)}")
        held.update(example.id for example in part)
    return _divided(examples, held)


def limit(examples: Sequence[Example], at_most: Mapping[str, int], seed: int) -> list[Example]:
    """The examples in their order, of each source named at most so many, drawn by `carve`."""
    dropped: set[str] = set()
    for source, size in at_most.items():
        rest, _ = carve(_of(examples, source), size, seed)
        dropped.update(example.id for example in rest)
    return _divided(examples, dropped)[0]


def leave_out(examples: Sequence[Example], axis: Axis, labels: Mapping[str, Sequence[str]]) -> list[Example]:
    """The examples in their order, of each source named without those that have one of its labels."""
    dropped = {
        example.id
        for source, names in labels.items()
        for example in _of(examples, source)
        if set(names) & set(labels_of(example, axis))
    }
    return _divided(examples, dropped)[0]


def thin_out(
    examples: Sequence[Example], axis: Axis, at_most: Mapping[str, int], seed: int
) -> tuple[list[Example], list[Example]]:
    """(kept, dropped), both in their order: at most so many are kept with each label named.

    An example with several labels counts for each of them, so fewer may be left. Raises BadSplit for an unknown
    label.
    """
    dropped: set[str] = set()
    for label, size in at_most.items():
        if label not in axis.names:
            raise BadSplit(f"there is no label '{label}' to make rare; known: {', '.join(axis.names)}")
        own = [example for example in examples if label in labels_of(example, axis)]
        order = seeds.stream(seed, "rare", label).permutation(len(own))
        dropped.update(own[i].id for i in order[size:])
    return _divided(examples, dropped)


def labels_of(example: Example, axis: Axis) -> tuple[str, ...]:
    """The labels that are true of an example; none where it has no answer."""
    return labels_in(example.answers.get(axis.name, ()))


def _opening(example: Example) -> str:
    return Example((example.turns[0],)).normalised()


def _of(examples: Sequence[Example], source: str) -> list[Example]:
    """The examples of one set. Raises BadSplit where there are none."""
    own = [example for example in examples if example.source == source]
    if not own:
        known = sorted({example.source for example in examples})
        raise BadSplit(f"there is nothing of set '{source}'; the training sets are: {', '.join(known)}")
    return own


def _divided(examples: Sequence[Example], ids: set[str]) -> tuple[list[Example], list[Example]]:
    """Examples without those ids, and with them."""
    return [e for e in examples if e.id not in ids], [e for e in examples if e.id in ids]


def choose_labels(
    examples: Sequence[Example], axis: Axis, count: int | None, how: Sampling, seed: int
) -> tuple[list[Example], list[Example]]:
    """(labelled, rest): `count` examples that keep their answers, None for all there are, in random order.

    `stratified` keeps the shares that answers have among the examples, `balanced` takes the same number of
    each, as far as there are enough. Raises BadSplit when there are fewer than `count` or a class has none.
    """
    strata: dict[Answer, list[Example]] = defaultdict(list)
    known, rest = answered(examples, axis)
    for example in known:
        strata[example.answers[axis.name]].append(example)
    have = len(known)
    count = have if count is None else count
    if have < count:
        raise BadSplit(
            f"{count} labels asked for, and {have} examples beside dev and test carry one. Do: ask for at most {have}"
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
