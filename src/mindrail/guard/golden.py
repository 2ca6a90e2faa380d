"""A few harmless sentences of ours, with the scores a guard gave them when it was made, and how it read disguises.

If they come out differently, something under the guard has changed (a library, a processor, a file, the tables of
Unicode), and its thresholds mean nothing any more.
"""

import logging
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np

from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime.local import LocalScorer
from mindrail.runtime.parts import Files, json_of, settings_of
from mindrail.text.lexicon import Lexicon
from mindrail.text.normalise import Reading, views

_LOG = logging.getLogger(__name__)

NAME = "golden.json"
#: how far a raw score may lie from the recorded one
TOLERANCE = 1e-3

#: (what was said before, the judged text)
SENTENCES = (
    ("", "The library opens at nine, and the bus stops right in front of it."),
    ("", "I was tired and a little sad today, so I called my sister and went to bed early."),
    ("Did you sleep better this week?", "Not much, but the walks in the morning help."),
    ("", "Die Suppe ist fertig, kommt ihr bitte zum Essen?"),
    ("", "今天下午我们去公园散步吧。"),
    ("", "Mañana llueve; 3 paraguas bastan ☔ (creo yo)."),
)
#: what needs Unicode's tables to be read: full width, a lookalike, marks, an emoji, a ligature, upside down
DISGUISED = (
    "Ｔｈｅ ｌｉｂｒａｒｙ opens at nine",
    "the lіbrаry opens",
    "we had s\u0336o\u0336u\u0336p and br\u200bead",
    "soup 🍲 and tea ☕",
    "a ﬁne walk in the ｐａｒｋ ①",
    "ʞɹɐd ǝɥʇ uᴉ ʞlɐʍ",
)


@dataclass(frozen=True)
class Sentence:
    """One sentence with the raw scores per label."""

    context: str
    text: str
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Golden:
    """What a guard said when it was made; `read` are its views of each text in DISGUISED, under that Unicode.

    Guards from before these were kept have none.
    """

    sentences: tuple[Sentence, ...]
    unicode: str = ""
    read: tuple[tuple[str, ...], ...] = ()


def record(scorer: LocalScorer, reading: Reading) -> dict[str, Any]:
    """Plain values for `golden.json`, from the scorer as it is now."""
    scores = scorer.golden([Example.of(text, context=context) for context, text in SENTENCES])
    rows = zip(SENTENCES, scores.tolist(), strict=True)
    return {
        "sentences": [{"context": before, "text": text, "scores": row} for (before, text), row in rows],
        "unicode": unicodedata.unidata_version,
        "read": _read(scorer.lexicon, reading),
    }


def check(scorer: LocalScorer, reading: Reading, files: Files) -> None:
    """Raise BrokenGuard where a score has moved by more than TOLERANCE, or a disguise is read otherwise."""
    golden = settings_of(Golden, json_of(files, NAME), NAME)
    _scores(golden, scorer)
    if not golden.read:
        return
    here = unicodedata.unidata_version
    if golden.read != _read(scorer.lexicon, reading):
        raise BrokenGuard(
            f"texts in disguise are read otherwise than when it was made (Unicode {golden.unicode} there, {here} "
            "here). Do: export the guard again on this machine, or run it where it was made",
            file=NAME,
        )
    if golden.unicode != here:
        _LOG.warning("made under Unicode %s, runs under %s; disguises are read alike", golden.unicode, here)


def _read(lexicon: Lexicon, reading: Reading) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(v.text for v in views(text, lexicon, reading, read=0.5)) for text in DISGUISED)


def _scores(golden: Golden, scorer: LocalScorer) -> None:
    if not golden.sentences:
        raise BrokenGuard("expected sentences, found none", file=NAME)
    found = scorer.golden([Example.of(s.text, context=s.context) for s in golden.sentences])
    scores = found.shape[1]
    if any(len(sentence.scores) != scores for sentence in golden.sentences):
        raise BrokenGuard(f"expected sentences with {scores} scores each", file=NAME)
    recorded = np.array([sentence.scores for sentence in golden.sentences])
    furthest = float(np.abs(found - recorded).max())
    if not furthest <= TOLERANCE:
        raise BrokenGuard(
            f"its scores have moved by {furthest:.2g} since it was made, expected at most {TOLERANCE:g}. Do: "
            "export the guard again on this machine, or run it where it was made",
            file=NAME,
        )
