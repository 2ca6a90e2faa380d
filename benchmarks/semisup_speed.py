"""FixMatch against FixMatch in USB: how many training examples a second on a CPU, and whether the losses agree.

    python benchmarks/semisup_speed.py [--rounds 7] [--steps 4] [--work out/semisup-speed]

The peer is semilearn 0.3.2, the package of USB (arXiv:2208.07204), put into a folder of its own with pip. What it
imports and never calls on this road is stubbed; its `train_step` and its update of the parameters run as they are.
It has no way to train on a CPU, so the loop around them is ours and leaves out what costs the peer time: its moving
average, its logs, and making batches, which are ready before the clock starts.

Both sides start from the same weights and read the same batches: 8 labelled prompts, 24 unlabelled ones and `edit`
views of these, at most 128 tokens each. The learning rate is 0, so that the optimiser does its work and the weights
stay: in every round the same share of rows counts. Each side is a process of its own, with the settings that it
comes with. They take turns and never compute at the same time. Run it on a quiet machine.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from types import ModuleType
from typing import Any

from _result import measure, write

from mindrail import files, machine

PEER, VERSION = "semilearn", "0.3.2"
#: sha256 of the file with the peer's train_step, as published
UNMODIFIED = "3786d847ff33eca9297dce66ef44f261475c4c590951e9b238b4141a84109163"
#: for pictures, speech and logs; the peer imports everything that it has at once
STUBBED = (
    *("PIL", "aim", "progress", "ruamel", "skimage", "timm"),
    *("torch.utils.tensorboard", "torchaudio", "torchvision", "wandb"),
)
LABELED, UNLABELED, LENGTH, SEED = 8, 24, 128, 0
#: share of the unlabelled rows that count: as in mid-run, and all of them, when there is nothing to leave out
SHARES = {"": 0.6, "_all_counting": 1.0}
#: steps before the clock starts; steps that the thresholds are taken from; steps whose losses are compared
WARM_UP, LOOKED_AT, COMPARED = 2, 12, 4
QUIET = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONWARNINGS": "ignore"}
SIDES = ("usb", "ours", "ours_float32")


def prepare(work: Path) -> None:
    """The split of the recipe prompt-harm-200, and `edit` views of some of its unlabelled prompts."""
    from _prompt_harm import DATA

    from mindrail.recipes.augment import Augment, augment
    from mindrail.recipes.prepare import prepare
    from mindrail.recipes.split import Split

    if not (work / "split" / "split.json").is_file():
        prepare(DATA, work / "split")
    for _ in augment(Split.load(work / "split"), Augment(limit=1000, views=1), work / "views"):
        pass


def job(work: Path, threshold: float = 0.95) -> Any:
    from mindrail.models import Job
    from mindrail.recipes.split import Split
    from mindrail.records.views import Views

    split, views = Split.load(work / "split"), Views.load(work / "views").of
    pool = [example for example in split.part("unlabelled") if example.id in views]
    return Job(
        split.axis,
        split.part("labelled"),
        pool,
        {example.id: [view.example(example) for view in views[example.id]] for example in pool},
        algorithm="fixmatch",
        settings={"threshold": threshold},
        class_weights="none",
        seed=SEED,
    )


def config(**changes: Any) -> Any:
    from mindrail.models.encoder import EncoderConfig

    cut = {"window": LENGTH, "overlap": 32, "context": 32, "windows_per_text": 1}
    size = {"batch": LABELED, "unlabelled": UNLABELED // LABELED, "epochs_with_unlabelled": 1000}
    return EncoderConfig(**cut | size | {"learning_rate": 0.0} | changes)


class Ours:
    """The training loop as it is, with what `mindrail train` settles before torch is loaded."""

    def __init__(self, work: Path, precision: str) -> None:
        from mindrail.train import environment

        environment.prepare()
        self.work, self.precision = work, precision
        self.runs: dict[str, Iterator[Any]] = {}

    def run(self, threshold: float, **changes: Any) -> Iterator[Any]:
        from mindrail.models.encoder import FAMILY

        settings = config(**{"precision": self.precision} | changes)
        return FAMILY.train(job(self.work, threshold), settings, self.work / "never-written")

    def step(self, share: str, threshold: float) -> tuple[float, float]:
        """Take the next step of the run in which this share counts: seconds, and the share that did count."""
        if share not in self.runs:
            self.runs[share] = self.run(threshold)
        began = perf_counter()
        stepped = next(self.runs[share])
        return perf_counter() - began, stepped.report["sure"]

    def losses(self, threshold: float) -> list[list[float]]:
        """Of the first steps, without dropout and in single precision: supervised, unlabelled, both."""
        run = self.run(threshold, precision="float32", dropout=0.0)
        reports = [next(run).report for _ in range(COMPARED)]
        return [[r["supervised"], r["unlabeled"], r["supervised"] + r["unlabeled"]] for r in reports]


class Usb:
    """The peer's FixMatch on a network of the same weights; torch and transformers as they come."""

    def __init__(self, work: Path, peer: Path) -> None:
        import torch
        from transformers.models.bert import modeling_bert  # noqa: F401, it must not meet the stubs

        torch.set_num_threads(machine.cores())
        sys.path.append(str(peer))
        with Stubs():
            usb: Any = import_module(PEER)
            hooks: Any = import_module(f"{PEER}.core.hooks")
            fixmatch: Any = import_module(f"{PEER}.algorithms.fixmatch")
        self.job = job(work)
        self.texts: Any = None
        told = {"algorithm": "fixmatch", "dataset": "none", "num_classes": 2, "num_train_iter": 100_000}
        told |= {"optim": "AdamW", "lr": 0.0, "weight_decay": 0.01, "clip_grad": 1.0}
        told |= {"use_cat": False, "distributed": False}  # texts of different length cannot be put together
        self.algorithm = fixmatch.FixMatch(usb.get_config(told), partial(network, self.job.axis))
        self.update = hooks.ParamUpdateHook().after_train_step
        self.taken = dict.fromkeys(SHARES, 0)

    def thresholds(self) -> dict[str, float]:
        """By which the wanted share counts: here, where guesses are made with dropout, and where they are not."""
        import torch

        found = {}
        for side, training in (("usb", True), ("ours", False)):
            self.algorithm.model.train(training)
            with torch.no_grad():
                logits = [self.algorithm.model(self.batch(i)["x_ulb_w"])["logits"] for i in range(LOOKED_AT)]
            found[side] = torch.cat(logits).softmax(-1).amax(-1).quantile(1 - SHARES[""]).item()
        return found

    def step(self, share: str, threshold: float) -> tuple[float, float]:
        """As for ours."""
        batch = self.batch(self.taken[share])
        self.taken[share] += 1
        self.algorithm.p_cutoff = threshold
        self.algorithm.model.train()
        began = perf_counter()
        self.algorithm.out_dict, log = self.algorithm.train_step(**batch)
        self.update(self.algorithm)
        return perf_counter() - began, log["train/util_ratio"]

    def losses(self, threshold: float) -> list[list[float]]:
        """As for ours."""
        self.algorithm.p_cutoff = threshold
        self.algorithm.model.eval()
        logs = [self.algorithm.train_step(**self.batch(i))[1] for i in range(COMPARED)]
        return [[log[f"train/{name}_loss"] for name in ("sup", "unsup", "total")] for log in logs]

    def batch(self, step: int) -> dict[str, Any]:
        """What our loop reads in this step, as the peer reads it: each part padded to its longest text."""
        import torch

        from mindrail.models._texts import pad
        from mindrail.train import batches
        from mindrail.train.loop import Ask

        self.texts = self.texts or read(self.job)
        lengths = [min(sum(len(window.ids) for window in text), LENGTH) for text in self.texts.labelled]
        epoch, position = divmod(step, batches.steps_per_epoch(len(lengths), LABELED))
        rows = batches.epoch(lengths, LABELED, SEED, epoch)[position]
        picked = batches.Pool(len(self.texts.weak), SEED).draw(step, UNLABELED)

        def part(name: Any, chosen: Any) -> dict[str, Any]:
            windows = [self.texts.windows(Ask(name, int(row)), step)[0] for row in chosen]
            return dict(zip(("input_ids", "token_type_ids", "attention_mask"), pad(windows), strict=True))

        return {
            "x_lb": part("labelled", rows),
            "y_lb": torch.tensor(self.job.targets().values[rows].argmax(1)),
            "x_ulb_w": part("weak", picked),
            "x_ulb_s": part("strong", picked),
        }


def read(what: Any) -> Any:
    """All texts as windows, by the same code that training reads them with."""
    from tokenizers import Tokenizer

    from mindrail.models._pretrained import fast_tokenizer, locate
    from mindrail.models._texts import Texts
    from mindrail.text.windows import Reach, Reader

    own = config()
    tokenizer = Tokenizer.from_file(str(fast_tokenizer(locate("minilm"))))
    reader = Reader(tokenizer, Reach(own.window, own.overlap, own.context))
    return Texts.of(what, reader, most=own.windows_per_text, wordings=True, unlabelled=True)


def network(axis: Any, **_: object) -> Any:
    """MiniLM as transformers loads it, attention and dropout included, with the start of our head and its pooling."""
    from torch import nn, tanh
    from torch.nn.functional import layer_norm
    from transformers import AutoModelForSequenceClassification

    from mindrail.models._network import Network
    from mindrail.models._pretrained import locate

    where = locate("minilm")
    ours = Network.pretrained(where, axis, pooling=None, dropout=0.1, seed=SEED).classifier.state_dict()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = AutoModelForSequenceClassification.from_pretrained(where, num_labels=len(axis.names))
            self.inner.load_state_dict(ours)

        def forward(self, x: dict[str, Any]) -> dict[str, Any]:
            hidden = self.inner.bert(**x).last_hidden_state
            weight = x["attention_mask"][..., None].to(hidden.dtype)
            pooled = (hidden * weight).sum(1) / weight.sum(1)
            pooled = layer_norm(pooled, pooled.shape[-1:], eps=self.inner.config.layer_norm_eps)
            feat = tanh(self.inner.bert.pooler.dense(pooled))
            return {"logits": self.inner.classifier(self.inner.dropout(feat)), "feat": feat}

    return Net()


class Blank(type):
    """A class whose every attribute is another such class."""

    def __getattr__(cls, name: str) -> "Blank":
        if name.startswith("__"):
            raise AttributeError(name)
        return Blank(name, (), {})


class Stub(ModuleType):
    """A module of such classes."""

    __getattr__ = Blank.__getattr__


class Stubs(MetaPathFinder, Loader):
    """Inside, imports of `STUBBED` give stubs; afterwards these are gone again."""

    def find_spec(self, name: str, _path: object, _target: object = None) -> ModuleSpec | None:
        stubbed = any(f"{name}.".startswith(f"{root}.") for root in STUBBED)
        return ModuleSpec(name, self, is_package=True) if stubbed else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Stub(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self)

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)
        for name in [name for name, module in sys.modules.items() if isinstance(module, Stub)]:
            del sys.modules[name]


def install(place: Path) -> None:
    """The peer in a folder of its own; without it there is nothing to measure, and the benchmark ends."""
    if not (place / f"{PEER}-{VERSION}.dist-info").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run([*pip, "--target", str(place), f"{PEER}=={VERSION}"], check=False)
        if done.returncode:
            raise SystemExit(f"{PEER} {VERSION} cannot be had: nothing to compare with, no result written")
    if files.sha256(place / PEER / "algorithms" / "fixmatch" / "fixmatch.py") != UNMODIFIED:
        raise SystemExit(f"the train_step in {place} is not the published one. Do: delete the folder")


class Child:
    """One side in a process of its own, which waits while others work."""

    def __init__(self, side: str, work: Path, peer: Path) -> None:
        words = [sys.executable, __file__, "--side", side, "--work", str(work), "--peer", str(peer)]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(words, env=os.environ | QUIET, **pipes)

    def ask(self, what: str, *arguments: object) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([what, *arguments]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"a side ended while asked for its {what}; what it said stands above")
        return json.loads(answer)


def answer(side: str, work: Path, peer: Path) -> None:
    """The child's part: each line is a question."""
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        precision = "float32" if side.endswith("float32") else "auto"
        asked: Any = Usb(work, peer) if side == "usb" else Ours(work, precision)
        for line in sys.stdin:
            what, *arguments = json.loads(line)
            print(json.dumps(getattr(asked, what)(*arguments)), file=out, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4, help="steps of each side in a round")
    parser.add_argument("--work", type=Path, default=Path("out/semisup-speed"))
    parser.add_argument("--peer", type=Path, default=Path("out/usb"), help="folder that the peer is put into")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        answer(options.side, options.work, options.peer)
        return
    load = os.getloadavg()[0]
    if load > 0.3 * machine.cores():
        print(f"others are at work here (load {load:.1f}): the times will not hold", file=sys.stderr)
    install(options.peer)
    prepare(options.work)
    children = {side: Child(side, options.work, options.peer) for side in SIDES}
    found = children["usb"].ask("thresholds")
    theirs, own = (children[side].ask("losses", found["ours"]) for side in ("usb", "ours_float32"))
    apart = [abs(a - b) for one, two in zip(theirs, own, strict=True) for a, b in zip(one, two, strict=True)]

    #: seconds per step of every round, and the share of rows that counted
    seconds: dict[str, list[float]] = {side + share: [] for share in SHARES for side in SIDES}
    counted: dict[str, list[float]] = {side + share: [] for share in SHARES for side in SIDES}
    for number in range(-1, options.rounds):
        for share in SHARES:
            for side, child in children.items():
                threshold = 0.01 if share else found["usb" if side == "usb" else "ours"]
                steps = WARM_UP if number < 0 else options.steps
                taken = [child.ask("step", share, threshold) for _ in range(steps)]
                if number >= 0:
                    seconds[side + share].append(mean(time for time, _ in taken))
                    counted[side + share] += [part for _, part in taken]

    def speedup(side: str, share: str) -> dict[str, Any]:
        usb, us = seconds["usb" + share], seconds[side + share]
        ratios = [a / b for a, b in zip(usb, us, strict=True)]
        return measure(median(usb) / median(us), (min(ratios), max(ratios)), "ratio of examples per second")

    measures = {
        f"steps_speedup_vs_usb{side.removeprefix('ours')}{share}": speedup(side, share)
        for share in SHARES
        for side in SIDES[1:]
    }
    measures["max_loss_difference"] = {"value": max(apart), "interval": None, "unit": "largest of all losses"}
    for name, times in seconds.items():
        measures[f"{name}_step_s"] = measure(median(times), (min(times), max(times)), "s per step")
        rate = (LABELED + UNLABELED) / median(times)
        measures[f"{name}_examples_per_second"] = measure(rate, None, "labelled and unlabelled texts")
        measures[f"{name}_share_counting"] = measure(mean(counted[name]), None, "share of unlabelled rows")
    print(
        write(
            "semisup_speed",
            measures,
            peer={"package": PEER, "version": VERSION, "train_step_sha256": UNMODIFIED, "stubbed": STUBBED},
            usb="float32, torch and glibc as they come, attention and dropout of transformers",
            ours="bfloat16 where the processor has it, rows that do not count are read once only",
            batch={"labelled": LABELED, "unlabelled": UNLABELED, "tokens": LENGTH, "rounds": options.rounds}
            | {"steps_per_round": options.steps},
            load_before=round(load, 2),
        )
    )


if __name__ == "__main__":
    main()
