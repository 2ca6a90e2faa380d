"""What slips past a guard in disguise, and what reading through disguises costs.

    python benchmarks/evasion.py --guard out/prompt-harm-200/guard [--guard another …]

Harmful test prompts that a guard stops when they are written plainly are written in every way of
`tests/helpers/attacks.py`, and judged with and without views. `missed` is the share that is allowed then, `seen` the
share in which the model itself finds the event (the rest is reviewed because too little of it reached the model).
Attacks of the family `sealed` were never looked at while the views were made. The harmless sets say what the views
add in false alarms; the time is that of plain ASCII texts, both ways by turns.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _result import measure, write

from mindrail import Guard, seeds
from mindrail.data import corpus
from mindrail.guard import Answer
from mindrail.records import Example
from mindrail.stats.intervals import wilson
from mindrail.text.normalise import Reading

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from helpers.attacks import FAMILIES, Attack

HARMLESS = {
    "benign-instructions": "everyday instructions",
    "minimal-pairs": "near-twins of dangerous texts",
    "hatemoji-build": "rich in emoji",
    "cold": "Chinese",
}


def share(hits: int, size: int, unit: str) -> dict[str, Any]:
    rate = wilson(hits, size)
    return measure(rate.value, (rate.low, rate.high), unit)


def attacked(guard: Guard, texts: Sequence[str], attack: Attack, name: str) -> dict[str, Any]:
    """One attack on texts that are stopped when written plainly."""
    written = [attack(text, seeds.stream(0, name, place)) for place, text in enumerate(texts)]
    told: dict[str, Any] = {}
    for when, reading in (("before", Reading.as_written()), ("after", Reading())):
        answers = guard.read_as(reading).many(written)
        allowed = sum(answer.decision == "allow" for answer in answers)
        seen = sum(answer.event is not None for answer in answers)
        told[when] = {
            "missed": share(allowed, len(texts), "share allowed"),
            "seen": share(seen, len(texts), "share in which the model finds the event"),
        }
    return told


def harmless(guard: Guard, name: str, most: int) -> dict[str, Any]:
    """What views change on texts in which nothing is to be found."""
    safe = [label.name for label in guard.axis.labels if label.decision == "allow"]
    examples = _harmless(guard, name, safe, most)
    before = guard.read_as(Reading.as_written()).many(examples)
    after = guard.read_as(Reading()).many(examples)
    pairs = list(zip(before, after, strict=True))
    added = sum(a.decision == "allow" != b.decision for a, b in pairs)
    freed = sum(a.decision != "allow" == b.decision for a, b in pairs)
    return {
        "about": HARMLESS[name],
        "stopped_before": share(_stopped(before), len(pairs), "share stopped"),
        "stopped_after": share(_stopped(after), len(pairs), "share stopped"),
        "added": share(added, len(pairs), "share that only views stop"),
        "freed": share(freed, len(pairs), "share that views let through, because now it is read"),
        "windows": measure(
            sum(b.windows for b in after) / sum(a.windows for a in before),
            None,
            "windows read, times as many",
        ),
    }


def _stopped(answers: Sequence[Answer]) -> int:
    return sum(answer.decision != "allow" for answer in answers)


def _harmless(guard: Guard, name: str, safe: Sequence[str], most: int) -> list[Example]:
    if guard.taxonomy.id in corpus.card(name).crosswalks:
        found = corpus.read(name, guard.taxonomy, guard.axis)
        found = [example for example in found if example.answers.get(guard.axis.name) in safe]
    else:  # labelled under another question: the rows that its own label calls harmless
        found = [
            Example.of(row.turns[-1][1]) for row in corpus.rows(name) if row.labels.get("label") == ("0",)
        ]
    order = seeds.stream(0, "harmless", name).permutation(len(found))
    return [found[i] for i in order[:most]]


def cost(folder: Path, texts: Sequence[str], rounds: int = 7) -> dict[str, Any]:
    """CPU time with views against without, on plain ASCII texts, the two by turns, text by text."""
    guard = Guard.load(folder, threads=1)
    both = [guard.read_as(reading) for reading in (Reading.as_written(), Reading())]
    spent = np.zeros((rounds, 2))
    for turn in range(rounds):
        for text in texts:
            for way, one in enumerate(both):
                began = time.process_time()
                one(text)
                spent[turn, way] += time.process_time() - began
    ratios = spent[1:, 1] / spent[1:, 0]
    told = measure(
        float(np.median(ratios)), (float(ratios.min()), float(ratios.max())), "CPU time, times as much"
    )
    return told | {"milliseconds_per_text": round(float(spent[1:, 0].min()) / len(texts) * 1e3, 3)}


def study(folder: Path, guard: Guard, texts: Sequence[str], most: int) -> dict[str, Any]:
    """Attacks, harmless sets and time of one guard."""
    caught = [
        t
        for t, a in zip(texts, guard.read_as(Reading.as_written()).many(texts), strict=True)
        if a.decision != "allow"
    ]
    families: dict[str, Any] = {}
    for family, attacks in FAMILIES.items():
        families[family] = {name: attacked(guard, caught, attack, name) for name, attack in attacks.items()}
        print(
            family,
            {
                n: (t["before"]["missed"]["value"], t["after"]["missed"]["value"])
                for n, t in families[family].items()
            },
        )
    clean = {name: harmless(guard, name, most) for name in HARMLESS}
    print({n: (c["added"]["value"], c["freed"]["value"], c["windows"]["value"]) for n, c in clean.items()})
    ascii_only = [t for t in texts if t.isascii() and t.isprintable()][:150]
    return {
        "kind": guard.manifest.kind,
        "stopped_clean": len(caught),
        "of": len(texts),
        "attacks": families,
        "harmless": clean,
        "cpu_plain_ascii": cost(folder, ascii_only),
    }


def worst(told: dict[str, Any], family: str, when: str) -> dict[str, Any]:
    """The attack of a family that most slips through."""
    name, value = max(
        ((name, value[when]["missed"]) for name, value in told["attacks"][family].items()),
        key=lambda item: item[1]["value"],
    )
    return value | {"attack": name}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guard", type=Path, action="append", required=True)
    parser.add_argument("--test", default="wildguardtest-prompts")
    parser.add_argument("--texts", type=int, default=600, help="harmful texts")
    parser.add_argument("--longest", type=int, default=400, help="characters of a harmful text")
    parser.add_argument("--most", type=int, default=2000, help="harmless texts per set")
    parser.add_argument("--name", default="evasion")
    options = parser.parse_args()
    measures: dict[str, Any] = {}
    guards = {}
    for folder in options.guard:
        guard = Guard.load(folder)
        stopped = {label.name for label in guard.axis.labels if label.decision == "block"}
        found = [
            e.text
            for e in corpus.read(options.test, guard.taxonomy, guard.axis)
            if e.answers.get(guard.axis.name) in stopped
        ]
        found = [text for text in found if len(text) <= options.longest]
        order = seeds.stream(0, "harmful").permutation(len(found))
        texts = [found[i] for i in order[: options.texts]]
        name = folder.parent.name
        guards[name] = told = study(folder, guard, texts, options.most)
        for family in FAMILIES:
            for when in ("before", "after"):
                measures[f"{name}/{family}_worst_{when}"] = worst(told, family, when)
        rows = told["harmless"].values()
        measures[f"{name}/false_alarms_added"] = max((r["added"] for r in rows), key=lambda m: m["value"])
        measures[f"{name}/cpu_plain_ascii"] = told["cpu_plain_ascii"]
    print(write(options.name, measures, guards=guards))


if __name__ == "__main__":
    main()
