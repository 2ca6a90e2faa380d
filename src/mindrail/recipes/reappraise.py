"""`augment reappraise`: a labelled set of reappraisals, by a language model or by people, each with its origin."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mindrail import config, files, machine, taxonomy
from mindrail.augment import human, reappraised
from mindrail.augment.checks import Candidate, Check, Checks, chosen, sift
from mindrail.augment.checks.example_copy import ExampleCopy
from mindrail.augment.checks.intended import Intended
from mindrail.augment.judge import Judge
from mindrail.augment.methods.reappraise import LEVELS, Level, Reappraisal, asked
from mindrail.augment.preview import Preview, preview
from mindrail.augment.store import Outcome, Rejected, Store
from mindrail.augment.work import Work
from mindrail.data import made
from mindrail.errors import BadConfig
from mindrail.recipes.augment import Augment, open_judge, texts
from mindrail.recipes.prepare import licences
from mindrail.recipes.split import Split
from mindrail.records import Example
from mindrail.taxonomy import Axis
from mindrail.train.progress import Stepped

REJECTED = "rejected.jsonl"
#: the least cosine of a variant and its post where nobody says: most reappraisals that people wrote reach it
#: (docs/augment.md), hardly any text on another matter does
NEAREST = 0.35


@dataclass(frozen=True)
class Reappraise:
    """What is asked for, of which texts. `settings` are those of the method: the language model and its decoding.

    Unsafe variants are only asked for where `unsafe` says so. `harms` asks for the borderline and unsafe ones once
    for each kind of harm; without it, for the kinds that the post itself has, if known. `human` names sets of
    reappraisals that people wrote, in place of the language model; beside it only `judge` and `probe` matter.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    levels: tuple[Literal["safe", "borderline"], ...] = ("safe", "borderline")
    unsafe: bool = False
    harms: tuple[str, ...] = ()
    human: tuple[str, ...] = ()
    parts: tuple[str, ...] = ("labelled", "unlabelled")
    checks: Checks = field(default_factory=Checks)
    judge: Path | None = None  # a guard's folder, or a run's
    limit: int | None = None  # posts
    cache: bool = True
    probe: int = 1000  # pairs that the test of style rests on
    seed: int = 0

    def __post_init__(self) -> None:
        Augment(parts=self.parts)  # refuses what is never augmented
        known = harms()
        for name in self.harms:
            if name not in known:
                raise ValueError(f"unknown kind of harm '{name}'; known: {', '.join(known)}")


def reappraise(split: Split | None, settings: Reappraise, folder: Path) -> Iterator[Stepped]:
    """Make the set into `folder`, yielding progress in variants; afterwards any recipe takes the folder as a set.

    A folder that holds the same set is left as it is, one that holds something else is refused. Raises Unreachable or
    Stopped where a language model gives up half way: what was made stays, and the same call goes on there.
    """
    if not settings.human:
        _needed(split)
    axis = _axes()[0] if split is None else split.axis
    judge = None if settings.judge is None else open_judge(settings.judge, axis)
    method = None if settings.human else method_of(settings)
    job = _job(split, settings, method, judge)
    if made.here(str(folder)):
        if files.read_json(folder / made.ABOUT)["job"] != job:
            raise BadConfig(f"{folder} holds another set. Do: choose another folder, or delete this one")
        return
    began, store = time.monotonic(), Store(folder, job)
    asked_of_judge: list[Check] = [Intended(judge)] if judge else []
    if method is None:
        wanted, outcomes = _by_people(settings.human, asked_of_judge)
        yield Stepped(len(wanted), len(wanted))
    else:
        wanted = variants(_needed(split), settings)
        checks = [ExampleCopy(method.shown), *chosen(_limits(settings), Reappraisal.skips), *asked_of_judge]
        yield from Work("reappraise", method, checks, settings.cache).run(wanted, 1, settings.seed, store)
        done = {outcome.of: outcome for outcome in store.outcomes()}
        outcomes = [done[one.id] for one in wanted]
    found = reappraised.Report(
        ", ".join(settings.human) or f"by {job['identity']['model']}",
        judge.name if judge else "",
        reappraised.measure(wanted, outcomes, probe=settings.probe, judged=judge is not None),
        job["identity"],
        {"split": job["split"], "sets": " ".join(settings.human), "seed": settings.seed},
    )
    about = {
        "job": job,
        "levels": [config.plain(level) for level in found.levels],
        "licences": licences(settings.human) if settings.human else _needed(split).about["licences"],
        "licence_note": "variants are derived from these texts, and by a model under the model's terms too",
        "since_last_start": {
            "seconds": round(time.monotonic() - began, 1),
            "asked": config.plain(method.spent) if method else None,
        },
        "machine": machine.describe(),
    }
    reappraised.write(found, folder)
    _write(wanted, outcomes, about, folder)
    store.clear()


def _write(
    wanted: Sequence[Example], outcomes: Sequence[Outcome], about: Mapping[str, Any], folder: Path
) -> None:
    """What was kept as examples, of the rest only numbers."""
    files.write_jsonl(folder / REJECTED, [config.plain(lost) for one in outcomes for lost in one.rejected])
    both = zip(wanted, outcomes, strict=True)
    made.write(folder, [view.example(one) for one, kept in both for view in kept.views], _axes(), about)


def method_of(settings: Reappraise) -> Reappraisal:
    """The method with its settings, and with what the kinds of harm mean. Raises BadConfig."""
    means = {name: text for name, text in harms().items() if name in settings.harms or not settings.harms}
    return config.build(
        Reappraisal, {"harms": means} | dict(settings.settings), where="settings of 'reappraise'"
    )


def show(split: Split | None, settings: Reappraise) -> Preview:
    """What a language model would be asked about a message of ours (for a safe variant), and how much of all."""
    return preview(method_of(settings), variants(_needed(split), settings), 1)


def variants(split: Split, settings: Reappraise) -> list[Example]:
    """The variants that are wanted, post by post: every level that is asked for but the post's own."""
    drawn = texts(split, Augment(parts=settings.parts, limit=settings.limit, seed=settings.seed))
    levels: tuple[Level, ...] = (*settings.levels, "unsafe") if settings.unsafe else settings.levels
    return [
        asked(post, level, harm)
        for post in drawn
        for level in levels
        if level != _own_level(post)
        for harm in (_kinds(post, settings.harms) if level != "safe" else [""])
    ]


def harms() -> dict[str, str]:
    """The kinds of harm, and what each means, from the taxonomy harm-six."""
    return {label.name: label.means for label in taxonomy.load("harm-six").axis().labels}


def _axes() -> list[Axis]:
    """The axes that such a set answers: risk, and harm where the kind is known."""
    return [taxonomy.load(name).axis() for name in ("emotional-risk", "harm-six")]


def _own_level(post: Example) -> str | None:
    """How dangerous the post itself is, where that is known."""
    risk = post.answers.get("risk")
    if isinstance(risk, str) and risk in LEVELS:
        return risk
    return "safe" if post.answers.get("harm") == () else None


def _kinds(post: Example, given: Sequence[str]) -> list[str]:
    """The kinds of harm to ask for: those given, else the post's own, else none in particular."""
    own = post.answers.get("harm", ())
    return list(given or ([own] if isinstance(own, str) else own)) or [""]


def _by_people(sets: Sequence[str], checks: Sequence[Check]) -> tuple[list[Example], list[Outcome]]:
    """The pairs of all sets, each once, and what came of them."""
    found = dict.fromkeys(sets)
    both = {one.id: (one, outcome) for name in found for one, outcome in human.pairs(name)}
    drawn = [both[name] for name in sorted(both)]  # ids are digests, so this is any order
    wanted = [one for one, _ in drawn]
    views = [outcome.views[0] for _, outcome in drawn]
    candidates = [Candidate(one, view.example(one)) for one, view in zip(wanted, views, strict=True)]
    outcomes = []
    for one, view, sifted in zip(wanted, views, sift(candidates, checks), strict=True):
        if sifted.reason is None:
            outcomes.append(Outcome(one.id, (replace(view, made_by=sifted.facts),), ()))
        else:
            lost = Rejected(one.id, 0, sifted.reason, len(one.text), len(view.turns[-1].text))
            outcomes.append(Outcome(one.id, (), (lost,)))
    return wanted, outcomes


def _limits(settings: Reappraise) -> Checks:
    """The limits of the checks: a reappraisal is further from its post than another wording is."""
    given = settings.checks
    return given if given.meaning is not None else replace(given, meaning=NEAREST)


def _needed(split: Split | None) -> Split:
    if split is None:
        raise BadConfig("--split is missing: the posts that are reappraised. Do: name it, or use --human")
    return split


def _job(
    split: Split | None, settings: Reappraise, method: Reappraisal | None, judge: Judge | None
) -> dict[str, Any]:
    """Everything the set depends on."""
    told: dict[str, Any] = config.plain(replace(settings, judge=None, checks=_limits(settings)))
    for name in ("settings", "cache", "judge"):
        told.pop(name)
    return {
        **told,
        "identity": method.identity() if method else {"method": "human", "sets": sorted(settings.human)},
        "judge": judge.identity if judge else None,
        "split": split.digest if split else None,
        "axes": {axis.name: axis.digest for axis in _axes()},
    }
