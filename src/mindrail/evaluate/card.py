"""The README of a guard: what it answers, how it was made, what it is worth, and what it is not."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from mindrail.data.card import Card
from mindrail.evaluate import markdown, sections, tables, words
from mindrail.evaluate.document import Block, Notes, Section, Table, Text
from mindrail.evaluate.results import Estimate, Evaluation
from mindrail.taxonomy.axis import Taxonomy

_USE = """## How to use it

```python
from mindrail import Guard

guard = Guard.load("path/to/this/folder")
answer = guard("I miss her so much today.")
print(answer.decision, answer.label, answer.probability)
```

It needs `pip install mindrail`, no GPU and no network; nothing that it reads leaves the machine.

"""

_NOT = """\
It is no clinical tool. It diagnoses nobody, it does not measure how much danger a person is in, and it has
not been tested as a medical device. 'allow' does not mean that a person is safe.

It is no reason to punish, exclude or watch somebody. What it stops should be read by a person who may help.

It does not replace people to talk to. If you, or somebody you know, may be in danger: call your local
emergency number. https://findahelpline.com lists free and confidential lines in most countries.
"""


def card(
    evaluation: Evaluation,
    taxonomy: Taxonomy,
    *,
    sets: Mapping[str, Card],
    parity: Mapping[str, Any],
    licence: str = "other",
    base_model: str | None = None,
) -> str:
    """The card as Markdown with YAML front matter, as model hubs read it.

    `sets` are the cards of everything that was learned from or judged on, by name. `parity` is what export
    found between the model and its exported form; it is repeated as it is. `licence` is yours to choose.
    """
    front = _front(evaluation, taxonomy, sets, licence, base_model)
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    title = f"# {markdown.safe(evaluation.name)}\n\n"
    answers, *others = (markdown.section(part) for part in _sections(evaluation, taxonomy, sets, parity))
    return f"---\n{head}---\n\n{title}{answers}{_USE}{''.join(others)}".rstrip() + "\n"


def _front(
    found: Evaluation, taxonomy: Taxonomy, sets: Mapping[str, Card], licence: str, base_model: str | None
) -> dict[str, Any]:
    """What machines read."""
    return {
        "language": sorted({language for one in sets.values() for language in one.languages}),
        "license": licence,
        "library_name": "mindrail",
        "pipeline_tag": "text-classification",
        "tags": ["mindrail", "safety", "guard", taxonomy.id],
        **({"base_model": base_model} if base_model else {}),
        "model-index": [{"name": found.name, "results": [_result(found, taxonomy)]}],
    }


def _result(found: Evaluation, taxonomy: Taxonomy) -> dict[str, Any]:
    head = found.headline
    event = words.event_title(found.axis, head.event)
    numbers: tuple[tuple[str, str, Estimate], ...] = (
        ("recall", f"Recall of {event}, stopped", head.recall),
        ("false_positive_rate", "False alarms, stopped", head.false_alarms),
        ("f1", "F1 of stopping", head.f1),
        ("f1_macro", "Macro F1 of the labels", found.all_labels.decided.macro_f1),
        ("roc_auc", f"AUROC of {event}", found.event(head.event).ranking.auroc),
    )
    return {
        "task": {"type": "text-classification", "name": taxonomy.asks},
        "dataset": {"name": f"{taxonomy.id} test split", "type": taxonomy.id, "split": "test"},
        "metrics": [
            {"type": kind, "name": name, "value": round(number.value, 4)}
            for kind, name, number in numbers
            if number.value is not None
        ],
    }


def _sections(
    found: Evaluation, taxonomy: Taxonomy, sets: Mapping[str, Card], parity: Mapping[str, Any]
) -> Iterator[Section]:
    asks = f"{taxonomy.asks} It judges one {taxonomy.judges}, with what was said before it."
    yield Section("What it answers", (Text(asks), tables.asked(found.axis)))
    yield Section("What was measured", tuple(_measured(found)))
    rule = Notes("The rule", found.headline.rule)
    yield Section("What it promises", (sections.promise(found), *_tested(found), rule))
    if pairs := sections.pairs(found):
        yield pairs
    yield Section("How it was made", tuple(_made(found, sets)))
    exported = Text("The exported files against the model that was trained; measured on the same messages.")
    yield Section("Export", (exported, tables.origin("What was compared, and what was found.", parity)))
    yield Section("Limits", tuple(_limits(found)))
    yield Section("What this guard is not", tuple(map(Text, _NOT.split("\n\n"))))


def _measured(found: Evaluation) -> Iterator[Block]:
    yield Text(sections.measured_on(found))
    yield sections.headline(found)
    yield tables.outcomes(found.outcomes)
    yield tables.all_labels(found.all_labels)


def _tested(found: Evaluation) -> Iterator[Table]:
    if table := tables.promises(found.axis, found.promises):
        yield table


def _made(found: Evaluation, sets: Mapping[str, Card]) -> Iterator[Block]:
    head = ("Set", "Licence", "Open", "Languages", "Known problems")
    rows = (
        (name, one.licence, "yes" if one.open_licence else "no", ", ".join(one.languages), one.problems)
        for name, one in sets.items()
    )
    yield Table("What it learned from and was judged on.", head, tuple(rows))
    closed = [name for name, one in sets.items() if not one.open_licence]
    if closed:
        terms = (
            f"{', '.join(closed)}: no open licence. Before you pass this guard on, or sell its use, ask the "
            "owners of these sets."
        )
        yield Notes("Not open", (terms,), grave=True)
    yield tables.origin("What these numbers were made from.", found.made_from)


def _limits(found: Evaluation) -> Iterator[Block]:
    if found.warnings:
        yield Notes("Found on the test messages", found.warnings, grave=True)
    yield Text(
        "The numbers hold for messages like the test messages. Other people, other words, another language "
        "or another share of messages at risk give other numbers: measure on your own before you rely on it."
    )
    yield Text(
        "It reads words. It does not know who speaks, what happened before the conversation or what is left "
        "unsaid, and people who want to get past it will find words that do."
    )
