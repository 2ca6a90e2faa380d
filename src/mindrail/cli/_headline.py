"""The few numbers of an evaluation that come first, on a terminal."""

from mindrail.evaluate.results import Estimate, Evaluation


def headline(evaluation: Evaluation) -> str:
    """F1, recall and false alarms on the test part, each with its interval."""
    head = evaluation.headline
    lines = [
        f"test F1      {_told(head.blocked_f1 or head.f1)} of '{head.event}', by what is blocked",
        f"             {_told(head.f1)} by all that is stopped (blocked or reviewed)",
        f"recall       {_told(head.recall)} of '{head.event}' is stopped",
        f"false alarms {_told(head.false_alarms)} of what is harmless is stopped",
    ]
    return "\n".join(lines)


def _told(estimate: Estimate) -> str:
    """A number with its interval."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "undefined"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
