"""`predict`: raw scores of a run or a guard on one part of a split."""

from collections.abc import Sequence

from mindrail import machine
from mindrail.errors import BadFile
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.records import Example, Predictions, Provenance
from mindrail.runtime.scorer import Asks, Scorer


def predict(scorer: Scorer, examples: Sequence[Example], *, made_by: str, data: str) -> Predictions:
    """Score examples; `made_by` and `data` say what scored what."""
    scores = scorer.score(examples)
    answers = dict(scorer.answers) if isinstance(scorer, Asks) else {}
    origin = Provenance(made_by, data, machine.versions(), answers)
    return Predictions(scorer.axis, tuple(example.id for example in examples), scores, origin)


def predict_part(run: Run, split: Split, part: str, *, scorer: Scorer | None = None) -> Predictions:
    """Scores of a run on a part, from `predictions/PART` in the run's folder where they are already."""
    place = run.folder / "predictions" / part
    examples = split.part(part)
    data = split.hash_of(part)
    try:
        known = Predictions.load(place, axis=run.axis)
    except BadFile:
        known = None
    if known is not None and known.made_by.data == data and known.made_by.made_by == run.about["identity"]:
        return known
    made = predict(scorer or run.scorer(), examples, made_by=run.about["identity"], data=data)
    made.save(place)
    return made
