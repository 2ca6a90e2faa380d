"""From outcomes to a report: what was kept, why the rest was not, and what the kept views are like."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mindrail.augment import style, terms
from mindrail.augment.checks.label import SHARPENED, SOFTENED
from mindrail.augment.results import Quantiles, Report, Survival
from mindrail.augment.shares import share
from mindrail.augment.store import Outcome
from mindrail.evaluate.results import Estimate
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.taxonomy import Axis


def measure(
    method: str,
    examples: Sequence[Example],
    outcomes: Sequence[Outcome],
    axis: Axis,
    views: int,
    *,
    probe: int,
    judge: str = "",
    judge_knows: bool = False,
    identity: Mapping[str, Any],
    made_from: Mapping[str, Any],
) -> Report:
    """All numbers about the views of these examples; one outcome for each, in the same order."""
    kept = [len(outcome.views) for outcome in outcomes]
    reasons = Counter(one.reason for outcome in outcomes for one in outcome.rejected)
    pairs = list(_pairs(examples, outcomes))[:probe]
    truth = _truth(axis, examples)
    return Report(
        method=method,
        identity=identity,
        judge=judge,
        judge_knows=judge_knows,
        texts=len(examples),
        reworded=sum(map(bool, kept)),
        wanted=views * len(examples),
        kept=sum(kept),
        kept_share=share([(count, views) for count in kept]),
        reasons=dict(reasons.most_common()),
        survival=tuple(_survival(outcomes, truth)) if judge else (),
        judge_right=_judge_right(outcomes, truth) if judge else None,
        style=style.probe(pairs),
        style_texts=len(pairs),
        families=terms.families(examples, outcomes, views),
        measures=_measures(examples, outcomes),
        made_from=made_from,
    )


def _pairs(examples: Sequence[Example], outcomes: Sequence[Outcome]) -> Iterator[tuple[str, str]]:
    """Judged turns beside those of their first view, where there is one and it is not the text itself."""
    for example, outcome in zip(examples, outcomes, strict=True):
        if outcome.views:
            after = outcome.views[0].turns[example.focus].text
            if after != example.text:
                yield example.text, after


def _truth(axis: Axis, examples: Sequence[Example]) -> list[bool | None]:
    """Whether the known answer of each is one that is not simply allowed; None where none is known."""
    targets = targets_of(axis, examples)
    stopped: list[bool] = np.any(targets.values[:, axis.stopped], axis=1).tolist()
    return [bad if known else None for bad, known in zip(stopped, targets.known.tolist(), strict=True)]


def _survival(outcomes: Sequence[Outcome], truth: Sequence[bool | None]) -> Iterator[Survival]:
    """One line per kind of rows and per side that the judge sees them on."""
    for rows in ("unlabelled", "labelled"):
        some = [
            o for o, known in zip(outcomes, truth, strict=True) if (known is None) == (rows == "unlabelled")
        ]
        answers = [known for known in truth if (known is None) == (rows == "unlabelled")]
        sides = {
            side: [_side(*row, side) for row in zip(some, answers, strict=True)] for side in (True, False)
        }
        both = [(a + c, b + d) for (a, b), (c, d) in zip(sides[True], sides[False], strict=True)]
        for seen, parts in (("all", both), ("dangerous", sides[True]), ("harmless", sides[False])):
            survived, judged = (sum(part[i] for part in parts) for i in (0, 1))
            if judged:
                yield Survival(rows, seen, judged, survived, share(parts))


def _side(outcome: Outcome, truth: bool | None, dangerous: bool) -> tuple[int, int]:
    """(survived, judged) of the views of one text, where the judge sees the text on this side, and rightly."""
    if truth is not None and truth != dangerous:
        return 0, 0
    sides = [
        (view.made_by["danger_before"] >= 0.5, view.made_by["danger"] >= 0.5)
        for view in outcome.views
        if "danger" in view.made_by
    ]
    survived = sum(before == dangerous and now == dangerous for before, now in sides)
    lost = sum(one.reason == (SOFTENED if dangerous else SHARPENED) for one in outcome.rejected)
    return survived, survived + lost


def _judge_right(outcomes: Sequence[Outcome], truth: Sequence[bool | None]) -> Estimate | None:
    """Of the labelled texts that were judged, the share that the judge gets right as they are."""
    right = []
    for outcome, known in zip(outcomes, truth, strict=True):
        seen = [view.made_by["danger_before"] >= 0.5 for view in outcome.views if "danger" in view.made_by]
        if any(one.reason in (SOFTENED, SHARPENED) for one in outcome.rejected):
            seen.append(bool(known))  # only what was right can be lost
        if known is not None and seen:
            right.append((int(seen[0] == known), 1))
    return share(right) if right else None


def _measures(examples: Sequence[Example], outcomes: Sequence[Outcome]) -> dict[str, Quantiles]:
    """What the kept views are like, over all of them."""
    found: dict[str, list[float]] = {}
    for example, outcome in zip(examples, outcomes, strict=True):
        before = sum(len(turn.text) for turn in example.turns)
        for view in outcome.views:
            after = sum(len(turn.text) for turn in view.turns)
            numbers = {
                "characters before": before,
                "characters after": after,
                "length ratio": after / max(1, before),
            }
            facts = {name: view.made_by[name] for name in ("overlap", "similarity") if name in view.made_by}
            for name, value in (numbers | facts).items():
                found.setdefault(name, []).append(float(value))
    return {name: _quantiles(values) for name, values in found.items()}


def _quantiles(values: Sequence[float]) -> Quantiles:
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return Quantiles(*(round(float(value), 4) for value in (low, middle, high)))
