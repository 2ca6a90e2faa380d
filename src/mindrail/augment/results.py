"""What is known about a folder of views: counts, shares and quantiles. No text of any message is kept.

Every class survives `config.plain`, JSON and `config.build` unchanged. None: there was nothing to measure it on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mindrail.evaluate.results import Estimate


@dataclass(frozen=True)
class Quantiles:
    """The tenth, the half and the nine tenths point."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Survival:
    """How often the judge sees a view on the same side of danger as its text.

    `rows` says whose texts: `unlabelled`, or `labelled` ones that the judge itself gets right. `seen` is how it
    sees the texts: `all`, `dangerous` or `harmless`. Only views that passed every other check were judged.
    """

    rows: str
    seen: str
    judged: int
    survived: int
    share: Estimate


@dataclass(frozen=True)
class Family:
    """Texts that mention a group of people: how many, and how their views fared beside those of all other texts.

    `dropped`: of their views, those in which a term of the text is missing. `added`: of the views of other texts,
    those that have a term all the same.
    """

    name: str
    texts: int
    kept: Estimate
    kept_elsewhere: Estimate
    dropped: Estimate
    added: Estimate


@dataclass(frozen=True)
class Report:
    """All that the page shows. `style` is the AUROC of a linear model that tells views from texts.

    `judge_knows`: the judge learned from the labelled texts of the same split.
    """

    method: str
    identity: Mapping[str, Any]
    judge: str
    judge_knows: bool
    texts: int
    reworded: int
    wanted: int
    kept: int
    kept_share: Estimate
    reasons: Mapping[str, int]
    survival: tuple[Survival, ...]
    judge_right: Estimate | None
    style: Estimate | None
    style_texts: int
    families: tuple[Family, ...]
    measures: Mapping[str, Quantiles]
    made_from: Mapping[str, Any]
