"""Agreement on a project or on files, question by question, as plain values for the page and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from mindrail.annotate.formats._foreign import Foreign
from mindrail.annotate.results import Labelled
from mindrail.stats.agreement import Agreement, Ratings, by_label, by_node, by_pair, measure, over_time
from mindrail.stats.dawid_skene import consensus
from mindrail.stats.intervals import Interval
from mindrail.taxonomy import Kind, Taxonomy, labels_in

#: fewer items than this that several judged, and nobody's errors can be told
_ENOUGH = 30


@dataclass(frozen=True)
class Question:
    """An axis, as far as agreement goes."""

    name: str
    kind: Kind
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Spoken:
    """Who said what of one item: question to person to labels. `group` as in an example."""

    said: Mapping[str, Mapping[str, tuple[str, ...]]]
    group: str | None = None


@dataclass(frozen=True)
class Rule:
    """Under `below` people meet, discuss and label again; looked at every so many shared items (arXiv 2307.16457)."""

    below: float = 0.4
    every: int = 200


def questions(asked: Taxonomy) -> list[Question]:
    """Those of a taxonomy."""
    return [Question(axis.name, axis.kind, axis.names) for axis in asked.axes]


def spoken(labelled: Sequence[Labelled], asked: Taxonomy) -> list[Spoken]:
    """Items with a label, in the order in which they were finished."""
    touched = sorted((one for one in labelled if one.labels), key=lambda one: max(s.seq for s in one.labels))
    return [
        Spoken(
            {axis.name: {who: labels_in(a) for who, a in one.said(axis).items()} for axis in asked.axes},
            one.item.example.group,
        )
        for one in touched
    ]


def of_files(foreign: Sequence[Foreign]) -> tuple[list[Question], list[Spoken]]:
    """Labels of files without a taxonomy, in the order of their rows; labels have no order of their own then."""
    items: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {}
    for one in foreign:
        key = one.id or (one.example.id if one.example else f"row {one.row}")
        for question, labels in one.answers.items():
            items.setdefault(key, {}).setdefault(question or "label", {})[one.who] = labels
    found: dict[str, list[tuple[str, ...]]] = {}
    for said in items.values():
        for question, people in said.items():
            found.setdefault(question, []).extend(people.values())
    asked = [
        Question(
            name,
            "one_of" if all(len(labels) == 1 for labels in given) else "any_of",
            tuple(sorted({label for labels in given for label in labels})),
        )
        for name, given in found.items()
    ]
    return asked, [Spoken(said) for said in items.values()]


def named(items: Sequence[Spoken], asked: Sequence[Question]) -> list[Spoken]:
    """Labels of files that name no question, as answers to the only one there is."""
    if len(asked) > 1:
        return list(items)
    return [Spoken({asked[0].name: next(iter(one.said.values()), {})}, one.group) for one in items]


def report(
    asked: Sequence[Question], items: Sequence[Spoken], rule: Rule, *, rounds: int = 1000, brief: bool = False
) -> dict[str, Any]:
    """One entry for each question; `brief` leaves out pairs, time and people."""
    return {question.name: _question(question, items, rule, rounds, brief) for question in asked}


def _question(
    question: Question, items: Sequence[Spoken], rule: Rule, rounds: int, brief: bool
) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": question.kind, "labels_known": list(question.labels)}
    if question.kind == "any_of":
        each = {label: _yes_or_no(question, items, label) for label in question.labels}
        told["labels"] = {label: _plain(measure(own, rounds=rounds)) for label, own in each.items()}
        return told
    ratings = Ratings.of(
        [{who: labels[0] for who, labels in one.said.get(question.name, {}).items()} for one in items],
        question.labels,
        ordered=question.kind == "scale",
        groups=[one.group for one in items],
    )
    overall = measure(ratings, rounds=rounds)
    told["overall"] = _plain(overall)
    told["labels"] = {name: _plain(one) for name, one in by_label(ratings, rounds=rounds).items()}
    if question.kind == "first_of":
        told["nodes"] = {name: _plain(one) for name, one in by_node(ratings, rounds=rounds).items()}
    told["rule"] = _judged(rule, overall)
    if not brief:
        told["pairs"] = {
            " and ".join(pair): _plain(one) for pair, one in by_pair(ratings, rounds=rounds).items()
        }
        told["over_time"] = [
            _plain(one) | _judged(rule, one) for one in over_time(ratings, rule.every, rounds=rounds)
        ]
        told["people"] = _people(ratings)
    return told


def _yes_or_no(question: Question, items: Sequence[Spoken], label: str) -> Ratings:
    said = [
        {who: "yes" if label in labels else "no" for who, labels in one.said.get(question.name, {}).items()}
        for one in items
    ]
    return Ratings.of(said, ("no", "yes"), groups=[one.group for one in items])


def _judged(rule: Rule, found: Agreement) -> dict[str, Any]:
    """What the rule says: kappa as in the study, None where it is undefined."""
    kappa = found.coefficients["kappa"].value
    return {"below": rule.below, "discuss": None if isnan(kappa) else kappa < rule.below}


def _people(ratings: Ratings) -> dict[str, Any]:
    """How each person's labels relate to the consensus of all; empty where too little is shared to tell."""
    if ratings.shared < _ENOUGH:
        return {}
    shared = ratings.known.sum(axis=1) >= 2
    rows = Ratings(ratings.people, ratings.labels, ratings.values[shared], ratings.known[shared])
    found = consensus(rows)
    right = np.einsum("k,pkk->p", found.shares, found.confusion)
    return {
        who: {
            "judged": int(rows.known[:, place].sum()),
            "with_consensus": round(float(right[place]), 4),
            "confusion": np.round(found.confusion[place], 4).tolist(),
        }
        for place, who in enumerate(ratings.people)
    }


def _plain(found: Agreement) -> dict[str, Any]:
    return {
        "shared": found.shared,
        "people": found.people,
        "uses": dict(found.uses),
        "coefficients": {name: _interval(value) for name, value in found.coefficients.items()},
        "notes": list(found.notes),
    }


def _interval(value: Interval) -> dict[str, float | None]:
    bounds = {"value": value.value, "low": value.low, "high": value.high}
    return {name: None if isnan(number) else round(number, 4) for name, number in bounds.items()}
