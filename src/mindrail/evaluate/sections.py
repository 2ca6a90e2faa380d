"""An evaluation as a document: what is said, in which order, and in which words."""

from collections.abc import Iterator

from mindrail.evaluate import figures, node_table, tables, words
from mindrail.evaluate.document import Block, Document, Fact, Facts, Figure, Notes, Section, Text
from mindrail.evaluate.results import Estimate, Evaluation, EventResult
from mindrail.evaluate.words import METRICS, TOO_FEW, event_title


def document(found: Evaluation) -> Document:
    """The whole report."""
    return Document(found.name, tuple(_top(found)), tuple(_sections(found)))


def measured_on(found: Evaluation) -> str:
    """Which rows, and of how many runs."""
    groups = f" of {found.groups:,} people or conversations" if found.groups < found.rows else ""
    runs = (
        f" Numbers with intervals are means of {found.runs} training runs; rule, curves, slices, pairs and "
        "mistakes are of the first."
        if found.runs > 1
        else ""
    )
    explained = words.any_means(found.axis)
    said = f"Measured on {found.rows:,} test messages{groups}, axis '{found.axis.name}'.{runs} {explained}"
    return said.strip()


def headline(found: Evaluation) -> Facts:
    """The few numbers that come first."""
    head, whole = found.headline, event_title(found.axis, found.whole.event)
    event = event_title(found.axis, head.event)
    caught = f"Of the messages that are {event}, the share stopped (reviewed or blocked)."
    alarmed = f"Of the messages that are not {whole}, the share stopped all the same."
    facts = [
        _fact("recall", head.recall, f"Recall of {event}", caught),
        _fact("false_positive_rate", head.false_alarms, "False alarms", alarmed),
        _fact(
            "f1", head.f1, "F1 of stopping", f"Review or block, against {whole}: 1 is perfect, 0 is useless."
        ),
    ]
    if head.blocked_f1:
        means = f"Block alone, against {event}: 1 is perfect, 0 is useless."
        facts.append(_fact("f1", head.blocked_f1, "F1 of blocking", means))
    return Facts(tuple(facts))


def promise(found: Evaluation) -> Notes:
    """The promise of the first run in words, and what the test rows say to it."""
    first = found.promises[0]
    grave = first.verdict in ("contradicted", "no promise")
    return Notes("The promise", (first.sentence, words.VERDICTS[first.verdict]), grave)


def pairs(found: Evaluation) -> Section | None:
    """Minimal pairs, in numbers and as bars."""
    if found.pairs is None:
        return None
    rows = (found.pairs.overall, *found.pairs.kinds)
    told = Text(
        "Each pair has a message that talks about harm without danger (news, fiction, memories, figures of "
        "speech …) and a twin at risk that differs in few words. A guard that reads lets the first pass and "
        "stops the second; one that spots words cannot tell them apart."
    )
    drawn = figures.bars([(row.kind, row.stopped) for row in rows], "False alarms on minimal pairs")
    caption = "Of the harmless sides, the share that was stopped. Lines are 95% (Wilson) intervals."
    return Section(
        "Reading or spotting words: minimal pairs", (told, Figure(drawn, caption), tables.pairs(rows))
    )


def _fact(metric: str, number: Estimate, name: str, means: str) -> Fact:
    wording = METRICS[metric]
    return Fact(name, wording.value(number), wording.interval(number), means)


def _top(found: Evaluation) -> Iterator[Block]:
    """What the first screen holds."""
    yield Text(measured_on(found))
    yield headline(found)
    yield Notes("The rule", tuple(found.headline.rule))
    yield promise(found)
    if found.warnings:
        yield Notes("Read this first", found.warnings, grave=True)


def _sections(found: Evaluation) -> Iterator[Section]:
    yield Section("The decision as a whole", tuple(_whole(found)))
    if tested := tables.promises(found.axis, found.promises):
        yield Section("The promise on test", (tested,))
    for result in sorted(found.events, key=lambda result: result.name != found.headline.event):
        title = event_title(found.axis, result.name)
        yield Section(f"Telling {title}", tuple(_event(title, result)))
    yield Section("Telling the labels apart", tuple(_labels(found)))
    if twins := pairs(found):
        yield twins
    if found.slices:
        yield Section("Where it is better or worse", tuple(_slices(found)))
    yield Section("The worst mistakes", tuple(_mistakes(found)))
    yield Section("What was asked", (tables.asked(found.axis),))
    yield Section(
        "How this was made", (tables.origin("What these numbers were made from.", found.made_from),)
    )
    yield Section("How to read this", tuple(map(Text, _reading(found))))


def _whole(found: Evaluation) -> Iterator[Block]:
    title = event_title(found.axis, found.whole.event)
    share = f"{found.whole.positives:,} of {found.rows:,}"
    yield Text(f"{share} messages are {title} and should be stopped, that is reviewed or blocked.")
    yield tables.whole(found)
    yield tables.outcomes(found.outcomes)


def _event(title: str, result: EventResult) -> Iterator[Block]:
    """All about one event."""
    yield Text(f"{result.positives:,} of {result.positives + result.negatives:,} test messages are {title}.")
    yield tables.event(title, result)
    yield tables.ranking(title, result)
    yield from _drawings(title, result)
    yield tables.choices(title, result.choices)


def _drawings(title: str, result: EventResult) -> Iterator[Figure]:
    if result.curve:
        yield Figure(
            figures.precision_recall(result, f"Precision and recall of {title}"),
            "Each threshold is a point: further right catches more, further up is right more often.",
        )
    yield Figure(
        figures.trade_off(result.choices, f"What each threshold costs for {title}"),
        "A lower threshold catches more and raises more false alarms. Whiskers are 95% intervals.",
    )
    yield Figure(
        figures.reliability(result.reliability, f"Stated and true probability of {title}"),
        "On the dashed line, probabilities are honest; below it, too high. Whiskers are 95% intervals.",
    )


def _labels(found: Evaluation) -> Iterator[Block]:
    yield tables.all_labels(found.all_labels)
    yield tables.honesty(found.all_labels)
    if found.nodes:
        yield node_table.table(found.nodes)
    if not found.axis.exclusive:
        yield tables.two_by_two(found.confusions)
        return
    (confusion,) = found.confusions
    drawn = figures.confusion(confusion, "Labels by truth and decision")
    caption = "Rows are the truth, columns what was decided; right decisions are framed."
    yield Figure(drawn, caption, tables.confusion(confusion))


def _slices(found: Evaluation) -> Iterator[Block]:
    yield Text(
        "The decision as a whole on parts of the test messages. With fewer than 10 messages to catch, or to "
        f"let pass, a number would mislead: '{TOO_FEW}'."
    )
    for by in dict.fromkeys(part.by for part in found.slices):
        yield tables.slices(by, (part for part in found.slices if part.by == by))


def _mistakes(found: Evaluation) -> Iterator[Block]:
    yield Text("By id and length only: whoever may read the messages finds them in the split by their id.")
    title = event_title(found.axis, found.whole.event)
    made = found.mistakes
    sorts = (
        ("missed messages", made.missed, made.worst_missed),
        ("false alarms", made.false_alarms, made.worst_false_alarms),
    )
    for name, count, worst in sorts:
        yield tables.mistakes(name, count, title, worst) if worst else Text(f"There are no {name}.")


def _reading(found: Evaluation) -> Iterator[str]:
    """What somebody who has not met these words before needs to know."""
    yield (
        "Intervals: in 95 of 100 cases like this one the true number lies inside. They come from "
        f"{found.rounds:,} resamples of the test messages, in which messages of one person or conversation "
        "stay together; shares never get a narrower interval than Wilson's."
    )
    if found.runs == 1:
        yield "There was one training run. The intervals do not know how another run would have turned out."
    yield (
        "Stopped means reviewed or blocked. The neutral threshold is no choice of ours: the likeliest label, "
        "or for independent labels a probability of 0.5. It makes numbers comparable with those of others."
    )
    yield (
        "All of this is about messages like the test messages. Other people, other words or another share of "
        "messages at risk give other numbers; measure on your own before you rely on it."
    )
    yield f"Draws are repeatable: seed {found.seed}."
