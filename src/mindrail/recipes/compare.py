"""`compare`: two runs (or two lists of seeds) on the same test rows, with paired tests."""

from collections.abc import Sequence

from mindrail.evaluate.comparison import Side, SideBySide, side_by_side
from mindrail.recipes import calibrate
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split


def compare(
    a: Sequence[Run], b: Sequence[Run], split: Split, *, rounds: int = 1000, interesting: float | None = None
) -> SideBySide:
    """Compare A with B on the test part of `split`; both need as many runs, which are paired in order.

    `interesting` is the smallest difference worth having. The answer can be "not enough data".
    """
    sides = [
        Side(
            runs[0].name if len(runs) == 1 else f"{runs[0].name} and {len(runs) - 1} more",
            [predict_part(run, split, "test") for run in runs],
            [calibrate.load(run.folder, split.axis) for run in runs],
        )
        for runs in (a, b)
    ]
    return side_by_side(
        split.axis, split.part("test"), sides[0], sides[1], rounds=rounds, interesting=interesting
    )
