"""`scan --report`: what is in a scanned corpus, as a page, as Markdown and as JSON, and what to label next."""

from dataclasses import dataclass
from pathlib import Path

from mindrail import config, files, seeds
from mindrail.batch.schema import REPORT, read_manifest
from mindrail.errors import BadConfig, BadFile, DataError, UsageError
from mindrail.evaluate import html, markdown, report
from mindrail.evaluate.run import evaluate
from mindrail.guard import Guard
from mindrail.recipes.predict import predict
from mindrail.recipes.split import Split
from mindrail.records import jsonl
from mindrail.survey import compare, queue
from mindrail.survey.gather import Limits, gather, look
from mindrail.survey.results import Novel, Survey
from mindrail.survey.said import words
from mindrail.survey.sections import document
from mindrail.survey.seen import Errors, Reference, Seen, key
from mindrail.survey.told import SHOWN, made_from, told

#: rows, drawn at random, whose novelty is measured
SAMPLE = 20_000
#: training messages that stand for all of them
TRAINING = 5_000


@dataclass(frozen=True)
class Report:
    """What to report on. `guard` knows thresholds and errors, `reference` (a split) the training data."""

    out: Path
    guard: Path | None = None
    reference: Path | None = None
    queue: Path | None = None
    queue_size: int = 0

    def __post_init__(self) -> None:
        if (self.queue is None) != (self.queue_size == 0) or self.queue_size < 0:
            raise ValueError("a queue takes a file, and how many messages to put there: 1 or more")


def survey(settings: Report) -> Survey:
    """Write `report.html`, `.md` and `.json` into the scan's folder `report`, and the queue if one is wanted.

    Takes two passes over the rows, whatever their number, and one over the inputs where words are needed.
    Raises UsageError for a scan that is not finished or was made by another guard, DataError for one without
    rows and for a queue whose words are gone.
    """
    seen = _look(settings)
    novel, no_novelty = compare.novel(seen)
    found = told(seen, novel, no_novelty)
    place, data, page = settings.out / REPORT, config.plain(found), document(found)
    if settings.queue is not None:
        _write_queue(seen, novel, settings.queue, settings.queue_size)
    files.write_json(place / "report.json", data)
    files.write_text(place / "report.md", markdown.text(page))
    files.write_text(place / "report.html", html.page(page, data))
    return found


def _look(settings: Report) -> Seen:
    """Everything that is read, read once."""
    manifest, found = read_manifest(settings.out), look(settings.out)
    if not manifest.complete:
        raise UsageError(f"the scan in {settings.out} is not finished. Do: go on with --resume")
    if settings.guard is None and (settings.reference or settings.queue):
        raise UsageError(
            "a reference and a queue need the guard too, which knows whose turns are judged. Do: --guard DIR"
        )
    guard = None if settings.guard is None else Guard.load(settings.guard, thorough=True)
    if guard is not None and guard.id != manifest.guard.id:
        raise UsageError(
            f"the scan was made by guard {manifest.guard.id}, this is {guard.id}. Do: give the one it was made by"
        )
    split = None if settings.reference is None else Split.load(settings.reference)
    limits = None if guard is None else Limits(guard.axis, guard.calibration)
    size, most = settings.queue_size, queue.most_picked(settings.queue_size)
    made = gather(
        settings.out,
        manifest.guard.labels,
        found,
        limits,
        kept=max(SHOWN, most),
        sample=SAMPLE if split else 0,
        chosen=size + 2 * most,
    )
    sample = [row for _, row in made.sample.kept()]
    asked = [row for _, row in (*made.uncertain.kept(), *made.chosen.kept())] if size else []
    wanted = {key(row) for row in (*sample, *asked)}
    return Seen(
        settings.out,
        manifest,
        found,
        made,
        guard,
        _errors(guard, settings.guard, split),
        None if split is None else _reference(split),
        sample,
        words(settings.out, manifest, wanted, guard.side if guard else "user"),
    )


def _errors(guard: Guard | None, folder: Path | None, split: Split | None) -> Errors:
    """Measured when the guard was made, else now on the reference's test part."""
    if guard is None or folder is None:
        return Errors(None, "not known without the guard. Do: --guard DIR")
    try:
        found = report.read(folder / "evaluation.json")
    except (BadFile, BadConfig):
        found = None
    if found is not None and found.axis.digest == guard.axis.digest:
        return Errors(found, f"measured on {found.rows:,} test messages when the guard was made")
    if split is None:
        return Errors(None, "not known; the guard's folder has no evaluation.json. Do: --reference SPLIT")
    test = split.part("test")
    scores = predict(guard.scorer, test, made_by=guard.id, data=split.hash_of("test"))
    found = evaluate(guard.axis, test, scores, guard.calibration, name="reference", made_from={})
    return Errors(found, f"measured now, on {found.rows:,} test messages of the reference")


def _reference(split: Split) -> Reference:
    """Labelled messages and unlabelled ones, in random order."""
    labelled, unlabelled = split.part("labelled"), split.part("unlabelled")
    known = len(labelled)
    order = seeds.stream(0, "reference").permutation(known + len(unlabelled))[:TRAINING]
    training = [labelled[i] if i < known else unlabelled[i - known] for i in order.tolist()]
    return Reference(split.digest, training, split.part("dev"))


def _write_queue(seen: Seen, novel: Novel | None, place: Path, size: int) -> None:
    """The messages to label, and beside them which rows they stand for and with what chance."""
    uncertain = [row for _, row in seen.made.uncertain.kept()]
    at_random = [row for _, row in seen.made.chosen.kept()]
    strange = [one.row for one in novel.rows] if novel else []
    chosen = queue.compose(size, seen.found.rows, uncertain, strange, at_random)
    if missing := sum(key(row) not in seen.words.turns for row, _, _ in chosen):
        raise DataError(f"{missing} messages of the queue cannot be shown to anybody: {seen.words.why}")
    examples, drawn = queue.examples(chosen, seen.words.turns)
    jsonl.write(place, examples)
    queue.write(place, queue.Queue(seen.found.rows, tuple(drawn)), made_from(seen))
