"""Write tables from the committed results: the README's few and docs/measured.md's all.

`python benchmarks/tables.py [--check]`
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _result import RESULTS

from mindrail import files

ROOT = Path(__file__).parent.parent
START, END = "<!-- results -->", "<!-- /results -->"


@dataclass(frozen=True)
class Row:
    """One measure of a result file; `scale` makes points or percent of shares."""

    key: str
    says: str
    scale: float = 1.0
    digits: int = 2


@dataclass(frozen=True)
class Table:
    """What is shown of one result file. `short` rows stand in the README as well."""

    name: str
    title: str
    rows: tuple[Row, ...]
    short: tuple[Row, ...] = ()


def rows(says: dict[str, str], scale: float = 1.0, digits: int = 2) -> tuple[Row, ...]:
    return tuple(Row(key, words, scale, digits) for key, words in says.items())


TABLES = (
    Table(
        "baseline",
        "**prompt-harm**, F1 of harmful on WildGuardTest prompts (1,554), three seeds, in points",
        rows(
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
        ),
        (
            Row("f1_200_encoder", "F1 on WildGuardTest prompts, encoder, 200 labels, points", 100, 1),
            Row("f1_full_encoder", "… all 4,308 labels", 100, 1),
            Row("fpr_minimal_pairs", "… 200 labels: harmless talk about pain that is stopped, %", 100, 1),
        ),
    ),
    Table(
        "label_budget",
        "**Unlabelled messages**, prompt-harm with 200 labels, the way of learning that is best on dev, F1 points",
        rows(
            {
                "f1_200_supervised": "the 200 labels alone",
                "f1_200_semi_supervised": "with 4,108 unlabelled messages",
                "gain_200_f1": "gain, paired over seeds",
                "gain_200_f1_dev": "… on dev, which comes from where the unlabelled messages come from",
                "f1_full_supervised": "all 4,308 labels",
                "gap_to_full_f1": "what is still missing to that",
            },
            1,
            1,
        ),
        (Row("gain_200_f1", "gain from 4,108 unlabelled messages, paired over seeds, F1 points", 1, 1),),
    ),
    Table(
        "promise",
        "**The promise** over random re-splits of real scores, share in which it held, %",
        rows(
            {
                "promise_held_rate": "worst of the recalls promised",
                "promise_held_rate_0.8": "recall 0.8 of the next messages",
                "promise_held_rate_0.9": "recall 0.9 of the next messages",
                "promise_held_rate_0.95": "recall 0.95 of the next messages",
                "promise_held_rate_long_run_0.9": "recall 0.9 in the long run",
            },
            100,
            1,
        ),
        (
            Row(
                "promise_held_rate", "a promise made with 95 % confidence held, % of 10,000 re-splits", 100, 1
            ),
        ),
    ),
    Table(
        "inference",
        "**Speed** against the transformers pipeline, same weights, same run, as ratios",
        rows(
            {
                "single_latency_speedup": "one text at a time",
                "bulk_throughput_speedup": "many texts, the pipeline at its own best batch size",
                "bulk_throughput_speedup_against_32": "many texts, the pipeline at batch 32",
                "cold_start_speedup": "process start to first answer",
                "rss_ratio": "memory (ours over theirs)",
                "single_latency_speedup_float32": "one text at a time, float32",
                "bulk_throughput_speedup_float32": "many texts, float32",
            }
        ),
        rows(
            {
                "single_latency_speedup": "times as fast as the transformers pipeline, one text at a time",
                "bulk_throughput_speedup": "… many texts, the pipeline at its own best batch size",
                "cold_start_speedup": "… from process start to first answer",
                "rss_ratio": "memory, of the pipeline's",
            }
        ),
    ),
    Table(
        "roofline",
        "**What is left of the processor's peak**, MiniLM in eight bits, two threads",
        rows(
            {
                "share_of_peak_64": "share of the measured peak, texts of 64 tokens",
                "share_of_peak_128": "… of 128 tokens",
                "texts_per_second_64": "texts a second, 64 tokens, characters to scores",
                "guard_texts_per_second_64": "… the whole guard, views and decision included",
                "score_purity": "scores equal to the bit: alone, shuffled, side by side, after a restart",
            }
        ),
    ),
    Table(
        "load",
        "**Serving** over HTTP, one real message per request, client and server on the same cores",
        (
            Row(
                "rps_speedup",
                "requests a second, times those of FastAPI and the transformers pipeline at its better setting",
            ),
            Row("rps_speedup_as_it_comes", "… as it comes"),
            Row("rps_speedup_one_thread_per_text", "… with one thread per text"),
            Row("saturation_rps", "requests a second, eight connections", digits=0),
            Row("p50_ms_at_70", "half of the answers at 70 % of that, within ms", digits=1),
            Row("p99_ms_at_70", "99 % of them, within ms", digits=1),
            Row("p99_ms_at_70_64_tokens", "99 % where every text has 64 tokens, within ms", digits=1),
            Row("overload_untyped_5xx", "at 300 %: errors other than a typed 503", digits=0),
            Row("overload_p99_taken_ms", "at 300 %: 99 % of what was taken is answered within ms", digits=0),
            Row(
                "overload_p99_refused_ms", "at 300 %: 99 % of what was refused is told so within ms", digits=0
            ),
            Row("overload_rss_growth", "at 300 %: growth of memory, %", 100, 1),
            Row("sigterm_answered", "answered, of those sent while the server was told to end", digits=0),
            Row("sigterm_lost", "… lost", digits=0),
        ),
        (
            Row("rps_speedup", "times the requests a second of FastAPI around that pipeline", digits=1),
            Row("sigterm_lost", "requests lost when a server under load is told to end", digits=0),
        ),
    ),
    Table(
        "memory",
        "**Memory of the serving process** over messages of mixed lengths",
        (
            Row("requests", "requests", digits=0),
            Row("rss_mb", "the most, MB", digits=0),
            Row("rss_growth", "growth from the second tenth to the last, %", 100, 1),
        ),
        (Row("rss_mb", "MB of memory while serving", digits=0),),
    ),
    Table(
        "fuzz",
        "**Inputs nobody would think of**",
        rows(
            {
                "inputs": "inputs made by hypothesis",
                "requests": "requests made by schemathesis from the served document",
                "crashes": "crashes, and promises that broke",
                "five_hundreds": "answers of 5xx other than a typed 503",
                "leaks": "answers, lines and files that held a planted word",
            },
            digits=0,
        ),
    ),
    Table(
        "evasion",
        "**Disguised messages** that the guard catches when they are plain: share still let through, worst family, %",
        rows(
            {
                "prompt-harm-200/exact_worst_before": "disguises that can be undone, without reading views",
                "prompt-harm-200/exact_worst_after": "… with them",
                "prompt-harm-200/lossy_worst_before": "disguises that lose something, without",
                "prompt-harm-200/lossy_worst_after": "… with",
                "prompt-harm-200/sealed_worst_after": "disguises that nothing was tuned on, with",
                "prompt-harm-200/false_alarms_added": "harmless texts that only the views stop",
            },
            100,
            1,
        ),
        (
            Row("prompt-harm-200/exact_worst_before", "disguised messages let through, worst way, %", 100, 1),
            Row("prompt-harm-200/exact_worst_after", "… as mindrail reads them", 100, 1),
            Row("prompt-harm-200/lossy_worst_after", "… where the disguise loses letters", 100, 1),
        ),
    ),
    Table(
        "cascade",
        "**Cascade** against its last stage alone, a mix of which 95 % is harmless",
        rows(
            {
                "speedup": "times the texts per second",
                "recall_cascade": "recall, cascade",
                "recall_alone": "recall, last stage alone",
                "false_alarms_cascade": "harmless prompts stopped, cascade",
                "false_alarms_alone": "harmless prompts stopped, last stage alone",
            }
        ),
    ),
    Table(
        "scan",
        "**Scanning** real messages repeated with variation to 1,000,000 rows",
        (
            Row("speedup", "times the rows a second of a loop over the transformers pipeline"),
            Row("speedup_without_dedup", "… where every row is asked"),
            Row("asked_share", "share of these rows that are asked, the others being the same as one asked"),
            Row("two_processes", "two processes, times one"),
            Row("rss_ratio", "memory at 1,000,000 rows, times that at 50,000"),
            Row("cost_ratio", "time of a late row, times that of an early one"),
        ),
        (Row("speedup", "times as fast as a loop over the pipeline, scanning a log with repeats", digits=1),),
    ),
    Table(
        "scan_chaos",
        "**Scanning under kill -9** of scans, workers and Ray's nodes",
        rows(
            {"kills": "kills", "rows_lost": "rows lost", "rows_doubled": "rows doubled"}
            | {"outputs_equal": "share of outputs with the bytes of an undisturbed scan"},
            digits=0,
        ),
        (Row("rows_lost", "rows lost by scans that were killed 20 times", digits=0),),
    ),
    Table(
        "ddp",
        "**Two processes against one**, 200 steps at the same global batch: the largest difference of a loss",
        rows(
            {
                "max_loss_difference": "float32",
                "max_loss_difference_bfloat16": "bfloat16",
            },
            digits=7,
        ),
    ),
    Table(
        "large_pool",
        "**A pool of 1,000,000 rows** against one of 50,000: memory that is no file's, MB",
        rows(
            {
                "prepare_anonymous_50k_mb": "prepare, 50,000",
                "prepare_anonymous_1m_mb": "… 1,000,000",
                "train_anonymous_50k_mb": "train, 50,000",
                "train_anonymous_1m_mb": "… 1,000,000",
            },
            digits=0,
        ),
    ),
    Table(
        "semisup_speed",
        "**Speed of semi-supervised training**: one FixMatch step against USB's (semilearn 0.3.2), same batch",
        rows(
            {
                "steps_speedup_vs_usb": "speed-up, six in ten unlabelled texts counting",
                "steps_speedup_vs_usb_all_counting": "speed-up, all counting",
                "steps_speedup_vs_usb_float32": "speed-up in float32, six in ten counting",
            }
        ),
        (Row("steps_speedup_vs_usb", "times as fast as USB, one FixMatch step"),),
    ),
    Table(
        "resume",
        "**Stopped and started again**: training killed 20 times, against a run that was left alone",
        rows(
            {
                "histories_equal": "share of runs with the same history",
                "weights_equal": "share of runs with the same weights, bit for bit",
                "kills_while_saving": "kills that hit a checkpoint being written",
            },
            1,
            1,
        ),
        (Row("weights_equal", "training killed 20 times: share that ends with the same bits", 1, 1),),
    ),
    Table(
        "llm_scoring",
        "**A language model asked with eight shots** (SmolLM2-135M), against others on the same prompts",
        rows(
            {
                "speedup_vs_generate": "times as fast as the transformers pipeline that generates",
                "speedup_vs_generate_bfloat16": "… in bfloat16",
                "speedup_vs_llamacpp": "times as fast as llama.cpp, its prefix kept too",
                "bf16_decisions_agree": "share of decisions that agree with float32",
            }
        ),
        rows(
            {
                "speedup_vs_generate": "times as fast as generating, a language model with eight shots",
                "speedup_vs_llamacpp": "… as llama.cpp",
            }
        ),
    ),
    Table(
        "table2",
        "**Dialogue safety, table 2** of arXiv 2307.16457 again from the released predictions",
        rows(
            {
                "max_abs_difference_points": "largest difference of 24 means, points",
                "max_abs_difference_points_sd": "largest difference of 24 standard deviations, points",
            }
        ),
        (Row("max_abs_difference_points", "largest difference to the study's published table 2, points"),),
    ),
    Table(
        "label_store",
        "**Labels under kill -9**, four writers, ten rounds",
        rows(
            {
                "acknowledged": "labels acknowledged",
                "lost": "of these lost",
                "duplicated": "doubled",
                "press_to_next_ms": "key press to next item with 100,000 items, ms",
            },
            1,
            0,
        ),
        (Row("lost", "acknowledged labels lost in ten rounds of kill -9", 1, 0),),
    ),
)


def cell(measure: dict[str, Any], row: Row) -> str:
    value = f"{row.scale * measure['value']:,.{row.digits}f}"
    if measure["interval"] is None:
        return value
    low, high = (f"{row.scale * bound:,.{row.digits}f}" for bound in measure["interval"])
    return f"{value} ({low} to {high})"


def lines(measures: dict[str, Any], shown: tuple[Row, ...]) -> list[str]:
    return [f"| {row.says} | {cell(measures[row.key], row)} |" for row in shown if row.key in measures]


def whole(table: Table, result: dict[str, Any]) -> list[str]:
    on = f"{result['machine']['processor']}, {result['machine']['cores']} cores"
    place = f"[`{table.name}.json`](../benchmarks/results/{table.name}.json)"
    return [
        f"{table.title}:",
        "",
        "| measure | value (95 % interval) |",
        "| --- | --- |",
        *lines(result["measures"], table.rows),
        "",
        f"`{result['command']}`, {on}, {place}.",
        "",
    ]


def made(path: Path, table: list[str]) -> str:
    """The file's text with what stands between the marks made anew."""
    head, _, rest = files.read_text(path).partition(START)
    _, _, tail = rest.partition(END)
    between = "\n".join(table).strip()
    return f"{head}{START}\n{between}\n{END}{tail}"


def main() -> None:
    results = {
        table: files.read_json(RESULTS / f"{table.name}.json")
        for table in TABLES
        if (RESULTS / f"{table.name}.json").is_file()
    }
    short = [line for table, result in results.items() for line in lines(result["measures"], table.short)]
    pages = {
        ROOT / "README.md": ["| measure | value (95 % interval) |", "| --- | --- |", *short],
        ROOT / "docs" / "measured.md": [line for pair in results.items() for line in whole(*pair)],
    }
    texts = {path: made(path, table) for path, table in pages.items()}
    if "--check" in sys.argv:
        older = [path.name for path, text in texts.items() if text != files.read_text(path)]
        sys.exit(f"{', '.join(older)} older than the results. Do: make results" if older else 0)
    for path, text in texts.items():
        files.write_text(path, text)


if __name__ == "__main__":
    main()
