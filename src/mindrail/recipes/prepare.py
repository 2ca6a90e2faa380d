"""`prepare`: sets to a split of few labels, the rest unlabelled, dev and test, with leaks refused."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from mindrail import config, taxonomy
from mindrail.data import corpus, dedup, made, split, stream
from mindrail.data.near import Near
from mindrail.data.split import Sampling
from mindrail.errors import BadSplit, LeakFound
from mindrail.recipes.split import Split
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.taxonomy import Axis, Taxonomy

log = logging.getLogger(__name__)

#: labelled examples in a dev part, where there are three times as many
DEV = 500


@dataclass(frozen=True)
class Prepare:
    """Where examples come from and how they are divided. A set is a name, or the path of a user's own card."""

    taxonomy: str
    train: tuple[str, ...]
    test: tuple[str, ...] = ()  # empty: `test_share` of the training sets
    axis: str | None = None
    dev: tuple[str, ...] = ()  # sets of their own; empty: `dev_size` labelled examples of the training sets
    dev_size: int | None = None  # None: DEV, or a third of the labelled ones where that is less
    test_share: float = 0.0  # of the distinct opening turns, where the training sets are tested on too
    dev_share: float = 0.0  # the same for dev, in place of `dev_size`
    #: what of each training set is tested on: the name of a split of its own, or a share drawn by `split_seed`
    held_out: Mapping[str, str | float] = field(default_factory=dict)
    #: labels of a training set that are not learned from; what is held out of it keeps them
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: most examples of a training set, drawn by `split_seed`
    at_most: Mapping[str, int] = field(default_factory=dict)
    labels: int | None = 200  # None: all there are
    sample: Sampling = "stratified"
    #: most labelled examples of a label, to make it rare; the others are learned from without theirs
    rare: Mapping[str, int] = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ()  # more sets whose labels are not used
    exclude: tuple[str, ...] = ()  # sets whose texts must not be learned from
    train_split: str | None = None  # the sets' own splits to take, where they have any
    dev_split: str | None = None
    test_split: str | None = None
    near: float = 0.7  # share of common 5-word shingles from which two texts count as the same
    #: a text on two sides: refuse the split, or drop it from what is learned from, and from dev where it is in test
    leaks: Literal["refuse", "drop"] = "refuse"
    #: large tables of your own, by part (labelled, unlabelled): cards of Parquet or Arrow files, whose rows are read
    #: one by one into it, without those that repeat others or are near a dev or test text
    streamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow_leaks: tuple[str, ...] = ()  # "train/dev", "train/test", "dev/test"
    drop_leaked_tests: bool = False  # leave out test texts that stand word for word in train or dev
    seed: int = 0  # of the labels
    split_seed: int = 13  # of the dev split, the same for every seed of the labels

    def __post_init__(self) -> None:
        if sum(map(bool, (self.test, self.test_share, self.held_out))) != 1:
            raise ValueError("give either sets under test, or a test_share or held_out of the training sets")
        if self.dev_share and not self.test_share:
            raise ValueError("dev_share goes with test_share; without it, dev_size says how many")
        if foreign := set(self.streamed) - {"labelled", "unlabelled"}:
            raise ValueError(f"'{foreign.pop()}' cannot be streamed; expected labelled or unlabelled")

    @property
    def sets(self) -> set[str]:
        """All that is learned from or judged on."""
        streamed = chain.from_iterable(self.streamed.values())
        return {*self.train, *self.dev, *self.test, *self.unlabelled, *streamed}


def prepare(settings: Prepare, folder: Path) -> Split:
    """Write a split into `folder` and return it.

    Exact duplicates are dropped (the first is kept; texts with conflicting labels go). What a model wrote is never
    judged on, and what was made of a dev or test text is not learned from. Raises LeakFound where
    the same or nearly the same text stands on two sides and that pair of sides is not allowed by name;
    BadSplit where a part is empty or knows one class only.
    """
    kinds = taxonomy.load(settings.taxonomy)
    axis = kinds.axis(settings.axis)
    pool, dropped = _pool(settings, kinds, axis)
    pool, dev, test = _divided(settings, kinds, axis, pool)
    dev = _apart(dev, {"dev/test": test}, settings, dropped)
    sides = {"train/dev": dev, "train/test": test}
    pool = made.without(split.leave_out(pool, axis, settings.without), [*dev, *test])
    pool = _apart(pool, sides, settings, dropped)
    labelled, rest = split.choose_labels(pool, axis, settings.labels, settings.sample, settings.seed)
    labelled, thinned = split.thin_out(labelled, axis, settings.rare, settings.seed)
    extra = [
        example for name in settings.unlabelled for example in corpus.read(name, kinds, axis, labelled=False)
    ]
    extra = _apart(made.without(extra, [*dev, *test]), sides, settings, dropped)
    unlabelled = _without_answers(_new([*rest, *thinned, *extra], [*labelled, *dev, *test]))
    parts = {"labelled": labelled, "unlabelled": unlabelled, "dev": dev, "test": test}
    found = _leaks(parts, settings)
    for name in ("labelled", "dev", "test"):
        _refuse_empty(name, parts[name], axis)
    about = {
        "taxonomy": kinds.to_dict(),
        "axis": axis.name,
        "digest": axis.digest,
        "settings": config.plain(settings),
        "rows": {name: len(part) for name, part in parts.items()},
        "answers": {name: _counts(axis, parts[name]) for name in ("labelled", "dev", "test")},
        "dropped": dropped,
        "leaks_allowed": found,
        "licences": licences(settings.sets),
    }
    streamed = _streamed(settings, kinds, axis, parts, about) if settings.streamed else {}
    return Split.write(folder, {**parts, **streamed}, about)


def _streamed(
    settings: Prepare, kinds: Taxonomy, axis: Axis, parts: Mapping[str, list[Example]], about: dict[str, Any]
) -> dict[str, Iterator[Example]]:
    """The streamed parts, behind what they hold already; as they pass, `about` counts them."""
    judged = Near([*parts["dev"], *parts["test"]], settings.near)
    excluded = (corpus.read(name, kinds, axis, labelled=False) for name in settings.exclude)
    known = chain(parts["labelled"], parts["unlabelled"], *excluded)
    seen = {stream.fingerprint(example.normalised()) for example in known}
    left_out = about["left_out_of_streamed"] = Counter()

    def passing(name: str, sets: Sequence[str]) -> Iterator[Example]:
        yield from parts[name]
        labelled = name == "labelled"
        every = chain.from_iterable(stream.read(one, kinds, axis, labelled=labelled) for one in sets)
        for example in stream.new(every, seen, judged, left_out):
            about["rows"][name] += 1
            for label in split.labels_of(example, axis):
                about["answers"][name][label] += 1
            yield example

    return {name: passing(name, settings.streamed[name]) for name in parts if settings.streamed.get(name)}


def _pool(settings: Prepare, kinds: Taxonomy, axis: Axis) -> tuple[list[Example], dict[str, int]]:
    """The training examples, each text once, without the excluded ones; and what was dropped."""
    read = _read(settings.train, settings.train_split, kinds, axis)
    pool, report = dedup.drop_duplicates(read, axis)
    banned = {
        example.normalised()
        for name in settings.exclude
        for example in corpus.read(name, kinds, axis, labelled=False)
    }
    kept = [example for example in pool if example.normalised() not in banned]
    excluded = len(pool) - len(kept)
    kept = split.limit(kept, settings.at_most, settings.split_seed)
    return kept, config.plain(report) | {"excluded": excluded}


def _divided(
    settings: Prepare, kinds: Taxonomy, axis: Axis, pool: list[Example]
) -> tuple[list[Example], list[Example], list[Example]]:
    """What is left to learn from, dev and test, which are drawn from examples with an answer that nobody picked."""
    if settings.test:
        test = _read(settings.test, settings.test_split, kinds, axis)
        test, _ = dedup.drop_duplicates(test, axis)
    if settings.held_out:
        pool, held = split.hold_out(pool, settings.held_out, settings.split_seed)
        test, _ = split.answered(held, axis)  # the others of them are not learned from either
    pool, unanswered = split.answered(pool, axis)
    pool, picked = split.drawn(pool)
    if picked and not pool and not (settings.dev or settings.dev_split):
        raise BadSplit(
            f"all {len(picked)} labelled examples were picked for being uncertain, new or the like, and measure "
            "nothing. Do: label some that are drawn at random (annotate rank --ask random)"
        )
    if settings.test_share:
        shares = (settings.test_share, settings.dev_share)
        pool, (test, dev) = split.by_prompt(pool, shares, settings.split_seed)
    elif settings.dev or settings.dev_split:
        dev = _read(settings.dev or settings.train, settings.dev_split, kinds, axis)
        dev, _ = dedup.drop_duplicates(dev, axis)
    else:
        size = min(DEV, len(pool) // 3) if settings.dev_size is None else settings.dev_size
        pool, dev = split.carve(pool, size, settings.split_seed)
    pool += split.away_from([*picked, *unanswered], [*dev, *test])
    if settings.drop_leaked_tests:
        test = _new(test, [*pool, *dev])
    return pool, made.by_people(dev), made.by_people(test)


def _read(sets: Sequence[str], part: str | None, kinds: Taxonomy, axis: Axis) -> list[Example]:
    """Examples of several sets; with `part`, only those whose set puts them in that split."""
    examples = [example for name in sets for example in corpus.read(name, kinds, axis)]
    if part is None:
        return examples
    chosen = [example for example in examples if example.tags.get("split") == part]
    if not chosen:
        there = sorted({example.tags.get("split", "none") for example in examples})
        raise BadSplit(f"no example is in split '{part}'; the sets have: {', '.join(there)}")
    return chosen


def _new(examples: Sequence[Example], others: Sequence[Example]) -> list[Example]:
    """Examples whose text is not among `others`, each text once."""
    seen = {example.normalised() for example in others}
    fresh = []
    for example in examples:
        text = example.normalised()
        if text not in seen:
            seen.add(text)
            fresh.append(example)
    return fresh


def _without_answers(examples: Sequence[Example]) -> list[Example]:
    return [replace(example, answers={}) for example in examples]


def _apart(
    examples: list[Example], judged: Mapping[str, list[Example]], settings: Prepare, dropped: dict[str, int]
) -> list[Example]:
    """Those that leak to none of the judged sides, where leaks are to be dropped; the others are counted."""
    if settings.leaks == "refuse":
        return examples
    others = [one for name, side in judged.items() if name not in settings.allow_leaks for one in side]
    leaking = {leak.left_id for leak in dedup.leaks(examples, others, threshold=settings.near)}
    dropped["leaked"] = dropped.get("leaked", 0) + len(leaking)
    return [example for example in examples if example.id not in leaking]


def _leaks(parts: dict[str, list[Example]], settings: Prepare) -> dict[str, int]:
    """How many pairs leak between allowed sides; raises LeakFound for the first side that is not allowed."""
    sides = {"train": [*parts["labelled"], *parts["unlabelled"]], "dev": parts["dev"], "test": parts["test"]}
    found = {}
    for left, right in (("train", "test"), ("dev", "test"), ("train", "dev")):
        leaks = dedup.leaks(sides[left], sides[right], threshold=settings.near)
        name = f"{left}/{right}"
        found[name] = len(leaks)
        if leaks and name not in settings.allow_leaks:
            worst = ", ".join(f"{leak.left_id}~{leak.right_id} ({leak.similarity:.2f})" for leak in leaks[:5])
            raise LeakFound(
                f"{len(leaks)} texts stand in both {left} and {right}, or nearly so: {worst}. "
                f"Do: leave them out (leaks: drop), or accept them by name (allow_leaks: ['{name}'])"
            )
        log.info("%s: %d near duplicates", name, len(leaks))
    return found


def _refuse_empty(name: str, part: list[Example], axis: Axis) -> None:
    targets = targets_of(axis, part)
    if not targets.known.any():
        raise BadSplit(
            f"the {name} part has no labelled example on axis '{axis.name}'. Do: choose another set"
        )
    seen = targets.values[targets.known].any(axis=0)
    if axis.exclusive and seen.sum() < 2:
        only = axis.names[int(seen.argmax())]
        raise BadSplit(
            f"all {int(targets.known.sum())} answers of the {name} part are '{only}'; two are needed"
        )


def _counts(axis: Axis, part: list[Example]) -> dict[str, int]:
    counts = targets_of(axis, part).values.sum(axis=0)
    return {name: int(count) for name, count in zip(axis.names, counts, strict=True)}


def licences(sets: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The terms of everything that is learned from or judged on."""
    every = set(sets)
    ours = {name for name in every if made.here(name)}
    names = every - ours
    cards = {name: corpus.card(name) for name in sorted(names) if not name.endswith(".yaml")}
    terms = {name: {"licence": card.licence, "open": card.open_licence} for name, card in cards.items()}
    own = {
        Path(name).stem: {"licence": "the user's own data", "open": False} for name in names - cards.keys()
    }
    return terms | own | {of: terms for name in sorted(ours) for of, terms in made.licences(name).items()}
