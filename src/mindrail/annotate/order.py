"""In which order items are asked. Every order is a permutation that depends on items, scores and seed alone."""

from collections.abc import Sequence

import numpy as np

from mindrail import seeds
from mindrail.arrays import Bool, Float, Int, ndarray
from mindrail.records import Targets
from mindrail.taxonomy import Axis
from mindrail.text import hashed

#: how many texts diversity chooses among, and how many it chooses; the rest follow at random
CANDIDATES, CHOSEN = 20_000, 1_000


def at_random(size: int, seed: int) -> Int[ndarray, " n"]:
    """For honest evaluation: what is asked first stands for all the rest."""
    return seeds.stream(seed, "random order").permutation(size)


def by_uncertainty(axis: Axis, probabilities: Float[ndarray, "n k"], seed: int) -> Int[ndarray, " n"]:
    """What the guard is least sure of first; ties are broken at random.

    Where labels exclude each other, by the margin between the two best (Scheffer et al. 2001); else by the
    label whose probability is nearest to one half.
    """
    if axis.exclusive:
        best = np.sort(probabilities, axis=1)
        return _smallest(best[:, -1] - best[:, -2], seed)
    return _smallest(np.abs(probabilities - 0.5).min(axis=1), seed)


def by_disagreement(
    axis: Axis, probabilities: Float[ndarray, "n k"], said: Targets, seed: int
) -> Int[ndarray, " n"]:
    """Where people said something else than the guard, what it doubts most first; the rest by uncertainty."""
    against = contested(axis, probabilities, said)
    first = _smallest(-doubt(axis, probabilities, said), seed)
    rest = by_uncertainty(axis, probabilities, seed)
    return np.concatenate([first[against[first]], rest[~against[rest]]])


def contested(axis: Axis, probabilities: Float[ndarray, "n k"], said: Targets) -> Bool[ndarray, " n"]:
    """Where the guard would have said something else than people did."""
    if axis.exclusive:
        against: ndarray = probabilities.argmax(axis=1) != said.classes()
    else:
        against = ((probabilities > 0.5) != said.values).any(axis=1)
    against &= said.known
    return against


def doubt(axis: Axis, probabilities: Float[ndarray, "n k"], said: Targets) -> Float[ndarray, " n"]:
    """One minus the guard's probability of what was said; for `any_of` of the label it doubts most."""
    if axis.exclusive:
        doubted: ndarray = 1 - (said.values * probabilities).sum(axis=1)
    else:
        doubted = np.where(said.values, 1 - probabilities, probabilities).max(axis=1)
    return doubted


def by_diversity(texts: Sequence[str], seed: int) -> Int[ndarray, " n"]:
    """Texts as unlike one another as possible: greedy k-centre (Sener and Savarese 2018, arXiv 1708.00489).

    Chooses up to 1,000 among 20,000 that are drawn at random, about 5 s; the rest follow at random.
    """
    order = at_random(len(texts), seed)
    drawn, rest = order[:CANDIDATES], order[CANDIDATES:]
    chosen = k_centre(hashed.rows([texts[i] for i in drawn]), min(CHOSEN, len(drawn)))
    left = np.setdiff1d(np.arange(len(drawn)), chosen)
    return np.concatenate([drawn[chosen], drawn[left], rest])


def k_centre(points: Float[ndarray, "n d"], size: int) -> Int[ndarray, " size"]:
    """Rows chosen one by one, each the farthest from those before; the first is row 0. Rows have length one."""
    chosen = np.zeros(size, dtype=int)
    nearest = np.full(len(points), np.inf)
    for place in range(1, size):
        nearest = np.minimum(nearest, 1.0 - points @ points[chosen[place - 1]])
        nearest[chosen[:place]] = -1.0
        chosen[place] = int(nearest.argmax())
    return chosen


def interleave(test: Sequence[str], pool: Sequence[str], every: int) -> list[str]:
    """Every so-manieth of the test sample until it is used up, so that nobody can tell which part they judge."""
    mixed: list[str] = []
    waiting = list(reversed(test))
    for name in pool:
        if waiting and len(mixed) % every == 0:
            mixed.append(waiting.pop())
        mixed.append(name)
    return [*mixed, *reversed(waiting)]


def share(name: str, seed: int, purpose: str) -> float:
    """A number in [0, 1) that belongs to an item for good, whatever order it is asked in."""
    return seeds.derive(seed, purpose, name) / 2**63


def _smallest(values: Float[ndarray, " n"], seed: int) -> Int[ndarray, " n"]:
    ties = seeds.stream(seed, "ties").random(len(values))
    return np.lexsort((ties, values))
