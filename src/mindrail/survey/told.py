"""What was seen as what is told: the numbers of a report, and what must not be overlooked in them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mindrail import config
from mindrail.batch.schema import BAD
from mindrail.calibrate.decide import VERDICTS
from mindrail.evaluate.words import event_title
from mindrail.files import digest
from mindrail.stats import holm
from mindrail.survey import compare, prevalence
from mindrail.survey.drift import Drift
from mindrail.survey.gather import labels_of
from mindrail.survey.pick import Row
from mindrail.survey.results import BadRows, Correction, Novel, OverTime, Part, Picked, Survey, Unread
from mindrail.survey.seen import Seen
from mindrail.survey.shares import Share

#: rows that are shown of a kind
SHOWN = 30
#: from which distance on a drift that is no chance is said first
_APART = {"words": 0.6, "scores": 0.1}
_LEVEL = 0.01
#: shares of bad and of unread rows that are said first
_MANY = 0.01


def told(seen: Seen, novel: Novel | None, no_novelty: str) -> Survey:
    """The whole survey."""
    manifest, made = seen.manifest, seen.made
    (whole,) = made.whole.shares(seen.found.grouped)
    shares = dict(zip(made.outcomes, whole, strict=True))
    labels = {name: shares[f"label {name}"] for name in labels_of(manifest.guard.labels)}
    drifts, no_drift = compare.drifts(seen)
    adjusted = holm([float("nan") if one.p is None else one.p for one in drifts])
    told_p = tuple(None if one.p is None else p for one, p in zip(drifts, adjusted, strict=True))
    unread = Unread(made.partly_read, {c: n for c in ("low-coverage", "unread") if (n := made.codes[c])})
    bad = _bad(seen)
    return Survey(
        guard=manifest.guard.id,
        axis=manifest.guard.axis,
        rows=seen.found.rows,
        groups=made.whole.groups() if seen.found.grouped else None,
        context=manifest.counts.context,
        decisions={name: shares[name] for name in VERDICTS},
        labels={name: one for name, one in labels.items() if name != "none" or one.hits},
        corrections=tuple(_corrections(seen, shares)),
        errors_from=seen.errors.source,
        over_time=_over_time(seen),
        sources=_sources(seen),
        more_sources=seen.found.more_sources,
        drifts=drifts,
        adjusted=told_p,
        no_drift=no_drift,
        uncertain=tuple(_nameless(row, by) for by, row in made.uncertain.kept()[:SHOWN]),
        novel=None if novel is None else _shown(novel),
        no_novelty=no_novelty,
        unread=unread,
        bad=bad,
        notes=(*_drifted(drifts, told_p), *_unjudged(seen.found.rows, unread, bad)),
        made_from=made_from(seen),
    )


def made_from(seen: Seen) -> dict[str, Any]:
    """The scan, the guard and the reference, by their hashes."""
    manifest = seen.manifest
    return {
        "scan": digest(manifest.to_dict())[:16],
        "guard": manifest.guard.id,
        "promise": manifest.guard.promise,
        "inputs": [config.plain(one) for one in manifest.inputs[:SHOWN]],
        "reference": seen.reference.name if seen.reference else "none",
    }


def _shown(novel: Novel) -> Novel:
    return replace(novel, rows=tuple(_nameless(one.row, one.by) for one in novel.rows[:SHOWN]))


def _nameless(row: Row, by: float) -> Picked:
    """Without the group, which may be a person's name."""
    return Picked(replace(row, group=None), by)


def _corrections(seen: Seen, shares: Mapping[str, Share]) -> Iterator[Correction]:
    """Stopping at all, and every event, each with what it says about the truth."""
    evaluation, guard = seen.errors.evaluation, seen.guard
    known = prevalence.known_errors(evaluation) if evaluation else {}
    alarms = {"": shares["stopped"]}
    if guard:
        alarms |= {at.event: shares[f"event {at.event}"] for at in guard.calibration.thresholds}
    for of, share in alarms.items():
        name = of or (evaluation.whole.event if evaluation else "")
        title = event_title(guard.axis, name) if guard and name else "to be stopped"
        one = known.get(of)
        yield Correction(
            of,
            title,
            share,
            prevalence.corrected(share, one),
            None if one is None else one.sensitivity,
            None if one is None else one.specificity,
        )


def _over_time(seen: Seen) -> OverTime | None:
    if seen.made.by_time is None or seen.found.periods is None:
        return None
    shares = seen.made.by_time.shares(seen.found.grouped)
    parts = [Part(name, *found) for name, found in zip(seen.found.periods.starts(), shares, strict=True)]
    return OverTime(seen.found.periods.unit, tuple(parts), seen.made.outside)


def _sources(seen: Seen) -> tuple[Part, ...]:
    shares = seen.made.by_source.shares(seen.found.grouped)
    parts = [Part(name, *found) for name, found in zip((*seen.found.sources, "others"), shares, strict=True)]
    return tuple(part for part in parts if part.stopped.rows)


def _bad(seen: Seen) -> BadRows:
    """Counted line by line: there may be as many as rows."""
    codes: Counter[str] = Counter()
    first: list[dict[str, Any]] = []
    place = seen.folder / BAD
    if place.is_file():
        with place.open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                codes[row["code"]] += 1
                if len(first) < SHOWN:
                    first.append(row)
    return BadRows(dict(codes.most_common()), tuple(first))


def _drifted(drifts: tuple[Drift, ...], adjusted: tuple[float | None, ...]) -> Iterator[str]:
    for one, p in zip(drifts, adjusted, strict=True):
        far = one.effect is not None and (one.effect.value or 0.0) >= _APART[one.of]
        if far and p is not None and p <= _LEVEL:
            differ = "The words differ" if one.of == "words" else "The guard's probabilities differ"
            yield (
                f"{differ} from those of the messages the guard was made with, and not by chance (p = {p:.2g}). What "
                "is known of its errors, and the corrected numbers, may not hold here."
            )


def _unjudged(rows: int, unread: Unread, bad: BadRows) -> Iterator[str]:
    many = sum(bad.codes.values())
    if many > _MANY * (rows + many):
        yield f"{many:,} rows could not be judged, {many / (rows + many):.1%} of all. No number here knows of them."
    doubted = sum(unread.codes.values())
    if doubted > _MANY * rows:
        yield f"{doubted:,} messages were sent to review only because too little of them could be read."
