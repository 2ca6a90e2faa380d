"""Agreement between people: how much, how sure that is, and where they differ.

    ratings = Ratings.of([{"ana": "safe", "ben": "unsafe"}, …], ("safe", "borderline", "unsafe"), ordered=True)
    measure(ratings).coefficients["alpha"]        # an Interval
    by_label(ratings), by_node(ratings), by_pair(ratings), over_time(ratings, every=200)

Intervals are percentiles over resampled items (whole groups, where there are any).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import combinations, pairwise
from math import isnan

import numpy as np

from mindrail.arrays import Bool, Float, Int, ndarray
from mindrail.stats import coefficients
from mindrail.stats.bootstrap import percentile, resamples
from mindrail.stats.coefficients import Coefficient
from mindrail.stats.groups import Groups
from mindrail.stats.intervals import Interval

#: fewer items than this that several people judged, and a coefficient says little
FEW_ITEMS = 30
#: fewer uses of a label than this, and its row says little
FEW_USES = 10
#: numbers held at once while resampling: 64 MB
_AT_ONCE = 2**23

_PLAIN: Mapping[str, Coefficient] = {
    "percent": coefficients.percent,
    "kappa": coefficients.fleiss,
    "alpha": coefficients.krippendorff,
    "ac1": coefficients.gwet,
}
#: on a scale, near misses count as partly agreed
_ORDERED: Mapping[str, Coefficient] = {
    **_PLAIN,
    "alpha": coefficients.krippendorff_ordered,
    "ac2": coefficients.gwet_ordered,
}


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who gave which item which label. `values[i, p]` is a label's place, and counts where `known[i, p]`."""

    people: tuple[str, ...]
    labels: tuple[str, ...]
    values: Int[ndarray, "n p"]
    known: Bool[ndarray, "n p"]
    ordered: bool = False
    groups: Groups = None

    @classmethod
    def of(
        cls,
        said: Sequence[Mapping[str, str]],
        labels: Sequence[str],
        *,
        ordered: bool = False,
        groups: Groups = None,
    ) -> "Ratings":
        """From one mapping for each item, of people to labels. Raises ValueError for a label that is not listed."""
        people = tuple(sorted({who for one in said for who in one}))
        values = np.zeros((len(said), len(people)), dtype=int)
        known = np.zeros(values.shape, dtype=bool)
        for i, one in enumerate(said):
            for who, label in one.items():
                if label not in labels:
                    raise ValueError(f"item {i + 1} has a label that is none of: {', '.join(labels)}")
                place = i, people.index(who)
                values[place], known[place] = labels.index(label), True
        return cls(people, tuple(labels), values, known, ordered, groups)

    @cached_property
    def counts(self) -> Int[ndarray, "n k"]:
        """How many people gave each item each label."""
        labels = np.arange(len(self.labels))
        counts: ndarray = ((self.values[:, :, None] == labels) & self.known[:, :, None]).sum(axis=1)
        return counts

    @property
    def shared(self) -> int:
        """How many items two or more people judged."""
        return int((self.known.sum(axis=1) >= 2).sum())

    def one_label(self, place: int, *, reached: bool = False) -> "Ratings":
        """Yes or no to one label. With `reached`, of those alone who said no to every label before it."""
        known = self.known & (self.values >= place) if reached else self.known
        labels = (f"not {self.labels[place]}", self.labels[place])
        return replace(
            self, labels=labels, values=(self.values == place).astype(int), known=known, ordered=False
        )

    def rows(self, start: int, stop: int) -> "Ratings":
        """Items from `start` up to `stop`."""
        cut = slice(start, stop)
        groups = None if self.groups is None else list(self.groups)[cut]
        return replace(self, values=self.values[cut], known=self.known[cut], groups=groups)

    def of_people(self, people: Sequence[str]) -> "Ratings":
        """What only these people said."""
        places = [self.people.index(who) for who in people]
        return replace(self, people=tuple(people), values=self.values[:, places], known=self.known[:, places])


@dataclass(frozen=True)
class Agreement:
    """Coefficients with their intervals, on how many items, and what a reader should know about them.

    `uses`: how often each label was given on items that several people judged.
    """

    shared: int
    people: int
    uses: Mapping[str, int]
    coefficients: Mapping[str, Interval]
    notes: tuple[str, ...]


def measure(ratings: Ratings, *, rounds: int = 1000, seed: int = 0) -> Agreement:
    """All coefficients at once; two people also get Cohen's kappa. Undefined ones are NaN, and a note says why."""
    shared = ratings.known.sum(axis=1) >= 2
    uses = dict(zip(ratings.labels, ratings.counts[shared].sum(axis=0).tolist(), strict=True))
    counting = dict(_ORDERED if ratings.ordered else _PLAIN)
    computed = {name: partial(compute, ratings.counts) for name, compute in counting.items()}
    if len(ratings.people) == 2:
        computed["cohen"] = partial(_cohen, ratings)
    values = _resampled(ratings, computed, rounds, seed)
    return Agreement(
        int(shared.sum()), len(ratings.people), uses, values, tuple(_notes(ratings, uses, values))
    )


def by_label(ratings: Ratings, *, rounds: int = 1000, seed: int = 0) -> dict[str, Agreement]:
    """Each label against all others."""
    return {
        name: measure(ratings.one_label(place), rounds=rounds, seed=seed)
        for place, name in enumerate(ratings.labels)
    }


def by_node(ratings: Ratings, *, rounds: int = 1000, seed: int = 0) -> dict[str, Agreement]:
    """For labels that are tested in order: yes or no at each test, among those who came as far.

    A disagreement at one test thereby counts there alone. The last label is what is left, and no test.
    """
    return {
        name: measure(ratings.one_label(place, reached=True), rounds=rounds, seed=seed)
        for place, name in enumerate(ratings.labels[:-1])
    }


def by_pair(ratings: Ratings, *, rounds: int = 1000, seed: int = 0) -> dict[tuple[str, str], Agreement]:
    """Every two people who judged an item in common."""
    pairs = {pair: ratings.of_people(pair) for pair in combinations(ratings.people, 2)}
    return {pair: measure(own, rounds=rounds, seed=seed) for pair, own in pairs.items() if own.shared}


def over_time(ratings: Ratings, every: int, *, rounds: int = 1000, seed: int = 0) -> list[Agreement]:
    """Agreement on each run of `every` shared items, in the order of the rows; the last run may be shorter."""
    places = np.flatnonzero(ratings.known.sum(axis=1) >= 2)
    starts = [0, *places[every::every].tolist(), len(ratings.values)]
    return [measure(ratings.rows(start, stop), rounds=rounds, seed=seed) for start, stop in pairwise(starts)]


def _cohen(ratings: Ratings, times: Float[ndarray, "r n"]) -> Float[ndarray, " r"]:
    both = ratings.known.all(axis=1)
    size = len(ratings.labels)
    weights = coefficients.quadratic(size) if ratings.ordered else np.eye(size)
    return coefficients.cohen(ratings.values[both], times[:, both], weights)


def _resampled(
    ratings: Ratings, computed: Mapping[str, partial[Float[ndarray, " r"]]], rounds: int, seed: int
) -> dict[str, Interval]:
    size = len(ratings.values)
    if not ratings.shared:
        return {name: Interval(float("nan"), float("nan"), float("nan")) for name in computed}
    draws = resamples(ratings.groups, size, seed, rounds)
    step = max(1, _AT_ONCE // size)
    repeated: dict[str, list[ndarray]] = {name: [] for name in computed}
    for start in range(0, rounds, step):
        times = np.stack([np.bincount(rows, minlength=size) for rows in draws[start : start + step]])
        for name, compute in computed.items():
            repeated[name].append(compute(times.astype(float)))
    whole = np.ones((1, size))
    return {
        name: percentile(float(compute(whole)[0]), np.concatenate(repeated[name]))
        for name, compute in computed.items()
    }


def _notes(ratings: Ratings, uses: Mapping[str, int], values: Mapping[str, Interval]) -> Iterator[str]:
    """What the numbers alone would not tell."""
    shared, total = ratings.shared, sum(uses.values())
    if not shared:
        yield "nothing was judged by two people, so nothing is known about agreement"
        return
    if shared < FEW_ITEMS:
        yield f"only {shared} items were judged by two people or more; under {FEW_ITEMS} this is an anecdote"
    rare = [f"{name} ({count})" for name, count in uses.items() if count < FEW_USES]
    if rare:
        yield f"given fewer than {FEW_USES} times, so hardly measured: {', '.join(rare)}"
    if isnan(values["kappa"].value):
        yield "everybody always gave the same label: agreement beyond chance is undefined, not perfect"
        return
    most, count = max(uses.items(), key=lambda use: use[1])
    skewed = values["ac1"].value - values["kappa"].value > 0.2 and values["percent"].value > 0.7
    if skewed:
        yield (
            f"'{most}' takes {count / total:.0%} of the labels, so that two people who threw dice that way would "
            f"often agree; kappa and alpha count only what goes beyond, and fall to {values['kappa'].value:.2f} "
            f"although {values['percent'].value:.0%} of pairs agree. Read AC1 and the rows per label beside them"
        )
    if max(value.dropped for value in values.values()) > 50:
        yield "in many resamples only one label was left; the intervals are about luckier draws than ours"
