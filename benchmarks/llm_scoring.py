"""Scoring label tokens against generating labels: SmolLM2-135M, the same 8-shot prompts of real texts, same run.

    MINDRAIL_LLAMA_PYTHON=/path/to/python python benchmarks/llm_scoring.py

Texts are prompts that people really sent to a chat assistant (toxicchat-test), no longer than 128 tokens; eight more
are the shots. Peers:

- transformers' text-generation pipeline as it comes, one prompt after the other, four new tokens: in the precision
  that its defaults give the packaged model (GGUF), and in bfloat16;
- llama.cpp on the packaged four bits, through llama-cpp-python in an environment of its own, its prefix kept by hand
  and logits read once behind each text.

Every round of ours and of llama.cpp's begins by reading the prefix. The pipeline gets every n-th text in the order of
length. Rounds are interleaved; values are ratios of medians over rounds, intervals the smallest and largest round.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import mean, median
from typing import Any

import numpy as np
from _result import measure, write

from mindrail import machine, taxonomy
from mindrail.data import corpus
from mindrail.train import environment

SHOTS, LONGEST, NEW_TOKENS = 8, 128, 4

#: runs where llama-cpp-python is: reads the job, then answers each line on stdin by one round's seconds
LLAMA = """
import json, sys, time
from llama_cpp import Llama, llama_get_logits
job = json.loads(sys.stdin.readline())
threads = job["threads"]
llm = Llama(job["model"], n_ctx=2048, n_threads=threads, n_threads_batch=threads, n_batch=512, verbose=False)
print("ready", flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    llm.reset()
    llm.eval(job["prefix"])
    chosen = []
    for rest in job["rests"]:
        llm.n_tokens = len(job["prefix"])
        llm.eval(rest)
        logits = llama_get_logits(llm._ctx.ctx)
        chosen.append(max(range(len(job["options"])), key=lambda i: logits[job["options"][i]]))
    print(json.dumps([time.perf_counter() - began, chosen]), flush=True)
"""


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def examples(tokenizer: Any, count: int) -> tuple[list[Any], list[Any], Any]:
    """Eight labelled examples, `count` texts in the order of length, and the taxonomy."""
    kinds = taxonomy.load("prompt-harm")
    found = corpus.read("toxicchat-test", kinds, kinds.axis())
    short = [e for e in found if e.text.strip() and len(tokenizer(e.text)["input_ids"]) <= LONGEST]
    fit = [e for e in short if 160 < len(e.text) < 300]
    by_label = [[e for e in fit if e.answers[kinds.axis().name] == name] for name in kinds.axis().names]
    shown = [one for turn in list(zip(*by_label, strict=False))[: SHOTS // 2] for one in turn]
    ids = {e.id for e in shown}
    rest = [e for e in short if e.id not in ids]
    some = rest[:: max(1, len(rest) // count)][:count]
    return shown, sorted(some, key=lambda e: len(tokenizer(e.text)["input_ids"])), kinds


@contextmanager
def llama(job: dict[str, Any]) -> Iterator[Callable[[], tuple[float, list[int]]] | None]:
    """A function that runs one round of llama.cpp; None where it is not at hand."""
    python = os.environ.get("MINDRAIL_LLAMA_PYTHON", sys.executable)
    known = subprocess.run([python, "-c", "import llama_cpp"], capture_output=True, check=False)
    if known.returncode:
        print("llama-cpp-python is missing, so speedup_vs_llamacpp is too. Do: set MINDRAIL_LLAMA_PYTHON")
        yield None
        return
    child = subprocess.Popen(
        [python, "-c", LLAMA],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(json.dumps(job) + "\n")
    child.stdin.flush()
    assert child.stdout.readline().strip() == "ready"

    def once() -> tuple[float, list[int]]:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        took, chosen = json.loads(child.stdout.readline())
        return took, chosen

    try:
        yield once
    finally:
        child.stdin.close()
        child.wait()


def generators() -> dict[str, Any]:
    """The pipeline as it comes, and in bfloat16."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

    from mindrail.causal import smollm2

    packed = smollm2.packed()
    tokenizer = AutoTokenizer.from_pretrained(smollm2.folder())
    usual = AutoModelForCausalLM.from_pretrained(packed.parent, gguf_file=packed.name)
    small = AutoModelForCausalLM.from_pretrained(smollm2.folder(), dtype=torch.bfloat16)
    return {
        name: pipeline("text-generation", model=model, tokenizer=tokenizer, device="cpu")
        for name, model in (("default", usual), ("bfloat16", small))
    }


def plainly(loaded: Any, one: Any) -> np.ndarray:
    """Probabilities of the options of one question, each behind its whole prompt through the unchanged model."""
    import torch

    (question,) = one.questions
    sums = []
    for option in question.options:
        with torch.inference_mode():
            logits = loaded.model(torch.tensor([question.prompt + option])).logits[0].double()
        said = logits.log_softmax(-1)[len(question.prompt) - 1 :]
        sums.append(sum(float(said[i, token]) for i, token in enumerate(option)))
    shares = np.exp(np.array(sums) - max(sums))
    return shares / shares.sum()


def answers(loaded: Any, form: Any, texts: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities of the options [text, option] as they are, and corrected by contextual calibration."""
    from mindrail.causal.score import OptionScorer
    from mindrail.prompts.contextual import CONTENT_FREE, bias, corrected
    from mindrail.records import Example

    asked = [form.questions(one) for one in [*texts, *map(Example.of, CONTENT_FREE)]]
    rows = np.array([row[0] for row in OptionScorer(loaded).log_probabilities(asked)])
    plain, blank = rows[: len(texts)], rows[len(texts) :]
    return plain, corrected(plain, bias(list(blank[:, None])))


def agreement(rough: tuple[np.ndarray, np.ndarray], exact: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """How often both precisions decide alike: calibrated as by default, not at all, and at the median of float32,
    where most calls are close. The shares decided harmful say how hard each of them is.
    """
    (plain, own), (plain32, own32) = ([rows[:, 1] - rows[:, 0] for rows in side] for side in (rough, exact))
    middle = float(np.median(own32))
    return {
        "bf16_decisions_agree": float(((own > 0) == (own32 > 0)).mean()),
        "bf16_decisions_agree_uncalibrated": float(((plain > 0) == (plain32 > 0)).mean()),
        "bf16_decisions_agree_at_median": float(((own > middle) == (own32 > middle)).mean()),
        "fp32_decides_harmful": float((own32 > 0).mean()),
        "fp32_decides_harmful_uncalibrated": float((plain32 > 0).mean()),
    }


def ratio(over: Sequence[float], under: Sequence[float]) -> dict[str, object]:
    pairs = [a / b for a, b in zip(over, under, strict=True)]
    return measure(median(over) / median(under), (min(pairs), max(pairs)), "ratio of seconds per text")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--texts", type=int, default=512, help="texts whose decisions are compared")
    parser.add_argument("--timed", type=int, default=48, help="of these, timed in a round")
    parser.add_argument("--generated", type=int, default=8, help="of these, generated in a round")
    options = parser.parse_args()
    environment.prepare()
    import torch

    from mindrail.causal import smollm2
    from mindrail.causal.load import load
    from mindrail.causal.score import OptionScorer
    from mindrail.prompts import Form, Shot

    environment.settle()
    torch.set_num_threads(machine.cores())
    loaded = {precision: load("smollm2", precision) for precision in ("bfloat16", "float32")}
    shown, texts, kinds = examples(loaded["float32"].tokenizer, options.texts)
    form = Form(kinds.axis(), kinds.asks, kinds.judges, shots=tuple(Shot(one) for one in shown))
    timed = texts[:: len(texts) // options.timed][: options.timed]
    few = timed[:: len(timed) // options.generated][: options.generated]
    turns = [[{"role": m.role, "content": m.content} for m in form.questions(one)[0].messages] for one in few]
    scorer = OptionScorer(loaded["bfloat16"])
    asked = [scorer.encode(form.questions(one)) for one in timed]
    pipes = generators()
    job = {
        "model": str(smollm2.packed()),
        "threads": machine.cores(),
        "prefix": asked[0].prefix,
        "rests": [one.questions[0].prompt[len(one.prefix) :] for one in asked],
        "options": [option[0] for option in asked[0].questions[0].options],
    }
    spent: dict[str, list[float]] = {name: [] for name in ("ours", "ours float32", "llama.cpp", *pipes)}
    with llama(job) as rival:
        for _ in range(options.rounds):
            for name, precision in (("ours", "bfloat16"), ("ours float32", "float32")):
                fresh = OptionScorer(loaded[precision])
                work = [form.questions(one) for one in timed]
                spent[name].append(seconds(lambda f=fresh, w=work: f.log_probabilities(w)) / len(timed))
            if rival is not None:
                spent["llama.cpp"].append(rival()[0] / len(timed))
            for name, pipe in pipes.items():
                spent[name].append(
                    mean(seconds(lambda p=pipe, t=turn: p(t, max_new_tokens=NEW_TOKENS)) for turn in turns)
                )
            print(
                {name: round(1000 * took[-1]) for name, took in spent.items() if took},
                "ms per text",
                flush=True,
            )
    said = {precision: answers(one, form, texts) for precision, one in loaded.items()}
    apart = max(
        float(
            np.abs(
                plainly(loaded["float32"], OptionScorer(loaded["float32"]).encode(form.questions(e))) - p
            ).max()
        )
        for e, p in list(zip(texts, np.exp(said["float32"][0]), strict=True))[:: len(texts) // 16]
    )
    agree = agreement(said["bfloat16"], said["float32"])
    noise = np.diff(said["bfloat16"][0] - said["float32"][0], axis=1)
    measures = {
        "speedup_vs_generate": ratio(spent["default"], spent["ours"]),
        "speedup_vs_generate_bfloat16": ratio(spent["bfloat16"], spent["ours"]),
        "float32_speedup_vs_generate": ratio(spent["default"], spent["ours float32"]),
        **({"speedup_vs_llamacpp": ratio(spent["llama.cpp"], spent["ours"])} if spent["llama.cpp"] else {}),
        "fp32_max_difference": measure(
            apart, None, "largest difference of a probability from the plain forward"
        ),
        **{name: measure(share, None, f"share of {len(texts)} texts") for name, share in agree.items()},
        "bf16_log_odds_noise": measure(
            float(noise.std()), None, "standard deviation over texts, uncalibrated"
        ),
        "texts_per_second": measure(
            1 / median(spent["ours"]), None, "texts/s, bfloat16, prefix read once a round"
        ),
    }
    prompts = [one.size for one in asked]
    print(
        write(
            "llm_scoring",
            measures,
            seconds_per_text={name: round(median(took), 4) for name, took in spent.items() if took},
            tokens={
                "prefix": len(asked[0].prefix),
                "prompt_mean": round(mean(prompts)),
                "prompt_longest": max(prompts),
                "options": [len(option) for option in asked[0].questions[0].options],
            },
            texts={"timed": len(timed), "generated": len(few), "decided": len(texts)},
            default_precision=str(pipes["default"].model.dtype).removeprefix("torch."),
            rounds=options.rounds,
            fp32_max_difference_in_full=apart,
        )
    )


if __name__ == "__main__":
    main()
