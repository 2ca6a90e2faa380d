"""`edit`: small random edits, after EDA (Wei and Zou 2019, arXiv:1901.11196). No model, no download.

Each word may be replaced by a synonym, followed by a synonym of another word, exchanged with its neighbour or
left out. Negations, numbers, addresses and speakers' marks stay as they are, where they are. Chinese and Japanese
are edited by characters: doubled, exchanged, left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from mindrail import config, seeds
from mindrail.augment import _lexicon
from mindrail.augment._base import Made, Wanted
from mindrail.augment._units import Unit, cut, without
from mindrail.records import Turn

#: raised with any change to the arithmetic below
_VERSION = 1
#: draws before a text that stays the same is given up
_DRAWS = 20

Units = list[Unit]
Random = np.random.Generator


@dataclass(frozen=True)
class Edit:
    """Rates are chances per word (or character), in [0, 1]. `swap`: with the next one; `insert`: after it."""

    cheap: ClassVar[bool] = True
    skips: ClassVar[frozenset[str]] = frozenset({"refusal", "meaning"})
    synonym: float = 0.1
    insert: float = 0.1
    swap: float = 0.1
    delete: float = 0.1
    chunk: int = 512

    def __post_init__(self) -> None:
        rates = (self.synonym, self.insert, self.swap, self.delete)
        if not all(0 <= rate <= 1 for rate in rates) or not any(rates):
            raise ValueError(f"found rates {rates}, expected numbers from 0 to 1, one above 0 at least")

    def identity(self) -> dict[str, Any]:
        """Rates and word lists."""
        rates = {name: value for name, value in config.plain(self).items() if name != "chunk"}
        words = _lexicon.mark("synonyms", "negations")
        return {"method": "edit", "version": _VERSION, **rates, "words": words}

    def make(self, wanted: Sequence[Wanted]) -> Iterator[tuple[int, Made]]:
        """Edit every turn up to the judged one, each by itself."""
        for place, one in enumerate(wanted):
            turns = tuple(self._turn(turn, i, one) for i, turn in enumerate(one.example.turns))
            changed = turns != one.example.turns
            yield place, Made(turns) if changed else Made(None, "unchanged")

    def text(self, text: str, random: Random) -> str:
        """One text, edited until its words are others, not only elsewhere; the same text where nothing can be."""
        whole, found = cut(text), text
        for _ in range(_DRAWS):
            units = list(whole.units)
            for edit, rate in self._edits():
                units = edit(units, rate, random)
            edited = whole._replace(units=tuple(units)).text
            if edited.split() != text.split():
                found = edited
            if sorted(edited.lower().split()) != sorted(text.lower().split()):
                break
        return found

    def _turn(self, turn: Turn, place: int, one: Wanted) -> Turn:
        if place > one.example.focus:
            return turn
        return replace(turn, text=self.text(turn.text, seeds.stream(one.seed, "edit", place)))

    def _edits(self) -> list[tuple[Callable[[Units, float, Random], Units], float]]:
        return [
            (_replaced, self.synonym),
            (_inserted, self.insert),
            (_swapped, self.swap),
            (_left_out, self.delete),
        ]


METHOD = Edit


def _replaced(units: Units, rate: float, random: Random) -> Units:
    """Words by a synonym, in the same case."""
    return [
        unit._replace(text=_synonym(unit, random)) if drawn and _known(unit) else unit
        for unit, drawn in zip(units, random.random(len(units)) < rate, strict=True)
    ]


def _inserted(units: Units, rate: float, random: Random) -> Units:
    """A synonym of a word after some word; of characters the character itself, doubled."""
    sources = [unit for unit in units if _known(unit)]
    made: Units = []
    for unit, drawn in zip(units, random.random(len(units)) < rate, strict=True):
        made.append(unit)
        if drawn and unit.kind == "sign":
            made[-1:] = [unit._replace(gap=""), unit]
        elif drawn and unit.kind == "word" and sources:
            new = _synonym(sources[int(random.integers(len(sources)))], random).lower()
            made[-1:] = [unit._replace(gap=" "), Unit(new, unit.gap, "word")]
    return made


def _swapped(units: Units, rate: float, random: Random) -> Units:
    """Neighbours with nothing but space between them; neither is moved twice."""
    made, i = list(units), 0
    draws = random.random(len(units)) < rate
    while i + 1 < len(made):
        this, following = made[i], made[i + 1]
        if draws[i] and this.kind == following.kind != "kept" and not this.gap.strip(" "):
            made[i], made[i + 1] = following._replace(gap=this.gap), this._replace(gap=following.gap)
            i += 1
        i += 1
    return made


def _left_out(units: Units, rate: float, random: Random) -> Units:
    """Words and characters, but never the last one that is left."""
    made = list(units)
    draws = random.random(len(units)) < rate
    for i in reversed(range(len(units))):
        if draws[i] and made[i].kind != "kept" and len(made) > 1:
            made = without(made, i)
    return made


def _known(unit: Unit) -> bool:
    return unit.kind == "word" and unit.text.lower() in _lexicon.synonyms()


def _synonym(unit: Unit, random: Random) -> str:
    """One of them, capital letters as in the word."""
    choices = _lexicon.synonyms()[unit.text.lower()]
    new = choices[int(random.integers(len(choices)))]
    if unit.text.isupper() and len(unit.text) > 1:
        return new.upper()
    return new.capitalize() if unit.text[0].isupper() else new
