"""What 10⁹ messages a day would take, on paper: measured seconds per message, times assumptions with their ranges.

    python benchmarks/cost_model.py --core-hour 0.03 --gpu-hour 3

writes `results/cost_model.json`, and its tables into docs/scale.md.

Nothing is timed here. Constants are read from the other result files and named with the file they come from; what was
never measured (prices, how busy machines can be kept, how long your messages are, what a 70B model reads in a second)
is an assumption with a low, a middle and a high value. `swings` says what each assumption alone does to the cost.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from _result import RESULTS, measure, write

from mindrail import files

MESSAGES = 1e9
HOUR, DAY = 3600.0, 86_400.0


@dataclass(frozen=True)
class Assumed:
    """Somebody's guess: the range is at least as important as the middle."""

    low: float
    middle: float
    high: float
    unit: str
    why: str


@dataclass(frozen=True)
class Inputs:
    """One value for everything that a plan's cost depends on."""

    linear: float  # core seconds a message
    encoder: float
    small_llm: float
    cascade_gain: float  # messages in the time that the encoder alone takes for one
    core_hour: float  # money
    gpu_hour: float
    busy: float  # share of paid time in which machines work
    length: float  # times the core seconds of the messages that were measured
    reviewed: float  # share of messages that are shown to the 70B model
    prompt: float  # tokens read for each of those
    node_tokens: float  # tokens that a node with the 70B model reads in a second
    node_gpus: float


#: core seconds and money of one message
Cost = tuple[float, float]


def on_cores(seconds: float, given: Inputs) -> Cost:
    """A message on ordinary cores."""
    paid = seconds * given.length / given.busy
    return paid, paid / HOUR * given.core_hour


def large_model(given: Inputs) -> Cost:
    """What the 70B model adds to a message, most of which it never sees."""
    node_seconds = given.reviewed * given.prompt / given.node_tokens / given.busy
    return 0.0, node_seconds / HOUR * given.node_gpus * given.gpu_hour


def both(first: Cost, second: Cost) -> Cost:
    return first[0] + second[0], first[1] + second[1]


def cascade(given: Inputs) -> Cost:
    """A cascade whose last stage is that encoder. Not the sum of its stages: those were timed on other messages."""
    return on_cores(given.encoder / given.cascade_gain, given)


PLANS: Mapping[str, Callable[[Inputs], Cost]] = {
    "linear": lambda given: on_cores(given.linear, given),
    "encoder": lambda given: on_cores(given.encoder, given),
    "cascade": cascade,
    "cascade_and_70b": lambda given: both(cascade(given), large_model(given)),
    "small_llm": lambda given: on_cores(given.small_llm, given),
}


def measured(results: Path) -> dict[str, tuple[float, str]]:
    """Constants by the name of the input, each with where it comes from."""

    def value(name: str, key: str) -> float:
        found: float = files.read_json(results / f"{name}.json")["measures"][key]["value"]
        return found

    cores = files.read_json(results / "inference.json")["machine"]["cores"]
    linear = value("model_size", "emotional-risk 1000: linear/cpu_s_per_1000") / 1000
    return {
        "linear": (linear, "model_size.json, linear/cpu_s_per_1000"),
        "encoder": (
            cores / value("inference", "guard_bulk_texts_per_second"),
            f"inference.json, {cores} cores over guard_bulk_texts_per_second",
        ),
        "small_llm": (
            value("lora_cost", "scoring_cpu_seconds_per_1000") / 1000,
            "lora_cost.json, scoring_cpu_seconds_per_1000",
        ),
        "cascade_gain": (value("cascade", "speedup"), "cascade.json, speedup"),
    }


def assumed(core_hour: float, gpu_hour: float) -> dict[str, Assumed]:
    """What nobody measured here."""
    paid = "given; from own hardware to the dearest cloud"
    alone = "only what a guard sends to review is asked about; high: a guard from few labels"
    busy = "days have peaks; a nightly batch keeps machines busier"
    length = "the messages that each constant was measured on; the encoder's have 14 tokens in the middle"
    gains = "middle: measured; high: what it would take an encoder that lets most messages pass"
    reads = "never measured here: from a cold prefix cache to a warm one"
    return {
        "core_hour": Assumed(core_hour / 3, core_hour, core_hour * 2, "money", paid),
        "gpu_hour": Assumed(gpu_hour / 2, gpu_hour, gpu_hour * 2, "money", paid),
        "busy": Assumed(0.3, 0.5, 0.8, "share of paid time", busy),
        "length": Assumed(0.5, 1.0, 4.0, "times the measured cost of a message", length),
        "cascade_gain": Assumed(1.0, 1.4, 4.0, "times the encoder's rate", gains),
        "reviewed": Assumed(0.001, 0.01, 0.2, "share of messages", alone),
        "prompt": Assumed(400, 900, 1500, "tokens", "middle: the prompts of llm_scoring.json, 8 shots"),
        "node_tokens": Assumed(5_000, 15_000, 40_000, "tokens/s", reads),
        "node_gpus": Assumed(
            2, 4, 8, "GPUs a node", "70B weights take 140 GB in bfloat16, half in eight bits"
        ),
    }


def middle(constants: Mapping[str, tuple[float, str]], guesses: Mapping[str, Assumed]) -> Inputs:
    """Everything at its middle; a constant that was measured is never replaced by a guess."""
    values = {name: one.middle for name, one in guesses.items()} | {
        name: one for name, (one, _) in constants.items()
    }
    return Inputs(**values)


def swings(
    plan: Callable[[Inputs], Cost], at: Inputs, guesses: Mapping[str, Assumed]
) -> dict[str, list[float]]:
    """Money per day with each assumption at its low and its high value and all others in the middle."""
    return {
        name: sorted(round(plan(replace(at, **{name: end}))[1] * MESSAGES, 2) for end in (one.low, one.high))
        for name, one in guesses.items()
    }


def corners(
    plan: Callable[[Inputs], Cost], at: Inputs, guesses: Mapping[str, Assumed]
) -> tuple[float, float]:
    """Money per day with everything as cheap, and as dear, as assumed: each input pushes the cost one way only."""
    ends = []
    for cheap in (min, max):
        best = {
            name: cheap((one.low, one.high), key=lambda end, name=name: plan(replace(at, **{name: end}))[1])
            for name, one in guesses.items()
        }
        ends.append(plan(replace(at, **best))[1] * MESSAGES)
    return ends[0], ends[1]


TITLES = {
    "linear": "linear guard",
    "encoder": "encoder guard",
    "cascade": "cascade that ends in the encoder",
    "cascade_and_70b": "cascade, and a 70B model for what is reviewed",
    "small_llm": "SmolLM2 (135M) with an adapter",
}
PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- numbers -->\n", "<!-- end of numbers -->"


def tables(result: Mapping[str, Any]) -> str:
    """The plans, then what each assumption alone does to the dearest part of a plan."""
    lines = [
        "| every message by | cores | money a day | all at their ends | a million |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, title in TITLES.items():
        cores, day, million = (
            result["measures"][f"{name}/{key}"] for key in ("cores", "money_per_day", "money_per_million")
        )
        low, high = (f"{end:,.0f}" for end in day["interval"])
        lines.append(
            f"| {title} | {cores['value']:,.0f} | {day['value']:,.0f} | {low} to {high} | {million['value']:.2g} |"
        )
    lines += [
        "",
        "| assumed | low, middle, high | encoder, money a day | cascade and 70B |",
        "| --- | --- | --- | --- |",
    ]
    for name, one in result["assumed"].items():
        ends = (result["swings"][plan][name] for plan in ("encoder", "cascade_and_70b"))
        cells = (f"{low:,.0f} to {high:,.0f}" if low != high else "–" for low, high in ends)
        values = ", ".join(f"{one[key]:,.10g}" for key in ("low", "middle", "high"))
        lines.append(f"| `{name}`, {one['unit']}: {one['why']} | {values} | {' | '.join(cells)} |")
    measured = "; ".join(
        f"`{name}` {one['value']:.3g} ({one['from']})" for name, one in result["measured"].items()
    )
    return "\n".join([*lines, "", f"Measured, in core seconds a message or times a rate: {measured}."]) + "\n"


def tell(result: Mapping[str, Any]) -> None:
    """Put the tables into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    files.write_text(PAGE, f"{before}{BEGIN}{tables(result)}{END}{rest.partition(END)[2]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core-hour", type=float, default=0.03, help="what a core costs for an hour")
    parser.add_argument("--gpu-hour", type=float, default=3.0, help="what a GPU costs for an hour")
    options = parser.parse_args()
    constants, guesses = measured(RESULTS), assumed(options.core_hour, options.gpu_hour)
    at, measures = middle(constants, guesses), {}
    for name, plan in PLANS.items():
        seconds, money = plan(at)
        measures[f"{name}/cores"] = measure(seconds * MESSAGES / DAY, None, "cores, paid around the clock")
        measures[f"{name}/money_per_day"] = measure(
            money * MESSAGES,
            corners(plan, at, guesses),
            "money a day; the interval is all assumptions at their ends",
        )
        measures[f"{name}/money_per_million"] = measure(money * 1e6, None, "money for a million messages")
    place = write(
        "cost_model",
        measures,
        messages_per_day=MESSAGES,
        measured={name: {"value": one, "from": where} for name, (one, where) in constants.items()},
        assumed={name: vars(one) for name, one in guesses.items()},
        swings={name: swings(plan, at, guesses) for name, plan in PLANS.items()},
    )
    tell(files.read_json(place))


if __name__ == "__main__":
    main()
