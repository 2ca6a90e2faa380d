"""Write the README's tables from the committed results: `python benchmarks/tables.py [--check]`."""

import sys
from pathlib import Path
from typing import Any

from _result import RESULTS

from mindrail import files

README = Path(__file__).parent.parent / "README.md"
START, END = "<!-- results -->", "<!-- /results -->"


def cell(measure: dict[str, Any], scale: float = 1.0, digits: int = 2) -> str:
    value = f"{scale * measure['value']:.{digits}f}"
    if measure["interval"] is None:
        return value
    low, high = (f"{scale * bound:.{digits}f}" for bound in measure["interval"])
    return f"{value} ({low} to {high})"


def section(name: str, title: str, labels: dict[str, str], scale: float, digits: int) -> list[str]:
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return []
    result = files.read_json(path)
    lines = [title, "", "| measure | value (95 % interval) |", "| --- | --- |"]
    for key, label in labels.items():
        if key in result["measures"]:
            lines.append(f"| {label} | {cell(result['measures'][key], scale, digits)} |")
    machine = result["machine"]
    lines += [
        "",
        f"`{result['command']}`, {machine['processor']}, {machine['cores']} cores, `{name}.json`.",
        "",
    ]
    return lines


def tables() -> str:
    lines = section(
        "baseline",
        "**prompt-harm**, F1 of harmful on WildGuardTest prompts (1,554), three seeds, in points:",
        {
            "f1_200_majority": "200 labels, majority",
            "f1_200_linear": "200 labels, linear",
            "f1_200_static": "200 labels, static",
            "f1_200_encoder": "200 labels, encoder",
            "f1_full_linear": "all 4,308 labels, linear",
            "f1_full_static": "all 4,308 labels, static",
            "f1_full_encoder": "all 4,308 labels, encoder",
            "fpr_minimal_pairs": "encoder, 200 labels: harmless sides of the minimal pairs stopped, %",
            "fpr_minimal_pairs_full": "encoder, all labels: harmless sides of the minimal pairs stopped, %",
        },
        100,
        1,
    )
    lines += section(
        "label_budget",
        "**Unlabelled messages**, prompt-harm with 200 labels, the way of learning that is best on dev, F1 points:",
        {
            "f1_200_supervised": "the 200 labels alone",
            "f1_200_semi_supervised": "with 4,108 unlabelled messages",
            "gain_200_f1": "gain, paired over seeds",
            "f1_full_supervised": "all 4,308 labels",
            "gap_to_full_f1": "what is still missing to that",
        },
        1,
        1,
    )
    lines += section(
        "inference",
        "**Speed** against the transformers pipeline, same weights, same run, as ratios:",
        {
            "single_latency_speedup": "one text at a time",
            "bulk_throughput_speedup": "many texts, the pipeline at its own best batch size",
            "bulk_throughput_speedup_against_32": "many texts, the pipeline at batch 32",
            "cold_start_speedup": "process start to first answer",
            "rss_ratio": "memory (ours over theirs)",
            "single_latency_speedup_float32": "one text at a time, float32",
            "bulk_throughput_speedup_float32": "many texts, float32",
        },
        1,
        2,
    )
    lines += section(
        "semisup_speed",
        "**Speed of semi-supervised training**: one FixMatch step against USB's (semilearn 0.3.2), same batch:",
        {
            "steps_speedup_vs_usb": "speed-up, six in ten unlabelled texts counting",
            "steps_speedup_vs_usb_all_counting": "speed-up, all counting",
            "steps_speedup_vs_usb_float32": "speed-up in float32, six in ten counting",
        },
        1,
        2,
    )
    lines += section(
        "resume",
        "**Stopped and started again**: training killed 20 times, against a run that was left alone:",
        {
            "histories_equal": "share of runs with the same history",
            "weights_equal": "share of runs with the same weights, bit for bit",
            "kills_while_saving": "kills that hit a checkpoint being written",
        },
        1,
        1,
    )
    lines += section(
        "promise",
        "**The promise** over random re-splits of real scores, share in which it held, %:",
        {
            "promise_held_rate": "worst of the recalls promised",
            "promise_held_rate_0.8": "recall 0.8 of the next messages",
            "promise_held_rate_0.9": "recall 0.9 of the next messages",
            "promise_held_rate_0.95": "recall 0.95 of the next messages",
            "promise_held_rate_long_run_0.9": "recall 0.9 in the long run",
        },
        100,
        1,
    )
    return "\n".join(lines).strip()


def main() -> None:
    text = files.read_text(README)
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    made = f"{head}{START}\n{tables()}\n{END}{tail}"
    if "--check" in sys.argv:
        sys.exit(0 if made == text else "README.md is older than the results. Do: make results")
    files.write_text(README, made)


if __name__ == "__main__":
    main()
