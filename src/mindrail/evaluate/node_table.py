"""Scores per node as a table; apart from `nodes`, because what is shown must not load what is measured with."""

from collections.abc import Iterable

from mindrail.evaluate.document import Table
from mindrail.evaluate.results import NodeResult
from mindrail.evaluate.words import METRICS


def table(results: Iterable[NodeResult]) -> Table:
    """One row per node, in the order in which they are asked."""
    rows = tuple(
        (
            result.label,
            str(result.reached),
            str(result.positives),
            METRICS["precision"].full(result.said_yes.precision),
            METRICS["recall"].full(result.said_yes.recall),
            METRICS["auroc"].full(result.auroc),
        )
        for result in results
    )
    caption = (
        "The labels are tried in this order, and the first that fits wins. Each is judged among the messages that "
        "come to it: those for which nothing before it is true. With 95% intervals."
    )
    return Table(caption, ("Is it", "Come to it", "Yes", "Precision", "Recall", "AUROC"), rows)
