"""Where a guard is better or worse: the decision as a whole on parts of the rows. Of the first run."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mindrail.arrays import Bool, ndarray
from mindrail.evaluate.estimates import ratios, shares
from mindrail.evaluate.results import Slice
from mindrail.evaluate.rows import Rows
from mindrail.records import Example

#: with fewer positives (or negatives) a slice gets no number about them
FEWEST = 10
#: values of one tag that are shown; the others are one slice
MOST = 12
REST = "all others"
#: longer values of a tag are no names but text, which no report repeats
_LONGEST = 40


class _Part(NamedTuple):
    """The rows of one slice."""

    by: str
    value: str
    inside: Bool[ndarray, " n"]


def slices(rows: Rows) -> tuple[Slice, ...]:
    """By source, by every tag, by length, and conversations against lone messages."""
    parts = list(_parts(rows.examples))
    if not parts:
        return ()
    inside = np.stack([part.inside for part in parts], axis=1)
    positive, flagged = rows.harmful[:, None] & inside, rows.runs[0].stopped[:, None] & inside
    negative = inside & ~positive
    recall = shares(positive & flagged, positive, rows.draws)
    alarms = shares(negative & flagged, negative, rows.draws)
    f1 = ratios(2 * (positive & flagged), positive.astype(int) + flagged, rows.draws)
    made = []
    for i, part in enumerate(parts):
        positives, negatives = int(positive[:, i].sum()), int(negative[:, i].sum())
        told = (
            recall[i] if positives >= FEWEST else None,
            alarms[i] if negatives >= FEWEST else None,
            f1[i] if min(positives, negatives) >= FEWEST else None,
        )
        made.append(Slice(part.by, part.value, positives + negatives, positives, *told))
    return tuple(made)


def _parts(examples: Sequence[Example]) -> Iterator[_Part]:
    """Every slice; what has the same value in all rows divides nothing and is left out."""
    for by, values in _columns(examples).items():
        shown = _shown(values)
        for value in shown if len(shown) > 1 else ():
            yield _Part(by, value, np.array([_named(found, shown) == value for found in values]))
    yield from _by_length(examples)


def _columns(examples: Sequence[Example]) -> Mapping[str, list[str]]:
    """One value per row for everything rows are divided by, lengths aside."""
    tags = sorted({tag for example in examples for tag in example.tags})
    setting = ["in a conversation" if example.context else "lone message" for example in examples]
    return {
        "source": [example.source or "unnamed" for example in examples],
        "setting": setting,
        **{f"tag {tag}": [example.tags.get(tag, "not given") for example in examples] for tag in tags},
    }


def _shown(values: Sequence[str]) -> list[str]:
    """The commonest values, then the rest; none where even the commonest has too few rows to say anything."""
    common = Counter(value for value in values if len(value) <= _LONGEST).most_common(MOST)
    if not common or common[0][1] < FEWEST:
        return []
    names = [value for value, _ in common]
    covered = sum(count for _, count in common)
    return names if covered == len(values) else [*names, REST]


def _named(value: str, shown: Sequence[str]) -> str:
    return value if value in shown else REST


def _by_length(examples: Sequence[Example]) -> Iterator[_Part]:
    """Quarters by the length of the judged turn; fewer where many lengths are the same."""
    lengths = np.array([len(example.text) for example in examples])
    edges = np.unique(np.quantile(lengths, [0.25, 0.5, 0.75], method="lower"))
    band = np.searchsorted(edges, lengths)  # at most edges[i]
    for i in np.unique(band) if band.any() else ():
        inside = band == i
        yield _Part("length", f"{lengths[inside].min()}–{lengths[inside].max()} characters", inside)
