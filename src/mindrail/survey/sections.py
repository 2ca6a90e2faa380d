"""A survey as a document: what is said, in which order, and in which words."""

from collections.abc import Iterator

from mindrail.evaluate.document import Block, Document, Fact, Facts, Figure, Notes, Section, Text
from mindrail.evaluate.tables import origin
from mindrail.evaluate.words import score
from mindrail.survey import figures, tables
from mindrail.survey.results import Survey
from mindrail.survey.shares import MANY


def document(found: Survey) -> Document:
    """The whole report."""
    return Document(f"Scan by guard {found.guard}", tuple(_top(found)), tuple(_sections(found)))


def _top(found: Survey) -> Iterator[Block]:
    count = found.groups or 0
    groups = f"about {count:,}" if count < MANY else f"more than {MANY:,}"
    grouped = f" of {groups} conversations or people" if count else ""
    context = f"; {found.context:,} turns of the other side were read as context" if found.context else ""
    yield Text(f"{found.rows:,} messages{grouped}, judged on the axis '{found.axis}'{context}.")
    yield Facts(tuple(_facts(found)))
    if found.notes:
        yield Notes("Read this first", found.notes, grave=True)


def _facts(found: Survey) -> Iterator[Fact]:
    stopped, block = found.corrections[0].alarms, found.decisions["block"]
    told = (("Stopped", stopped, "Reviewed or blocked."), ("Blocked", block, "Blocked outright."))
    for name, one, means in told:
        yield Fact(
            name,
            tables.percent(one.share.value),
            tables.interval(one.share),
            f"{one.hits:,} messages. {means}",
        )
    first = found.corrections[0]
    if first.true.share:
        share = first.true.share
        means = f"Messages that truly are {first.title}, if the guard errs here as it did on test."
        yield Fact("Corrected for errors", tables.percent(share.value), tables.interval(share), means)
    for test in found.drifts:
        if test.effect and test.of == "words":
            apart = f"{score(test.effect.low)} to {score(test.effect.high)}"
            means = f"How often words tell these messages from training ones: 0.5 is a coin. p = {test.p:.2g}"
            yield Fact("Unlike the training data", score(test.effect.value), apart, means)


def _sections(found: Survey) -> Iterator[Section]:
    yield Section("What was decided", tuple(_decided(found)))
    yield Section("How common it truly is", tuple(_corrected(found)))
    if found.over_time:
        yield Section("Over time", tuple(_over_time(found)))
    yield Section("By source", tuple(_sources(found)))
    yield Section("Is it like the training data?", tuple(_drift(found)))
    yield Section("Where the guard was least sure", tuple(_uncertain(found)))
    yield Section("What is most new", tuple(_novel(found)))
    yield Section("What could not be read", tuple(_unread(found)))
    yield Section("How this was made", (origin("What these numbers were made from.", found.made_from),))
    yield Section("How to read this", tuple(map(Text, _reading(found))))


def _decided(found: Survey) -> Iterator[Block]:
    yield tables.shares("Every message has one decision.", "Decision", found.decisions)
    yield tables.shares("The label that goes with the decision.", "Label", found.labels)


def _corrected(found: Survey) -> Iterator[Block]:
    yield Text(
        "A guard raises false alarms and misses. Where it is known how often, the share of alarms can be turned "
        "into the share of messages that truly are of the kind (Rogan and Gladen). The interval carries the luck "
        "of both the scanned and the test messages (Lang and Reiczigel)."
    )
    yield tables.corrections(found.corrections)
    same = (
        "Here as on test, the guard catches the same share of what it should, and raises false alarms about the "
        "same share of the rest; only how common things are may differ (label shift)."
    )
    broken = (
        "Other people, topics or languages break this, and the numbers with it. A drift found below is a reason "
        "to doubt them; labels of the queue are the way to check."
    )
    yield Notes("This supposes", (same, broken))
    yield Text(f"The guard's errors: {found.errors_from}.")


def _over_time(found: Survey) -> Iterator[Block]:
    over = found.over_time
    assert over is not None
    if over.outside:
        yield Text(
            f"{over.outside:,} messages have no time, or one far from all others, and are left out here."
        )
    caption = (
        f"Each point is a {over.unit} (UTC). Whiskers are 95% intervals; bars show the number of messages."
    )
    yield Figure(
        figures.over_time(over, "Stopped and blocked over time"),
        caption,
        tables.parts(over.unit.capitalize(), over.parts),
    )


def _sources(found: Survey) -> Iterator[Block]:
    yield tables.parts("Source", found.sources)
    if found.more_sources:
        yield Text(f"The last row stands for {found.more_sources:,} further sources together.")


def _drift(found: Survey) -> Iterator[Block]:
    if not found.drifts:
        yield Text(found.no_drift)
        return
    yield tables.drifts(found.drifts, found.adjusted)
    if found.no_drift:
        yield Text(found.no_drift)
    yield Notes("What these tests cannot see", tuple(_blind()))


def _blind() -> Iterator[str]:
    yield (
        "A small p says that there is a difference, not that it matters: the distance says how large it is, and "
        "with many messages even small ones are found."
    )
    yield (
        "A large p does not say that there is none. The classifier sees words and parts of words; not their order, "
        "not what was said before, not meaning, and not how often the same text comes again."
    )
    yield (
        "Probabilities differ as soon as some kind of message is more common here than among the dev messages. None "
        "of these tests knows whether the guard is right here."
    )


def _uncertain(found: Survey) -> Iterator[Block]:
    if not found.uncertain:
        yield Text("Unknown without the guard: thresholds are kept there. Do: --guard DIR")
        return
    caption = (
        "Nearest to a threshold first (in log-odds). Of messages with exactly the same answer, one is shown."
    )
    yield tables.picked(caption, "Distance", found.uncertain)


def _novel(found: Survey) -> Iterator[Block]:
    if found.novel is None:
        yield Text(found.no_novelty)
        return
    every = (
        "all messages"
        if found.novel.looked_at == found.rows
        else f"{found.novel.looked_at:,} drawn at random"
    )
    caption = (
        f"Among {every}, those least like their nearest of {found.novel.known:,} training messages in words and "
        "parts of words: 0 stands there word for word, 1 shares nothing."
    )
    yield tables.picked(caption, "Novelty", found.novel.rows)


def _unread(found: Survey) -> Iterator[Block]:
    yield Text(
        f"Of {found.unread.partly:,} messages, some characters did not reach the model (unknown, or left out)."
    )
    if found.unread.codes:
        yield tables.unread(found.unread)
    if found.bad.codes:
        yield tables.bad(found.bad.codes)
    else:
        yield Text("Every row could be judged.")


def _reading(found: Survey) -> Iterator[str]:
    """What somebody who has not met these words before needs to know."""
    yield (
        "Shares are exact for the messages that were scanned. Their intervals are about other messages from where "
        "these came from: in 95 of 100 cases like this one, the share over there lies inside."
    )
    if found.groups:
        yield (
            "Messages of one conversation or person stay together in every interval, so that a single talkative "
            "person does not pass for many (Korn and Graubard)."
        )
    else:
        yield (
            "No message names a conversation or person, so each counts as independent. If they are not, the true "
            "intervals are wider. Do: scan with --conversation or --group"
        )
    yield "Rows are named by id, source and row only: whoever may read the messages finds them there."
