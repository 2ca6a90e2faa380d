"""Judged rows, small enough to commit: what was true, what was decided and how the model ranked them; no text."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mindrail import files, seeds
from mindrail.arrays import Bool, Float, Int, ndarray
from mindrail.data import corpus
from mindrail.errors import BadConfig
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.stats.measure import Output
from mindrail.taxonomy import Axis, Taxonomy
from mindrail.taxonomy import load as load_taxonomy

#: asks a set for every label, or for "one of the labels that are not simply allowed, whichever"
EACH, ANY = "each", "any"


@dataclass(frozen=True)
class Question:
    """Examples of one set, the columns that are asked for, and what is true in each."""

    examples: tuple[Example, ...]
    columns: tuple[str, ...]
    truth: Bool[ndarray, "n c"]


@dataclass(frozen=True)
class Judged:
    """What one model said about the first rows of a set, in the order that all models are asked in.

    `ranks` are those of the probability within each column, ties alike: AUROC and false positive rates need no
    more. `sources` names the set that each row came from, `groups` numbers what belongs together, and `order` is a
    digest of the whole order, of `of` rows.
    """

    columns: tuple[str, ...]
    exclusive: bool
    truth: Bool[ndarray, "n c"]
    picks: Bool[ndarray, "n c"]
    ranks: Int[ndarray, "n c"]
    sources: tuple[str, ...]
    groups: Int[ndarray, " n"]
    order: str
    of: int

    def __len__(self) -> int:
        return len(self.truth)

    def rows(self, chosen: Bool[ndarray, " n"]) -> "Judged":
        """These rows alone."""
        return replace(
            self,
            truth=self.truth[chosen],
            picks=self.picks[chosen],
            ranks=self.ranks[chosen],
            sources=tuple(name for name, there in zip(self.sources, chosen, strict=True) if there),
            groups=self.groups[chosen],
        )

    def first(self, size: int) -> "Judged":
        """The first rows alone."""
        return self.rows(np.arange(len(self)) < size)

    @property
    def present(self) -> list[int]:
        """The columns that are true of any row: the others have no recall, so no mean counts them."""
        return [int(c) for c in np.flatnonzero(self.truth.any(axis=0))]

    def output(self) -> Output:
        """Ranks in place of probabilities, and what was picked."""
        return Output(self.ranks.astype(float), self.picks)


def question(split_part: Sequence[Example], axis: Axis) -> Question:
    """Every label of the axis, of the examples that have an answer, in the common order."""
    return _ordered([one for one in split_part if axis.name in one.answers], axis, EACH)


def outside(name: str, asks: str, kinds: Taxonomy, axis: Axis) -> Question:
    """An outside set: all labels (`each`), one label by its name, or whether there is `any` harm.

    For `any`, a set that does not answer our taxonomy may answer another one that judges the same side of a
    conversation. Raises BadConfig for a label that the axis does not have, and where a set answers neither.
    """
    if asks not in (EACH, ANY, *axis.names):
        raise BadConfig(
            f"set '{name}' is asked for '{asks}'; expected {EACH}, {ANY} or {', '.join(axis.names)}"
        )
    if asks == ANY and not name.endswith(".yaml") and kinds.id not in corpus.card(name).crosswalks:
        kinds = _other(name, kinds)
        axis = kinds.axis()
    examples = corpus.read(name, kinds, axis)
    return _ordered([one for one in examples if axis.name in one.answers], axis, asks)


def judged(asked: Question, scores: Float[ndarray, "n k"], axis: Axis) -> Judged:
    """What raw scores say about the first `len(scores)` rows of a question, at neutral thresholds."""
    probability = axis.probabilities(scores)
    likeliest = np.eye(len(axis.names), dtype=bool)[probability.argmax(axis=1)]
    picks = likeliest if axis.exclusive else probability >= 0.5
    probability, picks = _columns(asked.columns, axis, probability), _columns(asked.columns, axis, picks)
    ranked = [np.unique(column, return_inverse=True)[1] for column in probability.T]
    examples = asked.examples[: len(scores)]
    numbers: dict[str, int] = {}
    groups = [numbers.setdefault(example.group or example.id, len(numbers)) for example in examples]
    return Judged(
        asked.columns,
        axis.exclusive and len(asked.columns) == len(axis.names),
        asked.truth[: len(scores)],
        picks,
        np.stack(ranked, axis=1).reshape(probability.shape),
        tuple(example.source for example in examples),
        np.array(groups),
        files.digest([example.id for example in asked.examples])[:16],
        len(asked.examples),
    )


def packed(found: Judged) -> dict[str, Any]:
    """As plain values for JSON: bits and ranks deflated, in base 64."""
    if len(found) > 2**16:
        raise BadConfig(f"{len(found)} rows are too many to keep, expected at most 65,536. Do: set 'rows'")
    names = sorted(set(found.sources))
    return {
        "columns": list(found.columns),
        "exclusive": found.exclusive,
        "rows": len(found),
        "of": found.of,
        "order": found.order,
        "sources": names,
        "source": _pack(np.array([names.index(name) for name in found.sources], dtype="u1")),
        "groups": _pack(found.groups.astype("<u2")),
        "truth": _pack(np.packbits(found.truth)),
        "picks": _pack(np.packbits(found.picks)),
        "ranks": _pack(found.ranks.T.astype("<u2")),
    }


def unpacked(kept: Mapping[str, Any]) -> Judged:
    """The reverse."""
    shape = kept["rows"], len(kept["columns"])

    def bits(name: str) -> ndarray:
        found: ndarray = np.unpackbits(_unpack(kept[name], "u1"), count=shape[0] * shape[1])
        return found.astype(bool).reshape(shape)

    return Judged(
        tuple(kept["columns"]),
        kept["exclusive"],
        bits("truth"),
        bits("picks"),
        _unpack(kept["ranks"], "<u2").reshape(shape[::-1]).T.astype(np.int64),
        tuple(kept["sources"][i] for i in _unpack(kept["source"], "u1")),
        _unpack(kept["groups"], "<u2").astype(np.int64),
        kept["order"],
        kept["of"],
    )


def _ordered(examples: Sequence[Example], axis: Axis, asks: str) -> Question:
    ordered = [examples[i] for i in order([(one.source, str(one.answers[axis.name])) for one in examples])]
    columns = axis.names if asks == EACH else (asks,)
    truth = _columns(columns, axis, np.asarray(targets_of(axis, ordered).values))
    return Question(tuple(ordered), columns, truth)


def order(strata: Sequence[object], seed: int = 13) -> list[int]:
    """An order whose every beginning holds each stratum by its share, as far as whole rows allow."""
    places: dict[object, list[int]] = {}
    for place, stratum in enumerate(strata):
        places.setdefault(stratum, []).append(place)
    keys = np.empty(len(strata))
    for stratum, own in places.items():
        drawn = seeds.stream(seed, "rows", str(stratum)).permutation(len(own))
        keys[np.array(own)] = (drawn + 0.5) / len(own)
    return [int(place) for place in np.argsort(keys, kind="stable")]


def _columns(columns: Sequence[str], axis: Axis, values: ndarray) -> ndarray:
    """Values of every label [n, k] as those of the columns that are asked for [n, c]."""
    if columns != (ANY,):
        return values[:, [axis.names.index(name) for name in columns]]
    stopped = values[:, axis.stopped]
    if axis.exclusive and values.dtype != bool:
        return np.asarray(stopped.sum(axis=1, keepdims=True))
    return np.asarray(stopped.max(axis=1, keepdims=True))


def _other(name: str, kinds: Taxonomy) -> Taxonomy:
    for other in corpus.card(name).tasks:
        found = load_taxonomy(other)
        if found.judges == kinds.judges:
            return found
    raise BadConfig(
        f"set '{name}' answers no question about a {kinds.judges}. Do: choose another outside set"
    )


def _pack(values: ndarray) -> str:
    return b64encode(zlib.compress(values.tobytes(), 9)).decode()


def _unpack(kept: str, kind: str) -> ndarray:
    return np.frombuffer(zlib.decompress(b64decode(kept)), dtype=kind)
