"""Whether scanned messages differ from the messages a guard was made with: two-sample tests by permutation.

Both tests ask how well something tells the two sides apart on rows it has not seen, and compare with what it
achieves when sides are dealt out at random. Groups are dealt out whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from mindrail import seeds
from mindrail.arrays import Bool, Float, Int, ndarray
from mindrail.evaluate.estimates import estimate
from mindrail.evaluate.results import Estimate
from mindrail.stats import bootstrap, clusters
from mindrail.text.hashed import Weights

#: how often sides are dealt out
ROUNDS = 1999
#: columns of the hashed texts, and how hard the classifier's weights are held back
WIDTH, RIDGE = 1024, 1.0
#: deals that are held in memory at once
_AT_ONCE = 100
#: fewer messages, and fewer groups, than this on a side prove nothing
FEWEST, FEWEST_GROUPS = 20, 4

#: a statistic of sides (True: scanned) and scores, larger where the sides are further apart; for each of many deals
Apart = Callable[[Bool[ndarray, "deals n"], Float[ndarray, " n"]], Float[ndarray, " deals"]]


@dataclass(frozen=True)
class Drift:
    """How far apart the sides are, with an interval, and the chance of that or more if they were the same.

    `scanned` and `reference` count the messages that were compared; `of` says what was looked at. Without a
    result, `why` says so.
    """

    of: str
    scanned: int
    reference: int
    effect: Estimate | None
    p: float | None
    why: str = ""


@dataclass(frozen=True)
class Side:
    """Messages of one side with the group of each."""

    texts: tuple[str, ...]
    groups: tuple[str | None, ...]


def of_texts(scanned: Side, reference: Side, seed: int = 0) -> Drift:
    """A classifier two-sample test (Lopez-Paz and Oquab, arXiv 1610.06545) on words and character trigrams.

    Half of each side teaches a linear classifier to tell the sides apart; the other half measures it. The
    effect is its AUROC: how often it recognises the scanned one of a scanned and a reference message, 0.5 is a
    coin. Each text counts once per side. Takes about 3 s for 2,000 messages a side.
    """
    sides = [_distinct(scanned), _distinct(reference)]
    sizes = len(sides[0].texts), len(sides[1].texts)
    if min(sizes) < 2 * FEWEST:
        return _too_few("words", sizes)
    texts = [*sides[0].texts, *sides[1].texts]
    truth = np.arange(len(texts)) < sizes[0]
    groups = _clusters(sides[0].groups, sides[1].groups)
    many = len(np.unique(groups[truth])), len(np.unique(groups[~truth]))
    if min(many) < FEWEST_GROUPS:
        why = f"they come from {many[0]} and {many[1]} conversations or people, too few to compare"
        return Drift("words", *sizes, None, None, why)
    learn = _half(groups, truth, seed)
    weights = Weights.of([text for text, own in zip(texts, learn, strict=True) if own])
    rows = weights.rows(texts, WIDTH).astype(np.float64)
    scores = rows[~learn] @ _classifier(rows[learn], truth[learn])
    effect, p = _tested(auroc, truth[~learn], scores, groups[~learn], seed)
    return Drift("words", *sizes, effect, p)


def of_scores(
    scanned: Float[ndarray, " n"],
    reference: Float[ndarray, " m"],
    groups: tuple[Sequence[str | None], Sequence[str | None]],
    seed: int = 0,
) -> Drift:
    """Kolmogorov and Smirnov's distance between two sets of probabilities: 0 is the same, 1 is no overlap."""
    sizes = len(scanned), len(reference)
    if min(sizes) < FEWEST:
        return _too_few("scores", sizes)
    truth = np.arange(sum(sizes)) < sizes[0]
    effect, p = _tested(distance, truth, np.concatenate([scanned, reference]), _clusters(*groups), seed)
    return Drift("scores", *sizes, effect, p)


def auroc(sides: Bool[ndarray, "deals n"], scores: Float[ndarray, " n"]) -> Float[ndarray, " deals"]:
    """How often a scanned row has the larger score, ties counting half, for each deal of sides."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[place]
    inside = sides.sum(axis=1).astype(float)
    pairs = inside * (sides.shape[1] - inside)
    above = sides @ ranks - inside * (inside + 1) / 2
    areas: ndarray = np.divide(above, pairs, out=np.full(len(pairs), nan), where=pairs > 0)
    return areas


def distance(sides: Bool[ndarray, "deals n"], scores: Float[ndarray, " n"]) -> Float[ndarray, " deals"]:
    """The largest difference between the two distribution functions, for each deal of sides."""
    order = np.argsort(scores, kind="stable")
    last = np.append(np.diff(scores[order]) > 0, True)
    inside = sides.sum(axis=1).astype(float)
    outside = sides.shape[1] - inside
    passed = np.cumsum(sides[:, order], axis=1)[:, last]
    rest = np.arange(1, len(scores) + 1)[last] - passed
    with np.errstate(invalid="ignore", divide="ignore"):
        apart: ndarray = np.abs(passed / inside[:, None] - rest / outside[:, None]).max(axis=1)
    return apart


def _tested(
    apart: Apart,
    truth: Bool[ndarray, " n"],
    scores: Float[ndarray, " n"],
    groups: Int[ndarray, " n"],
    seed: int,
) -> tuple[Estimate, float]:
    """The statistic with its bootstrap interval over groups, and its p-value over deals of whole groups."""
    _, first, own = np.unique(groups, return_index=True, return_inverse=True)
    side_of_group, random = truth[first], seeds.stream(seed, "deals")
    found = apart(truth[None], scores)[0]
    least = 0
    for start in range(0, ROUNDS, _AT_ONCE):
        rounds = min(_AT_ONCE, ROUNDS - start)
        dealt = np.stack([random.permutation(side_of_group) for _ in range(rounds)])[:, own]
        least += int((apart(dealt, scores) >= found - 1e-12).sum())
    interval = bootstrap(
        lambda rows: float(apart(truth[rows][None], scores[rows])[0]),
        len(truth),
        [str(group) for group in groups.tolist()],
        seed,
    )
    return estimate(interval), (1 + least) / (1 + ROUNDS)


def _classifier(rows: Float[ndarray, "n d"], truth: Bool[ndarray, " n"]) -> Float[ndarray, " d"]:
    """Ridge regression on the side, both sides of equal weight."""
    weight = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum()) * len(truth)
    centred = rows - weight @ rows / len(rows)
    gram = centred.T @ (centred * weight[:, None]) + RIDGE * np.eye(rows.shape[1])
    found: ndarray = np.linalg.solve(gram, centred.T @ (weight * np.where(truth, 1.0, -1.0)))
    return found


def _half(groups: Int[ndarray, " n"], truth: Bool[ndarray, " n"], seed: int) -> Bool[ndarray, " n"]:
    """Which rows teach: half of the groups of each side, whole."""
    chosen = np.zeros(len(groups), dtype=bool)
    for side in (True, False):
        names = np.unique(groups[truth == side])
        drawn = seeds.stream(seed, "half", int(side)).permutation(names)[: len(names) // 2]
        chosen |= (truth == side) & np.isin(groups, drawn)
    return chosen


def _clusters(scanned: Sequence[str | None], reference: Sequence[str | None]) -> Int[ndarray, " n"]:
    """Numbers of groups, no two sides sharing one."""
    first, second = clusters(scanned, len(scanned)), clusters(reference, len(reference))
    return np.concatenate([first, second + first.max() + 1])


def _distinct(side: Side) -> Side:
    """Each text once, with the group that says it first."""
    first = {text: place for place, text in reversed(list(enumerate(side.texts)))}
    places = sorted(first.values())
    return Side(tuple(side.texts[i] for i in places), tuple(side.groups[i] for i in places))


def _too_few(of: str, sizes: tuple[int, int]) -> Drift:
    why = f"there are {sizes[0]} scanned and {sizes[1]} reference messages, too few to compare"
    return Drift(of, *sizes, None, None, why)
