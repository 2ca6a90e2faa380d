"""What every view has to pass before anything learns from it. In order; the first failure is the reason."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mindrail.augment.checks._base import Candidate, Check, Finding
from mindrail.augment.checks.label import Label
from mindrail.augment.checks.language import Language
from mindrail.augment.checks.length import Length
from mindrail.augment.checks.meaning import Meaning
from mindrail.augment.checks.near_copy import NearCopy
from mindrail.augment.checks.refusal import Refusal
from mindrail.augment.judge import Judge
from mindrail.models._embed import Embedder

__all__ = ["Candidate", "Check", "Checks", "Finding", "Sifted", "chosen", "sift"]


@dataclass(frozen=True)
class Checks:
    """Limits. `near_copy`: share of common words; `language`: share of letters; lengths: times the text's own.

    `meaning` is the least cosine of the embeddings (MiniLM, some 10 ms per text); 0: not asked. None: 0.6 for
    methods that write a text anew, and not asked of those that change a few words.
    """

    near_copy: float = 0.95
    language: float = 0.2
    shortest: float = 0.4
    longest: float = 2.5
    meaning: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.near_copy <= 1 or not 0 <= self.language <= 1:
            raise ValueError("near_copy and language are shares, from 0 to 1")
        if not 0 <= self.shortest <= 1 <= self.longest:
            raise ValueError(
                f"found lengths from {self.shortest} to {self.longest} times, expected 1 between"
            )


#: what `meaning` is where nobody says
_NEAREST = 0.6


class Sifted(NamedTuple):
    """Why a view was rejected (None: it was not), and what was measured until then."""

    reason: str | None
    facts: dict[str, float]


def chosen(settings: Checks, skips: Collection[str], judge: Judge | None = None) -> list[Check]:
    """The checks in their order, the cheap ones first, without those of these names."""
    every: list[Check] = [
        NearCopy(settings.near_copy),
        Refusal(),
        Language(settings.language),
        Length(settings.shortest, settings.longest),
    ]
    asked = [check for check in every if check.name not in skips]
    if nearest := _nearest(settings, skips):
        asked.append(Meaning(nearest, Embedder()))
    if judge is not None and "label" not in skips:
        asked.append(Label(judge))
    return asked


def sift(candidates: Sequence[Candidate], checks: Sequence[Check]) -> list[Sifted]:
    """Every candidate through every check until one fails. Candidates of one example follow one another."""
    done = [Sifted(None, {}) for _ in candidates]
    for check in checks:
        left = [place for place, sifted in enumerate(done) if sifted.reason is None]
        findings = check.find([candidates[place] for place in left]) if left else []
        for place, finding in zip(left, findings, strict=True):
            reason = None if finding.passed else finding.reason or check.name
            done[place] = Sifted(reason, {**done[place].facts, **finding.facts})
    return done


def _nearest(settings: Checks, skips: Collection[str]) -> float:
    if settings.meaning is not None:
        return settings.meaning
    return 0.0 if "meaning" in skips else _NEAREST
