"""Examples that must stay on one side of a split: those of one group, and those that say nearly the same."""

from collections.abc import Iterable, Sequence

from mindrail.data.dedup import near_pairs
from mindrail.records import Example


def together(examples: Sequence[Example], near: float) -> list[int]:
    """A number per example, from 0 in order of appearance; examples with the same number belong together.

    Two do where they share a group, or at least the share `near` of their 5-word shingles (0: groups alone). What
    belongs to the same third belongs together, so a chain of near copies becomes one. Raises as `near_pairs` does.
    """
    links: list[tuple[int, int]] = []
    if near:
        texts = [example.normalised() for example in examples]
        links = [(pair.left, pair.right) for pair in near_pairs(texts, texts, near)]
    first: dict[str, int] = {}
    for place, example in enumerate(examples):
        if example.group is not None:
            links.append((first.setdefault(example.group, place), place))
    return components(len(examples), links)


def components(size: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """The connected component of each of `size` things, numbered from 0 in order of appearance.

    >>> components(5, [(0, 3), (3, 4)])
    [0, 1, 2, 0, 0]
    """
    parent = list(range(size))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for a, b in links:
        parent[root(a)] = root(b)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(place), len(numbers)) for place in range(size)]
