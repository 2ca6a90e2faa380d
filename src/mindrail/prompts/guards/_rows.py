"""From verdicts to a row of scores on our axis."""

from collections.abc import Mapping, Sequence

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.llm.choose import FAINT
from mindrail.prompts.guards._base import Asked, Format, Meaning, stopped
from mindrail.prompts.guards._read import Verdict
from mindrail.taxonomy import Axis

#: what is left of the danger for labels that none of the named codes concerns
ELSEWHERE = 0.05


def row(
    axis: Axis, form: Format, asked: Sequence[Asked], verdicts: Sequence[Verdict]
) -> Float[ndarray, " k"]:
    """The scores of one text from the verdicts on its questions."""
    meaning = asked[0].meaning
    if meaning is None:
        return _by_label(axis, form, asked, verdicts)
    shares = dict(zip(form.words, np.exp(verdicts[0].chosen.logprobs).tolist(), strict=True))
    codes = verdicts[0].codes
    if axis.exclusive:
        return _exclusive(axis, form, meaning, shares, codes)
    danger = sum(share for word, share in shares.items() if form.words[word])
    touched = _touched(axis, meaning, codes)
    # an answer without codes is a verdict of safe: what danger it leaves is any label's
    chances = [danger if not codes or name in touched else danger * ELSEWHERE for name in axis.names]
    return np.array([_logit(chance) for chance in chances])


def _by_label(
    axis: Axis, form: Format, asked: Sequence[Asked], verdicts: Sequence[Verdict]
) -> Float[ndarray, " k"]:
    """One question for each label: its log-odds, beside nought for labels that are allowed."""
    dangerous = np.array(list(form.words.values()))
    scores = np.zeros(len(axis.names))
    for one, verdict in zip(asked, verdicts, strict=True):
        assert one.label is not None
        chance = float(np.exp(verdict.chosen.logprobs[dangerous]).sum())
        scores[axis.names.index(one.label)] = _logit(chance)
    return scores


def _exclusive(
    axis: Axis, form: Format, meaning: Meaning, shares: Mapping[str, float], codes: Sequence[str]
) -> Float[ndarray, " k"]:
    """The log of each label's share. Danger of another kind than the axis asks about mostly counts as allowed."""
    mass = dict.fromkeys(axis.names, 0.0)
    touched = _touched(axis, meaning, codes)
    calm = next(label.name for label in axis.labels if label.decision == "allow")
    foreign = meaning.codes is not None and bool(codes) and not touched
    for word, share in shares.items():
        label = meaning.verdicts[word] or _worst(axis, touched)
        if form.words[word] and foreign:
            mass[calm] += share * (1 - ELSEWHERE)
            share *= ELSEWHERE
        mass[label] += share
    with np.errstate(divide="ignore"):
        scores: ndarray = np.maximum(np.log(np.array([mass[name] for name in axis.names])), FAINT)
    return scores


def _touched(axis: Axis, meaning: Meaning, codes: Sequence[str]) -> list[str]:
    """The labels that the named codes concern."""
    known = meaning.codes or {}
    return [name for name in axis.names if any(name in known.get(code, axis.names) for code in codes)]


def _worst(axis: Axis, names: Sequence[str]) -> str:
    """The last of these labels that is stopped, or the last of all that are."""
    bad = [label.name for label in stopped(axis)]
    return next((name for name in reversed(bad) if name in names), bad[-1])


def _logit(chance: float) -> float:
    least = float(np.exp(FAINT))
    chance = min(max(chance, least), 1 - least)
    return float(np.log(chance / (1 - chance)))
