"""A cascade against its last stage alone: the same texts, the same promise, what is caught and how fast.

    mindrail build recipes/cascade-prompt-harm.yaml
    mindrail export --run out/cascade-prompt-harm/run --split out/cascade-prompt-harm/split --out out/alone/guard
    python benchmarks/cascade.py --cascade out/cascade-prompt-harm/guard --alone out/alone/guard \\
        --split out/cascade-prompt-harm/split

Three mixes, 95 % harmless each, the harmful texts always those of the test set. `real`: the harmless are messages
of real people to a chat model; nothing was trained or chosen on them. `near`: the harmless are the test set's own,
written to look harmful. `pool`: they are like what the early stage learned from (rows of dev, from the set that most
of the unlabelled texts come from). Recall and false alarms are of whole sets. Both guards work on one core, by turns,
text by text, and both read by the cascade's views.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from _result import measure, write

from mindrail import Guard, seeds
from mindrail.data import corpus
from mindrail.recipes.split import Split
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


def alike(folder: Path, name: str) -> list[Example]:
    """The rows of a set that lie in a split's dev part."""
    split = Split.load(folder)
    own = {example.text for example in corpus.read(name, split.taxonomy, split.axis)}
    return [example for example in split.part("dev") if example.text in own]


def rate(guard: Guard, examples: list[Example], unit: str) -> dict[str, Any]:
    """The share that is not allowed."""
    stopped = wilson(sum(a.decision != "allow" for a in guard.many(examples)), len(examples))
    return measure(stopped.value, (stopped.low, stopped.high), unit)


def mix(harmful: list[Example], harmless: list[Example], size: int) -> list[Example]:
    """Texts as traffic might bring them."""
    random = seeds.stream(0, "mix")
    bad = round(size * (1 - HARMLESS_SHARE))
    parts = ((harmful, bad), (harmless, size - bad))
    drawn = [part[i] for part, count in parts for i in random.choice(len(part), count).tolist()]
    return [drawn[i] for i in random.permutation(len(drawn))]


def seconds(guards: list[Guard], texts: list[Example], rounds: int) -> np.ndarray:
    """[round, guard]: processor time for all texts, the guards by turns; a first round is not counted."""
    spent = np.zeros((rounds + 1, len(guards)))
    for turn in range(rounds + 1):
        for text in texts:
            for place, guard in enumerate(guards):
                began = time.process_time()
                guard(text)
                spent[turn, place] += time.process_time() - began
    return spent[1:]


def stages(scorer: CascadeScorer, texts: list[Example]) -> dict[str, Any]:
    """Where a cascade's time goes: the share of texts that reaches each stage, and a stage's time for those."""
    asked = np.array([scorer.walk(text)[1] for text in texts])
    told: dict[str, Any] = {}
    for number, stage in enumerate(scorer.scorers, start=1):
        reached = wilson(int((asked >= number).sum()), len(asked))
        told[f"asks_stage_{number}"] = measure(reached.value, (reached.low, reached.high), "share of the mix")
        began = time.process_time()
        for text, most in zip(texts, asked, strict=True):
            if most >= number:
                stage.one(text, map)
        each = (time.process_time() - began) / max(1, int((asked >= number).sum()))
        told[f"milliseconds_stage_{number}"] = measure(
            each * 1e3, None, "milliseconds per text that reaches it"
        )
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cascade", type=Path, required=True)
    parser.add_argument("--alone", type=Path, required=True)
    parser.add_argument("--test", default="wildguardtest-prompts")
    parser.add_argument("--real", default="toxicchat-test-human")
    parser.add_argument("--split", type=Path, required=True, help="what the cascade was made from")
    parser.add_argument("--pool", default="benign-instructions")
    parser.add_argument("--texts", type=int, default=1000, help="texts of a mix that are timed")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    guards = {name: Guard.load(getattr(options, name), threads=1) for name in ("cascade", "alone")}
    guards["alone"] = guards["alone"].read_as(guards["cascade"].reading)
    harmful, near = labelled(guards["alone"], options.test)
    real_harmful, real = labelled(guards["alone"], options.real)
    measures: dict[str, Any] = {}
    for name, guard in guards.items():
        measures[f"recall_{name}"] = rate(guard, harmful, "share of harmful test prompts stopped")
        measures[f"false_alarms_{name}"] = rate(guard, near, "share of harmless test prompts stopped")
        measures[f"real_recall_{name}"] = rate(guard, real_harmful, "share of harmful real messages stopped")
        measures[f"real_false_alarms_{name}"] = rate(guard, real, "share of harmless real messages stopped")
    viewed = guards["cascade"].scorer
    assert isinstance(viewed, ViewedScorer) and isinstance(viewed.inner, CascadeScorer)
    pool = alike(options.split, options.pool)
    for kind, harmless in (("real", real), ("near", near), ("pool", pool)):
        texts = mix(harmful, harmless, options.texts)
        spent = seconds(list(guards.values()), texts, options.rounds)
        ratios = spent[:, 1] / spent[:, 0]
        measures["speedup" if kind == "real" else f"speedup_{kind}"] = measure(
            float(np.median(ratios)),
            (float(ratios.min()), float(ratios.max())),
            "times the texts per second of the last stage alone",
        )
        for place, name in enumerate(guards):
            each = float(np.median(spent[:, place])) / len(texts) * 1e3
            measures[f"milliseconds_{name}_{kind}"] = measure(each, None, "milliseconds per text")
        measures |= {f"{name}_{kind}": told for name, told in stages(viewed.inner, texts).items()}
    promises = {name: guard.promise for name, guard in guards.items()}
    print(write("cascade", measures, promises=promises, texts=options.texts))


if __name__ == "__main__":
    main()
