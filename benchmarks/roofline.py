"""How much of what this processor can do a guard's eight bits reach, and whether its scores are pure.

    python benchmarks/roofline.py --guard out/prompt-harm-200/guard

Peak: a kernel in C (`roofline.c`, compiled here) that does nothing but `vpdpbusd`, or fused multiply-adds, out of
registers; one copy per core, at the same time, the best of many rounds. No product of matrices reaches it.

Work: products with weights count at the peak of bytes, attention (which is in float) at that of floats; everything
else (normalising, bending, quantising, tokenising, Python) counts as no work at all. `share_of_peak_N` is the time
that this work takes at the peaks, over the time a text of N tokens takes from characters to scores, two workers with
a text each, as `serve` works. Time is that of the processor, because a shared machine gives others some of the clock;
`share_of_peak_by_clock_N` is by the clock. `share_of_int8_peak_N` counts attention at the peak of bytes too. Values
are medians over rounds, intervals the smallest and largest round.

Purity: the share of real prompts (toxicchat-test) whose scores have the same bits alone, among others in any order,
asked by 32 threads at once, and from a process started anew.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import onnx
from _result import measure, write

from mindrail import Guard, files, machine, taxonomy
from mindrail.data import corpus
from mindrail.records import Example
from mindrail.runtime.local import LocalScorer
from mindrail.runtime.viewed import ViewedScorer

LENGTHS = (64, 128)
WORKERS = 2
PRODUCTS = ("DynamicQuantizeMatMul", "MatMulNBits", "MatMul")


def peaks() -> tuple[float, float]:
    """Operations per second with bytes and with floats, all workers together, at the same time."""
    with tempfile.TemporaryDirectory() as place:
        program = Path(place) / "roofline"
        source = Path(__file__).with_suffix(".c")
        flags = ["-O2", "-mavx512f", "-mavx512vnni"]
        subprocess.run(["gcc", *flags, str(source), "-o", str(program)], check=True)
        running = [subprocess.Popen([program], stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)]
        said = [process.communicate()[0].split() for process in running]
    return sum(float(one[0]) for one in said), sum(float(one[1]) for one in said)


def work(model: Path, tokens: int) -> tuple[float, float]:
    """Operations of one text: products with weights, and attention."""
    graph = onnx.load(model).graph
    sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in graph.initializer if len(tensor.dims) > 1}
    weights = sum(sizes.get(node.input[1], 0) for node in graph.node if node.op_type in PRODUCTS)
    layers = sum(node.op_type in ("Attention", "Softmax") for node in graph.node)
    width = json.loads((model.parent / "config.json").read_text())["hidden_size"]
    return 2.0 * weights * tokens, 2.0 * layers * 2 * tokens * tokens * width


def prompts() -> list[str]:
    kinds = taxonomy.load("prompt-harm")
    found = corpus.read("toxicchat-test", kinds, kinds.axis(), labelled=False)
    return [example.text for example in found if example.text.strip()]


def of_length(scorer: LocalScorer, said: Sequence[str], tokens: int, count: int) -> list[Example]:
    """Real prompts, words taken from their end until they have that many tokens."""
    made = []
    for text in said:
        words = text.split()
        while len(words) > 1 and _tokens(scorer, words) > tokens:
            words.pop()
        if _tokens(scorer, words) == tokens:
            made.append(Example.of(" ".join(words)))
        if len(made) == count:
            break
    return made


def _tokens(scorer: LocalScorer, words: Sequence[str]) -> int:
    feeds = scorer.feeds(Example.of(" ".join(words)))  # type: ignore[attr-defined]
    return sum(feed["input_ids"].shape[1] for feed in feeds)


class Rate(NamedTuple):
    """Texts per second of all workers: by the clock, and by the processor time that they were given."""

    clock: float
    processor: float


def rate(function: Callable[[Example], object], texts: Sequence[Example], seconds: float) -> Rate:
    """Every worker asks one text after the other."""
    until = time.perf_counter() + seconds

    def worker(first: int) -> tuple[int, float]:
        done, began = 0, time.thread_time()
        while time.perf_counter() < until:
            function(texts[(first + done) % len(texts)])
            done += 1
        return done, time.thread_time() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        each = list(pool.map(worker, range(WORKERS)))
    return Rate(
        sum(done for done, _ in each) / (time.perf_counter() - began),
        sum(done / spent for done, spent in each),
    )


def scores(folder: Path, texts: Sequence[str]) -> list[bytes]:
    """The bits of each text's scores, asked alone."""
    scorer = Guard.load(folder, threads=1).scorer
    return [scorer.score([Example.of(text)])[0].tobytes() for text in texts]


def purity(folder: Path, texts: list[str]) -> float:
    """The share of texts with the same bits in every way of asking."""
    alone = scores(folder, texts)
    scorer = Guard.load(folder, threads=WORKERS).scorer
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = dict(zip(order.tolist(), scorer.score([Example.of(texts[i]) for i in order]), strict=True))
    with ThreadPoolExecutor(32) as pool:
        crowd = list(pool.map(lambda text: scorer.score([Example.of(text)])[0].tobytes(), texts))
    again = subprocess.run(
        [sys.executable, __file__, "--guard", str(folder), "--child"],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    anew = [bytes.fromhex(line) for line in again.stdout.split()]
    same = [alone[i] == shuffled[i].tobytes() == crowd[i] == anew[i] for i in range(len(texts))]
    return float(np.mean(same))


def bare(guard: Guard) -> LocalScorer:
    return guard.scorer.inner if isinstance(guard.scorer, ViewedScorer) else guard.scorer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guard", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each length, in a round")
    parser.add_argument("--texts", type=int, default=500, help="prompts of the purity test")
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args()
    if options.child:
        print("\n".join(bits.hex() for bits in scores(options.guard, json.loads(sys.stdin.read()))))
        return
    if not machine.multiplies_signed_bytes():
        raise SystemExit("this processor has no VNNI, so there is no such peak to compare with")
    guard = Guard.load(options.guard, threads=1)
    scorer, said = bare(guard), prompts()
    texts = {tokens: of_length(scorer, said[::-1], tokens, 40) for tokens in LENGTHS}
    found: dict[int, list[Rate]] = {tokens: [] for tokens in LENGTHS}
    whole: dict[int, list[Rate]] = {tokens: [] for tokens in LENGTHS}
    summits = []
    for _ in range(options.rounds):
        summits.append(peaks())
        for tokens in LENGTHS:
            found[tokens].append(
                rate(lambda example: scorer.score([example]), texts[tokens], options.seconds)
            )
            whole[tokens].append(rate(lambda e: guard(e.text), texts[tokens], options.seconds / 2))
    of_bytes, of_floats = (max(values) for values in zip(*summits, strict=True))
    measures = {
        "int8_peak": measure(of_bytes / 1e9, None, f"GOP/s, {WORKERS} cores, vpdpbusd out of registers"),
        "float_peak": measure(of_floats / 1e9, None, f"GFLOP/s, {WORKERS} cores, fused multiply-adds"),
    }
    for tokens in LENGTHS:
        products, attention = work(options.guard / "model.onnx", tokens)
        best = 1 / (products / of_bytes + attention / of_floats)
        shares = [each.processor / best for each in found[tokens]]
        strict = [each.processor * (products + attention) / of_bytes for each in found[tokens]]
        by_clock = [each.clock / best for each in found[tokens]]
        measures |= {
            f"share_of_peak_{tokens}": measure(median(shares), (min(shares), max(shares)), "share"),
            f"share_of_int8_peak_{tokens}": measure(median(strict), (min(strict), max(strict)), "share"),
            f"share_of_peak_by_clock_{tokens}": measure(
                median(by_clock), (min(by_clock), max(by_clock)), "share"
            ),
            f"texts_per_second_{tokens}": measure(
                median(each.processor for each in found[tokens]), None, "texts per second of two processors"
            ),
            f"guard_texts_per_second_{tokens}": measure(
                median(each.processor for each in whole[tokens]), None, "the same, with views and decision"
            ),
            f"peak_texts_per_second_{tokens}": measure(best, None, "texts/s at the peaks"),
        }
    some = said[:: max(1, len(said) // options.texts)][: options.texts]
    measures["score_purity"] = measure(purity(options.guard, some), None, "share of texts")
    told = files.read_json(options.guard / "parity.json")["shipped"]
    print(write("roofline", measures, shipped=told, texts={str(n): len(t) for n, t in texts.items()}))


if __name__ == "__main__":
    main()
