"""Two passes over the rows of a scan, whatever their number: what time they span, then everything that is counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.batch.schema import CHANCE, read_rows
from mindrail.calibrate import Calibration
from mindrail.calibrate.decide import VERDICTS
from mindrail.calibrate.policy import chances
from mindrail.errors import DataError
from mindrail.survey.periods import Hours, Periods
from mindrail.survey.pick import Row, Smallest
from mindrail.survey.shares import Tally, buckets_of, draws
from mindrail.taxonomy import Axis

if TYPE_CHECKING:
    import pyarrow

#: sources that are told apart; the rows of all others count together
SOURCES = 30
#: the outcomes that are counted over time and by source; the first of all outcomes
STOPPED = ("stopped", "review", "block")


@dataclass(frozen=True)
class Bearings:
    """What a first look finds: the time that rows span, the largest sources, and whether rows belong together."""

    rows: int
    periods: Periods | None
    sources: tuple[str, ...]
    more_sources: int
    grouped: bool


@dataclass(frozen=True)
class Limits:
    """What a guard adds to its answers: the question, and the thresholds it decides by."""

    axis: Axis
    calibration: Calibration

    @property
    def headline(self) -> str:
        """The event that matters most: what is promised about, else the last one."""
        promise = self.calibration.promise
        return promise.event if promise else self.calibration.thresholds[-1].event

    def chances(self, probabilities: Float[ndarray, "n k"]) -> dict[str, Float[ndarray, " n"]]:
        """The probability of each event, by its name."""
        return chances(self.axis, probabilities)

    def distance(self, found: Mapping[str, Float[ndarray, " n"]]) -> Float[ndarray, " n"]:
        """How far each row is from the nearest threshold, in log-odds: rare events have theirs close to zero."""
        apart = [
            np.abs(_log_odds(found[at.event]) - _log_odds(np.array([limit])))
            for at in self.calibration.thresholds
            for limit in (at.review, at.block)
            if limit is not None
        ]
        nearest: ndarray = np.min(apart, axis=0)
        return nearest


@dataclass(frozen=True)
class Gathered:
    """All counts, and the few rows that are kept. `outcomes` names the columns of `whole`."""

    outcomes: tuple[str, ...]
    whole: Tally
    by_time: Tally | None
    by_source: Tally
    outside: int  # rows whose time is unknown or stray
    codes: Counter[str]
    partly_read: int  # rows of which some characters did not reach the model
    uncertain: Smallest[Row]
    sample: Smallest[Row]
    chosen: Smallest[Row]


def look(folder: Path) -> Bearings:
    """The first pass. Raises DataError for a scan without rows."""
    hours, sources, grouped, rows = Hours(), Counter[str](), False, 0
    for table in read_rows(folder, ("at", "source", "group")):
        rows += table.num_rows
        hours.add(table["at"].to_numpy())
        counted = table["source"].value_counts().to_pylist()
        sources.update({one["values"]: one["counts"] for one in counted})
        grouped = grouped or table["group"].null_count < table.num_rows
    if not rows:
        raise DataError(
            f"no row was judged in {folder}, so there is nothing to report. Do: look at its bad.jsonl"
        )
    largest = tuple(name for name, _ in sources.most_common(SOURCES))
    return Bearings(rows, hours.periods(), largest, len(sources) - len(largest), grouped)


def gather(
    folder: Path,
    labels: Sequence[str],
    found: Bearings,
    limits: Limits | None,
    *,
    kept: int,
    sample: int,
    chosen: int,
) -> Gathered:
    """The second pass: every count, the `kept` most uncertain rows, and two random samples of so many rows."""
    events = () if limits is None else tuple(at.event for at in limits.calibration.thresholds)
    outcomes = (
        *STOPPED,
        "allow",
        *(f"label {name}" for name in labels_of(labels)),
        *(f"event {e}" for e in events),
    )
    made = Gathered(
        outcomes,
        Tally(1, len(outcomes)),
        Tally(found.periods.size, len(STOPPED)) if found.periods else None,
        Tally(len(found.sources) + 1, len(STOPPED)),
        0,
        Counter(),
        0,
        Smallest(kept, distinct=True),
        Smallest(sample),
        Smallest(chosen),
    )
    first, outside, partly = 0, 0, 0
    for table in read_rows(folder):
        chance = {} if limits is None else limits.chances(probabilities(table, labels))
        told = _outcomes(table, labels, limits, chance)
        buckets = buckets_of(table["group"].to_pylist(), first)
        made.whole.add(np.zeros(len(told), dtype=int), buckets, told)
        made.by_source.add(_places(table, found.sources), buckets, told[:, : len(STOPPED)])
        if made.by_time is not None and found.periods is not None:
            cells = found.periods.of(table["at"].to_numpy())
            made.by_time.add(cells, buckets, told[:, : len(STOPPED)])
            outside += int((cells < 0).sum())
        made.codes.update({one["values"]: one["counts"] for one in table["code"].value_counts().to_pylist()})
        partly += int((table["coverage"].to_numpy() < 1).sum())
        _keep(made, table, limits, chance, first)
        first += table.num_rows
    return replace(made, outside=outside, partly_read=partly)


def labels_of(labels: Sequence[str]) -> tuple[str, ...]:
    """What may stand in the column of labels; `none` where labels are independent and none applies."""
    return tuple(dict.fromkeys((*labels, "none")))


def probabilities(table: "pyarrow.Table", labels: Sequence[str]) -> Float[ndarray, "n k"]:
    """The probability of each label."""
    return np.stack([table[f"{CHANCE}{name}"].to_numpy() for name in labels], axis=1)


def _keep(
    made: Gathered,
    table: "pyarrow.Table",
    limits: Limits | None,
    chance: Mapping[str, Float[ndarray, " n"]],
    first: int,
) -> None:
    """Offer the rows of a table to all that keep some; `chance` is the probability of each event."""
    size = table.num_rows
    danger = None if limits is None else chance[limits.headline]

    def make(places: Sequence[int]) -> list[Row]:
        return _rows(table, places, first, danger)

    for purpose, smallest in (("sample", made.sample), ("queue", made.chosen)):
        smallest.add(first, draws(first, size, purpose), np.zeros(size), make)
    if limits is not None:
        made.uncertain.add(first, limits.distance(chance), draws(first, size, "ties"), make)


def _rows(
    table: "pyarrow.Table", places: Sequence[int], first: int, danger: Float[ndarray, " n"] | None
) -> list[Row]:
    """What may be told of these rows of a table that begins with row `first` of the scan."""
    names = ("id", "source", "row", "group", "decision", "label", "probability")
    cells = table.select(names).take(np.array(places, dtype=np.int64)).to_pylist()
    dangers = [None if danger is None else float(danger[place]) for place in places]
    return [Row(first + at, **one, danger=d) for at, one, d in zip(places, cells, dangers, strict=True)]


def _outcomes(
    table: "pyarrow.Table",
    labels: Sequence[str],
    limits: Limits | None,
    chance: Mapping[str, Float[ndarray, " n"]],
) -> Bool[ndarray, "n outcomes"]:
    """What is true of each row, in the order of `Gathered.outcomes`."""
    decision, label = (np.asarray(table[name].to_pylist(), dtype=object) for name in ("decision", "label"))
    allow, review, block = (decision == verdict for verdict in VERDICTS)
    columns = [review | block, review, block, allow, *(label == name for name in labels_of(labels))]
    if limits is not None:
        columns += [chance[at.event] >= at.stop for at in limits.calibration.thresholds]
    return np.stack(columns, axis=1).astype(bool)


def _places(table: "pyarrow.Table", sources: Sequence[str]) -> ndarray:
    """The number of each row's source; one more for all that are not told apart."""
    numbers = {name: place for place, name in enumerate(sources)}
    return np.array([numbers.get(name, len(sources)) for name in table["source"].to_pylist()], dtype=int)


def _log_odds(chance: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    inside = chance.clip(1e-9, 1 - 1e-9)
    odds: ndarray = np.log(inside / (1 - inside))
    return odds
