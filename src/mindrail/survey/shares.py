"""Shares of a scanned corpus, with intervals that keep conversations whole and memory constant.

Each conversation or person falls into one of `BUCKETS` by the hash of its name, and every count is kept by
bucket. Buckets are made of whole groups, so the variance between them is that between groups (the method of
random groups: Wolter, Introduction to Variance Estimation, 2007, chapter 2), whatever the order of the rows.
"""

import hashlib
from dataclasses import dataclass
from math import log

import numpy as np
from scipy.stats import t as student

from mindrail import seeds
from mindrail.arrays import Bool, Float, Int, ndarray
from mindrail.evaluate.results import Estimate
from mindrail.stats import clopper_pearson

BUCKETS = 4096
#: more groups than this are no longer told apart by number
MANY = 30_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """How many of how many rows, and the share with its interval.

    `worth` is how many independent rows tell as much about the share as these do; `rows`, if all are.
    """

    hits: int
    rows: int
    worth: float
    share: Estimate


class Tally:
    """Counts by cell and bucket of rows and of `outcomes`; what is added once stays added."""

    def __init__(self, cells: int, outcomes: int) -> None:
        self._hits = np.zeros((outcomes, cells, BUCKETS))
        self._sizes = np.zeros((cells, BUCKETS))

    def add(
        self, cells: Int[ndarray, " n"], buckets: Int[ndarray, " n"], outcomes: Bool[ndarray, "n outcomes"]
    ) -> None:
        """Count rows; those whose cell is negative are left out."""
        inside = cells >= 0
        place = cells[inside] * BUCKETS + buckets[inside]
        self._sizes += np.bincount(place, minlength=self._sizes.size).reshape(self._sizes.shape)
        for hits, told in zip(self._hits, outcomes[inside].T, strict=True):
            hits += np.bincount(place[told], minlength=hits.size).reshape(hits.shape)

    def shares(self, grouped: bool) -> list[list[Share]]:
        """For each cell the share of each outcome; `grouped`: some rows belong together."""
        return [
            [share(hits[cell], self._sizes[cell], grouped) for hits in self._hits]
            for cell in range(len(self._sizes))
        ]

    def groups(self) -> int:
        """About how many groups there are, over all cells."""
        return about(self._sizes.sum(axis=0))


def share(hits: Float[ndarray, " b"], sizes: Float[ndarray, " b"], grouped: bool) -> Share:
    """A share from counts by bucket: exact for rows that stand alone, after Korn and Graubard for groups.

    Korn and Graubard (Survey Methodology 24, 1998): the exact interval of Clopper and Pearson, for as many rows
    as the grouped ones are worth. Where all rows agree, nothing tells how much groups agree within themselves,
    and each group counts as one row. Without rows, or with a single group, there is no interval.
    """
    found, rows = int(hits.sum()), int(sizes.sum())
    if not rows:
        return Share(0, 0, 0.0, Estimate(None, None, None))
    worth = _worth(hits, sizes) if grouped else float(rows)
    value = found / rows
    if grouped and np.count_nonzero(sizes) < 2:
        return Share(found, rows, 1.0, Estimate(value, None, None))
    limits = clopper_pearson(value * worth, worth, CONFIDENCE)
    return Share(found, rows, worth, Estimate(value, limits.low, limits.high))


def about(sizes: Float[ndarray, " b"]) -> int:
    """How many groups fell into the buckets, from how many buckets stayed empty.

    Linear counting (Whang et al., ACM TODS 15, 1990): right within two percent up to some 10,000 groups; beyond
    `MANY` it only says that there are so many.
    """
    empty = max(1, int(np.count_nonzero(sizes == 0)))
    return max(1, round(len(sizes) * log(len(sizes) / empty))) if sizes.any() else 0


def buckets_of(groups: list[str | None], first: int) -> Int[ndarray, " n"]:
    """The bucket of each row; rows without a group stand alone, wherever chance puts the row's number."""
    known = {name: _hashed(name) for name in set(groups) if name is not None}
    alone = (draws(first, len(groups), "bucket") * BUCKETS).astype(int)
    named = [known[name] if name is not None else -1 for name in groups]
    placed: ndarray = np.where(np.array(named, dtype=int) >= 0, named, alone)
    return placed


def draws(first: int, size: int, purpose: str, seed: int = 0) -> Float[ndarray, " n"]:
    """A number in [0, 1) for each of the rows from `first` on: a row keeps it, however the rows are read."""
    block = 1 << 16
    found = []
    for number in range(first // block, (first + size - 1) // block + 1):
        drawn = seeds.stream(seed, purpose, number).random(block)
        found.append(drawn[max(0, first - number * block) : first + size - number * block])
    return np.concatenate(found) if found else np.zeros(0)


def _hashed(name: str) -> int:
    raw = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big") % BUCKETS


def _worth(hits: Float[ndarray, " b"], sizes: Float[ndarray, " b"]) -> float:
    """How many independent rows the grouped ones are worth; never more than there are."""
    rows, used = float(sizes.sum()), int(np.count_nonzero(sizes))
    value = float(hits.sum()) / rows
    if used < 2:
        return 1.0
    if not 0 < value < 1:
        return float(min(rows, about(sizes)))
    apart = hits - value * sizes
    variance = used / (used - 1) * float(apart @ apart) / rows**2
    alike = rows if variance == 0 else min(rows, value * (1 - value) / variance)
    top = (1 + CONFIDENCE) / 2
    return float(alike * (student.ppf(top, rows - 1) / student.ppf(top, used - 1)) ** 2)
