"""`evaluate`: test scores and a calibration to a report in HTML, Markdown and JSON."""

from collections.abc import Sequence
from pathlib import Path

from mindrail.calibrate.policy import Calibration
from mindrail.data import corpus
from mindrail.evaluate import report
from mindrail.evaluate.results import Evaluation
from mindrail.evaluate.run import evaluate as measure
from mindrail.recipes import calibrate
from mindrail.recipes.predict import predict, predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.records import Example, Predictions
from mindrail.runtime.scorer import Scorer

PAIRS = "minimal-pairs"


def evaluate_runs(runs: Sequence[Run], split: Split, folder: Path, *, rounds: int = 1000) -> Evaluation:
    """Report on one trained and calibrated run, or on several that differ in their seed, as trained."""
    scorer = runs[0].scorer()
    predictions = [
        predict_part(run, split, "test", scorer=scorer if run is runs[0] else None) for run in runs
    ]
    calibrations = [calibrate.load(run.folder, split.axis) for run in runs]
    pairs = pairs_scored(scorer, split, runs[0].about["identity"])
    name = runs[0].name if len(runs) == 1 else f"{runs[0].name} and {len(runs) - 1} more seeds"
    return _report(split, predictions, calibrations, pairs, name, folder, rounds)


def evaluate_scorer(
    scorer: Scorer, calibration: Calibration, split: Split, folder: Path, *, name: str, made_by: str
) -> Evaluation:
    """Report on one scorer as it ships, with the calibration that ships beside it."""
    test = predict(scorer, split.part("test"), made_by=made_by, data=split.hash_of("test"))
    pairs = pairs_scored(scorer, split, made_by)
    return _report(split, [test], [calibration], pairs, name, folder, 1000)


def pairs_scored(scorer: Scorer, split: Split, made_by: str) -> tuple[list[Example], Predictions] | None:
    """The minimal pairs with their scores; None for a taxonomy they have no answers to."""
    if split.taxonomy.id not in corpus.card(PAIRS).crosswalks:
        return None
    examples = corpus.read(PAIRS, split.taxonomy, split.axis)
    return examples, predict(scorer, examples, made_by=made_by, data=PAIRS)


def _report(
    split: Split,
    predictions: Sequence[Predictions],
    calibrations: Sequence[Calibration],
    pairs: tuple[list[Example], Predictions] | None,
    name: str,
    folder: Path,
    rounds: int,
) -> Evaluation:
    made_from = {
        "taxonomy": split.taxonomy.id,
        "labelled": split.about["rows"]["labelled"],
        "split": split.digest,
        "made_by": predictions[0].made_by.made_by[:16],
        "licences": split.about["licences"],
    }
    evaluation = measure(
        split.axis,
        split.part("test"),
        predictions,
        calibrations,
        name=name,
        made_from=made_from,
        rounds=rounds,
        pairs=pairs,
    )
    report.write(evaluation, folder)
    return evaluation
