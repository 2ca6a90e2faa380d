"""What a reader should doubt, in plain words: data too thin to carry the numbers drawn from it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields

from mindrail.evaluate.results import Estimate, EventResult, PromiseCheck
from mindrail.evaluate.rows import Rows
from mindrail.records import Predictions

#: rows with a label, and groups, below which numbers are shaky
FEWEST = 30
#: the share of resamples that may be dropped without a word
NEGLIGIBLE = 0.01


def doubts(
    rows: Rows,
    predictions: Sequence[Predictions],
    results: Sequence[EventResult],
    promises: Sequence[PromiseCheck],
    unanswered: int,
) -> tuple[str, ...]:
    """Every warning, the gravest first."""
    return tuple(
        dict.fromkeys(
            [
                *_same_rows(rows, predictions),
                *_unanswered(predictions),
                *_broken(promises),
                *_thin(rows),
                *_few_groups(rows),
                *_left_out(unanswered),
                *_undefined(results, len(rows.draws)),
                *_without_width(results),
                *(f"Calibration: {note}." for run in rows.runs for note in run.calibration.notes),
            ]
        )
    )


def _same_rows(rows: Rows, predictions: Sequence[Predictions]) -> Iterator[str]:
    for run, scored in zip(rows.runs, predictions, strict=True):
        data = run.calibration.fitted_on.get("data")
        if data and data == scored.made_by.data:
            yield "The thresholds were fitted on these very rows: every number flatters, promise included."


def _unanswered(predictions: Sequence[Predictions]) -> Iterator[str]:
    """What a language model left unanswered, or answered without degrees."""
    told: Counter[str] = Counter()
    for scored in predictions:
        told.update(scored.made_by.answers)
    asked, graded, plain = told.total(), told.pop("graded", 0), told.pop("plain", 0)
    if failed := asked - graded - plain:
        yield (
            f"{failed} of {asked} questions to the language model came to nothing ({', '.join(sorted(told))}); their "
            "texts are scored as most dangerous."
        )
    if plain:
        yield f"{plain} of {asked} answers were a word without degrees: a threshold cannot tell them apart."


def _broken(promises: Sequence[PromiseCheck]) -> Iterator[str]:
    count = sum(check.verdict == "contradicted" for check in promises)
    if count:
        of_runs = f" in {count} of {len(promises)} runs" if len(promises) > 1 else ""
        yield f"The test rows contradict the promise{of_runs}; they may be unlike the calibration rows."
    silent = sum(check.verdict == "no promise" for check in promises)
    if silent and len(promises) > 1:
        yield f"{silent} of {len(promises)} runs make no promise."


def _thin(rows: Rows) -> Iterator[str]:
    for name, count in zip(rows.axis.names, rows.truth.sum(axis=0).tolist(), strict=True):
        yield from _scarce(f"are '{name}'", f"is '{name}'", count)
        if not rows.axis.exclusive:
            yield from _scarce(f"are free of '{name}'", f"is free of '{name}'", len(rows.truth) - count)
    if not rows.axis.exclusive:
        harmless = int((~rows.harmful).sum())
        yield from _scarce("have no label that is stopped", "has no label that is stopped", harmless)


def _scarce(several: str, one: str, count: int) -> Iterator[str]:
    if not count:
        yield f"No test row {one}: what depends on such rows cannot be measured."
    elif count < FEWEST:
        only = f"test rows {several}" if count > 1 else f"test row {one}"
        yield f"Only {count} {only}; {FEWEST} or more make steady numbers."


def _few_groups(rows: Rows) -> Iterator[str]:
    grouped = len({group for group in rows.groups if group is not None})
    alone = sum(group is None for group in rows.groups)
    if grouped and grouped + alone < FEWEST <= len(rows.examples):
        yield f"The {len(rows.examples)} rows come from only {grouped + alone} people or conversations."


def _left_out(unanswered: int) -> Iterator[str]:
    if unanswered:
        yield f"{unanswered} rows without an answer on this axis were left out."


def _undefined(results: Sequence[EventResult], rounds: int) -> Iterator[str]:
    for result in results:
        dropped = max(number.dropped for _, number in _numbers(result) if number.value is not None)
        if dropped > NEGLIGIBLE * rounds:
            yield (
                f"'{result.name}': up to {dropped} of {rounds} resamples were dropped, because nothing was "
                "positive, negative or flagged in them; intervals of such numbers are too narrow."
            )


def _without_width(results: Sequence[EventResult]) -> Iterator[str]:
    for result in results:
        flat = [name for name, number in _numbers(result) if _flat(number)]
        if flat:
            yield (
                f"'{result.name}': every resample gives the same {', '.join(dict.fromkeys(flat))}. "
                "An interval without width is a lack of evidence, not certainty."
            )


def _flat(number: Estimate) -> bool:
    return number.low is not None and number.low == number.high


def _numbers(result: EventResult) -> Iterator[tuple[str, Estimate]]:
    """Every number with an interval, by the name of its metric."""
    for part in (result.flagged, result.blocked, result.neutral, result.ranking):
        for field in fields(part) if part else ():
            yield field.name.replace("_", " "), getattr(part, field.name)
