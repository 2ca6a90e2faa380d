"""`calibrate`: dev scores to probabilities, thresholds and, where the data carry it, a promise."""

from pathlib import Path

from mindrail import files
from mindrail.calibrate import thresholds
from mindrail.calibrate.policy import Calibration
from mindrail.calibrate.settings import Settings
from mindrail.errors import BadFile, WrongTaxonomy
from mindrail.recipes.split import Split
from mindrail.records import Predictions
from mindrail.records.targets import targets_of
from mindrail.taxonomy import Axis

FILE = "calibration.json"


def calibrate(
    split: Split,
    dev: Predictions,
    settings: Settings,
    *,
    leader: tuple[Calibration, Predictions] | None = None,
) -> Calibration:
    """Fit on the dev part. Raises BadSplit where dev teaches nothing; too few positives only cost the promise.

    With `leader`, the calibration of another model and its dev scores, keeps to its operating points.
    """
    examples = split.part("dev")
    if dev.ids != tuple(example.id for example in examples):
        raise BadFile(split.folder / "dev.jsonl", "the predictions are of other rows. Do: predict again")
    groups = [example.group for example in examples]
    targets = targets_of(split.axis, examples)
    if leader is None:
        return thresholds.fit(split.axis, targets, dev.scores, settings, groups, data=dev.made_by.data)
    return thresholds.follow(
        split.axis,
        targets,
        dev.scores,
        settings,
        groups,
        leader=leader[0],
        leading=leader[1].scores,
        data=dev.made_by.data,
    )


def save(calibration: Calibration, folder: Path) -> Path:
    """Write `calibration.json` into a run's folder."""
    files.write_json(folder / FILE, calibration.to_dict())
    return folder / FILE


def load(folder: Path, axis: Axis) -> Calibration:
    """Read a run's calibration; refused under another wording of the axis."""
    path = folder / FILE
    if not path.is_file():
        raise BadFile(path, "this run is not calibrated. Do: mindrail calibrate")
    try:
        calibration = Calibration.from_dict(files.read_json(path))
    except ValueError as error:
        raise BadFile(path, f"not a calibration: {error}") from None
    if calibration.axis_digest != axis.digest:
        raise WrongTaxonomy(f"{path} was fitted under another wording of '{axis.name}'. Do: calibrate again")
    return calibration
