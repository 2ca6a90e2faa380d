"""Which of millions of texts stand among a few thousand others, word for word or nearly: one pass, one at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from mindrail.data.dedup import shingles
from mindrail.records.example import Example


class Near:
    """The texts that nothing else may repeat; their shingles are kept, so let them be the smaller side.

    Unlike `dedup.near_pairs` it is exact and needs no extra: it asks of every shingle where else it stands.
    """

    def __init__(self, examples: Iterable[Example], threshold: float) -> None:
        """`threshold` is the share of common 5-word shingles, in (0, 1], from which two texts count as the same."""
        self.threshold = threshold
        self._texts: set[str] = set()
        self._sizes: list[int] = []
        self._where: dict[str, list[int]] = defaultdict(list)
        for example in examples:
            text = example.normalised()
            own = shingles(text)
            self._texts.add(text)
            for shingle in own:
                self._where[shingle].append(len(self._sizes))
            self._sizes.append(len(own))

    def __contains__(self, example: Example) -> bool:
        return self.holds(example.normalised())

    def holds(self, text: str) -> bool:
        """Whether a normalised text, or nearly it, is among them."""
        if text in self._texts:
            return True
        own = shingles(text)
        common = Counter(place for shingle in own for place in self._where.get(shingle, ()))
        return any(
            count >= self.threshold * (len(own) + self._sizes[place] - count)
            for place, count in common.items()
        )
