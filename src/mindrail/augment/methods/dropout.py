"""`dropout`: the text as it is. What differs between two readings is the model's own noise while it learns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mindrail.augment._base import Made, Wanted


@dataclass(frozen=True)
class Dropout:
    """Every view is the text itself: the baseline that any rewording has to beat."""

    cheap: ClassVar[bool] = True
    skips: ClassVar[frozenset[str]] = frozenset({"near_copy", "meaning", "label"})
    chunk: int = 4096

    def identity(self) -> dict[str, Any]:
        """Nothing but the name."""
        return {"method": "dropout"}

    def make(self, wanted: Sequence[Wanted]) -> Iterator[tuple[int, Made]]:
        """The same turns."""
        for place, one in enumerate(wanted):
            yield place, Made(one.example.turns)


METHOD = Dropout
