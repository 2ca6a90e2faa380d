"""Does the view mean about the same? Told by the closeness of sentence embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mindrail.arrays import Float, ndarray
from mindrail.augment.checks._base import Candidate, Finding
from mindrail.augment.checks.language import scripts

#: the embedding reads English; a text with less Latin script than this is not judged by it
_LATIN = 0.8


@runtime_checkable
class Embeds(Protocol):
    """Texts to vectors of length one."""

    def embed(self, texts: Sequence[str]) -> Float[ndarray, "n width"]:
        """One row per text."""
        ...


@dataclass(frozen=True)
class Meaning:
    """Refuses a view whose judged turn, or what was said before it, has a cosine below `limit`."""

    limit: float
    embedder: Embeds
    name: str = "meaning"

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """The smaller cosine of the two is kept as `similarity`, for texts the embedding can read."""
        parts = [_parts(one) for one in candidates]
        texts = list(dict.fromkeys(text for pairs in parts for pair in pairs for text in pair))
        rows = dict(zip(texts, self.embedder.embed(texts), strict=True)) if texts else {}
        found = []
        for pairs in parts:
            near = min((float(rows[a] @ rows[b]) for a, b in pairs), default=None)
            if near is None:
                found.append(Finding(True))
            else:
                found.append(Finding(near >= self.limit, facts={"similarity": round(near, 3)}))
        return found


def _parts(one: Candidate) -> list[tuple[str, str]]:
    """(before, after) of the context and of the judged turn, where they changed and can be read."""
    both = zip(one.original.rendered(), one.view.rendered(), strict=True)
    return [
        (before, after)
        for before, after in both
        if before != after and before.strip() and scripts(before).get("LATIN", 0.0) >= _LATIN
    ]
