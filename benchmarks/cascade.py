"""A cascade against its last stage alone: the same texts, the same promise, what is caught and how fast.

    python benchmarks/cascade.py --cascade out/cascade-prompt-harm/guard --alone out/prompt-harm-200/guard

The mix is 95 % harmless: harmful test prompts, and for each of them nineteen harmless texts, drawn from the test set
and from everyday instructions in equal parts. Recall and false alarms are of the test set. Both guards work on one
core, by turns, text by text, and both read by the cascade's views.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from _result import measure, write

from mindrail import Guard, seeds
from mindrail.data import corpus
from mindrail.records import Example
from mindrail.runtime.cascade import CascadeScorer
from mindrail.runtime.viewed import ViewedScorer
from mindrail.stats.intervals import wilson

HARMLESS_SHARE = 0.95


def labelled(guard: Guard, name: str) -> tuple[list[Example], list[Example]]:
    """The harmful and the harmless rows of a set, by the guard's own labels."""
    stopped = {label.name for label in guard.axis.labels if label.decision != "allow"}
    found = [e for e in corpus.read(name, guard.taxonomy, guard.axis) if guard.axis.name in e.answers]
    harmful = [e for e in found if e.answers[guard.axis.name] in stopped]
    return harmful, [e for e in found if e.answers[guard.axis.name] not in stopped]


def rate(guard: Guard, examples: list[Example], unit: str) -> dict[str, Any]:
    """The share that is not allowed."""
    stopped = wilson(sum(a.decision != "allow" for a in guard.many(examples)), len(examples))
    return measure(stopped.value, (stopped.low, stopped.high), unit)


def mix(harmful: list[Example], near: list[Example], everyday: list[Example], size: int) -> list[Example]:
    """Texts as traffic might bring them."""
    random = seeds.stream(0, "mix")
    bad = round(size * (1 - HARMLESS_SHARE))
    parts = ((harmful, bad), (near, (size - bad) // 2), (everyday, size - bad - (size - bad) // 2))
    drawn = [part[i] for part, count in parts for i in random.choice(len(part), count).tolist()]
    return [drawn[i] for i in random.permutation(len(drawn))]


def seconds(guards: list[Guard], texts: list[Example], rounds: int) -> np.ndarray:
    """[round, guard]: processor time for all texts, the guards by turns; a first round is not counted."""
    spent = np.zeros((rounds + 1, len(guards)))
    for turn in range(rounds + 1):
        for place, guard in enumerate(guards):
            began = time.process_time()
            for text in texts:
                guard(text)
            spent[turn, place] = time.process_time() - began
    return spent[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cascade", type=Path, required=True)
    parser.add_argument("--alone", type=Path, required=True)
    parser.add_argument("--test", default="wildguardtest-prompts")
    parser.add_argument("--everyday", default="benign-instructions")
    parser.add_argument("--texts", type=int, default=400, help="texts of the mix that are timed")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    guards = {name: Guard.load(getattr(options, name), threads=1) for name in ("cascade", "alone")}
    guards["alone"] = guards["alone"].read_as(guards["cascade"].reading)
    harmful, near = labelled(guards["alone"], options.test)
    _, everyday = labelled(guards["alone"], options.everyday)
    measures: dict[str, Any] = {}
    for name, guard in guards.items():
        measures[f"recall_{name}"] = rate(guard, harmful, "share of harmful test prompts stopped")
        measures[f"false_alarms_{name}"] = rate(guard, near, "share of harmless test prompts stopped")
        measures[f"everyday_stopped_{name}"] = rate(
            guard, everyday[:1000], "share of everyday instructions stopped"
        )
    texts = mix(harmful, near, everyday, options.texts)
    spent = seconds(list(guards.values()), texts, options.rounds)
    ratios = spent[:, 1] / spent[:, 0]
    measures["speedup"] = measure(
        float(np.median(ratios)),
        (float(ratios.min()), float(ratios.max())),
        "times the texts per second of the last stage alone",
    )
    viewed = guards["cascade"].scorer
    assert isinstance(viewed, ViewedScorer) and isinstance(viewed.inner, CascadeScorer)
    asked = np.array([viewed.inner.walk(text)[1] for text in texts])
    for stage in range(2, len(viewed.inner.scorers) + 1):
        reached = wilson(int((asked >= stage).sum()), len(asked))
        measures[f"asks_stage_{stage}"] = measure(
            reached.value, (reached.low, reached.high), "share of the mix"
        )
    promises = {name: guard.promise for name, guard in guards.items()}
    print(write("cascade", measures, promises=promises, texts=len(texts)))


if __name__ == "__main__":
    main()
