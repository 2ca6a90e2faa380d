"""FixMatch against FixMatch in USB: how many training examples a second on a CPU, and whether the losses agree.

    python benchmarks/semisup_speed.py [--rounds 7] [--steps 4] [--work out/semisup-speed]

The peer is semilearn 0.3.2, the package of USB (arXiv:2208.07204), put into a folder of its own with pip. What it
imports and never calls on this road is stubbed; its `train_step` and its update of the parameters run as they are.
It has no way to train on a CPU, so the loop around them is ours and leaves out what costs it time: moving averages,
logging, and the padding of batches, which are ready before the clock starts.

Both sides start from the same weights and read the same batches: 8 labelled prompts, 24 unlabelled ones and `edit`
views of these, cut to windows of 128 tokens. The learning rate is 0, so that the optimiser does its work and the
weights stay: in every round the same share of rows counts. Each side is a process of its own with the settings that
it comes with; they take turns, and never compute at the same time. Run it on a quiet machine.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from functools import cache, cached_property
from importlib import metadata
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol

from _result import measure, write

from mindrail import files, machine

PEER = "semilearn==0.3.2"
#: of the file with the peer's train_step, as published
UNMODIFIED = "3786d847ff33eca9297dce66ef44f261475c4c590951e9b238b4141a84109163"
#: for pictures, speech and logging; semilearn imports them all at once
STUBBED = ("PIL", "aim", "progress", "ruamel", "skimage", "timm", "torch.utils.tensorboard")
STUBBED += ("torchaudio", "torchvision", "wandb")
LABELED, UNLABELED, LENGTH, SEED = 8, 24, 128, 0
#: share of unlabelled rows that count: as in the middle of a run, and all of them, when nothing can be skipped
SHARES = {"some": 0.6, "all": 1.0}
#: steps before the clock starts, steps from which the thresholds are taken, and steps whose losses are compared
WARM_UP, LOOKED_AT, COMPARED = 2, 12, 4
LOSSES = ("supervised", "unlabeled", "total")


class Side(Protocol):
    """One of the programs that are compared. A threshold of its own makes `share` of the rows count."""

    def thresholds(self) -> dict[str, float]: ...

    def step(self, share: str, threshold: float) -> float:
        """Take the next step of the run with this share; the share of rows that counted."""

    def losses(self, threshold: float) -> list[list[float]]:
        """Of the first steps, without dropout and in single precision: supervised, unlabelled, total."""


# ------------------------------------------------------------------------------------------------ what both read


def prepared(work: Path) -> None:
    """The split of the recipe prompt-harm-200 and `edit` views of a thousand of its unlabelled prompts."""
    from mindrail.recipes.augment import Augment, augment
    from mindrail.recipes.prepare import Prepare, Split, prepare

    if not (work / "split" / "split.json").is_file():
        data = Prepare(
            "prompt-harm",
            train=("guardreasoner-prompts-5k",),
            test=("wildguardtest-prompts",),
            exclude=("toxicchat-test",),
            allow_leaks=("train/dev",),
        )
        prepare(data, work / "split")
    for _ in augment(Split.load(work / "split"), Augment(limit=1000, views=1), work / "views"):
        pass


def job(work: Path, threshold: float = 0.95) -> Any:
    from mindrail.models import Job
    from mindrail.recipes.prepare import Split
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

    usual = {"window": LENGTH, "overlap": 32, "context": 32, "windows_per_text": 1, "epochs_with_unlabelled": 1000}
    usual |= {"batch": LABELED, "unlabelled": UNLABELED // LABELED, "learning_rate": 0.0}
    return EncoderConfig(**usual | changes)


# --------------------------------------------------------------------------------------------------------- ours


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

    def thresholds(self) -> dict[str, float]:
        raise NotImplementedError("the peer looks at the confidences, without dropout for us")

    def step(self, share: str, threshold: float) -> float:
        if share not in self.runs:
            self.runs[share] = self.run(threshold)
        return float(next(self.runs[share]).report["sure"])

    def losses(self, threshold: float) -> list[list[float]]:
        run = self.run(threshold, precision="float32", dropout=0.0)
        reports = [next(run).report for _ in range(COMPARED)]
        return [[r["supervised"], r["unlabeled"], r["supervised"] + r["unlabeled"]] for r in reports]


# --------------------------------------------------------------------------------------------------------- peer


class Blank(type):
    """A class whose every attribute is another such class."""

    def __getattr__(cls, name: str) -> "Blank":
        if name.startswith("__"):
            raise AttributeError(name)
        return Blank(name, (), {})


class Stub(ModuleType):
    """A module of such classes."""

    def __getattr__(self, name: str) -> Blank:
        if name.startswith("__"):
            raise AttributeError(name)
        return Blank(name, (), {})


class Stubs(MetaPathFinder, Loader):
    """Inside, imports of `STUBBED` give stubs; afterwards they are gone again."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        known = any(name == stub or name.startswith(f"{stub}.") for stub in STUBBED)
        return ModuleSpec(name, self, is_package=True) if known else None

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
    """The peer in a folder of its own. Ends the benchmark where it cannot be had."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    name, version = PEER.split("==")
    if not (place / f"{name}-{version}.dist-info").is_dir():
        done = subprocess.run([*pip, "--target", str(place), PEER], stdout=sys.stderr, check=False)
        if done.returncode:
            raise SystemExit(f"{PEER} cannot be had, so there is nothing to compare with; no result was written")
    found = files.sha256(place / "semilearn" / "algorithms" / "fixmatch" / "fixmatch.py")
    if found != UNMODIFIED:
        raise SystemExit(f"the train_step in {place} is not the published one. Do: delete the folder")


class Usb:
    """The peer's FixMatch with a network that takes our weights; transformers and torch as they come."""

    def __init__(self, work: Path, peer: Path) -> None:
        import torch

        torch.set_num_threads(machine.cores())
        import transformers.models.bert.modeling_bert  # noqa: F401, before the stubs

        sys.path.append(str(peer))
        with Stubs():
            import semilearn
            from semilearn.algorithms.fixmatch import FixMatch
            from semilearn.core.hooks import ParamUpdateHook
        self.job = job(work)
        told = {"algorithm": "fixmatch", "num_classes": len(self.job.axis.names), "use_cat": False, "dataset": "none"}
        told |= {"optim": "AdamW", "lr": 0.0, "weight_decay": 0.01, "clip_grad": 1.0, "num_train_iter": 100_000}
        self.algorithm = FixMatch(semilearn.get_config(told), lambda **_: self.network())
        self.update = ParamUpdateHook()
        self.taken = dict.fromkeys(SHARES, 0)

    def network(self) -> Any:
        """The published weights under a head like ours, with the same start; attention and dropout as they come."""
        from torch import nn, tanh
        from torch.nn.functional import layer_norm
        from transformers import AutoModelForSequenceClassification

        from mindrail.models._network import Network
        from mindrail.models._pretrained import locate

        where, axis = locate("minilm"), self.job.axis
        ours = Network.pretrained(where, axis, pooling=None, dropout=0.1, seed=SEED)

        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = AutoModelForSequenceClassification.from_pretrained(where, num_labels=len(axis.names))
                self.inner.load_state_dict(ours.classifier.state_dict())

            def forward(self, x: dict[str, Any]) -> dict[str, Any]:
                hidden = self.inner.bert(**x).last_hidden_state
                weight = x["attention_mask"][..., None].to(hidden.dtype)
                pooled = (hidden * weight).sum(1) / weight.sum(1)
                pooled = layer_norm(pooled, pooled.shape[-1:], eps=self.inner.config.layer_norm_eps)
                feat = tanh(self.inner.bert.pooler.dense(pooled))
                return {"logits": self.inner.classifier(self.inner.dropout(feat)), "feat": feat}

        return Net()

    @cached_property
    def texts(self) -> Any:
        from tokenizers import Tokenizer

        from mindrail.models._pretrained import fast_tokenizer, locate
        from mindrail.models._texts import Texts
        from mindrail.text.windows import Reach, Reader

        own = config()
        reader = Reader(
            Tokenizer.from_file(str(fast_tokenizer(locate("minilm")))), Reach(LENGTH, own.overlap, own.context)
        )
        return Texts.of(self.job, reader, most=1, wordings=True, unlabelled=True)

    @cache  # noqa: B019, there is one of us
    def batch(self, step: int) -> dict[str, Any]:
        """What our loop reads in this step, as the peer wants it: every part padded to its longest text."""
        import torch

        from mindrail.models.encoder import pad
        from mindrail.train import batches
        from mindrail.train.loop import Ask

        texts, targets = self.texts, self.job.targets().values
        lengths = [min(sum(len(window.ids) for window in text), LENGTH) for text in texts.labelled]
        epoch, position = divmod(step, batches.steps_per_epoch(len(lengths), LABELED))
        rows = batches.epoch(lengths, LABELED, SEED, epoch)[position].tolist()
        picked = batches.Pool(len(texts.weak), SEED).draw(step, UNLABELED).tolist()

        def part(name: Any, chosen: Sequence[int]) -> dict[str, Any]:
            windows = [texts.windows(Ask(name, row), step)[0] for row in chosen]
            return dict(zip(("input_ids", "token_type_ids", "attention_mask"), pad(windows), strict=True))

        return {
            "x_lb": part("labelled", rows),
            "y_lb": torch.tensor(targets[rows].argmax(1)),
            "x_ulb_w": part("weak", picked),
            "x_ulb_s": part("strong", picked),
        }

    def thresholds(self) -> dict[str, float]:
        """By which the wanted share of rows counts: here, where guesses are made with dropout, and without."""
        import torch

        found = {}
        for name, training in (("usb", True), ("ours", False)):
            self.algorithm.model.train(training)
            with torch.no_grad():
                logits = [self.algorithm.model(self.batch(i)["x_ulb_w"])["logits"] for i in range(LOOKED_AT)]
            found[name] = float(torch.cat(logits).softmax(-1).amax(-1).quantile(1 - SHARES["some"]))
        return found

    def step(self, share: str, threshold: float) -> float:
        self.algorithm.p_cutoff = threshold
        self.algorithm.model.train()
        out, log = self.algorithm.train_step(**self.batch(self.taken[share]))
        self.algorithm.out_dict = out
        self.update.after_train_step(self.algorithm)
        self.taken[share] += 1
        return float(log["train/util_ratio"])

    def ready(self, steps: int) -> None:
        """Make the batches before the clock starts."""
        for step in range(steps):
            self.batch(step)

    def losses(self, threshold: float) -> list[list[float]]:
        self.algorithm.p_cutoff = threshold
        self.algorithm.model.eval()
        logs = [self.algorithm.train_step(**self.batch(i))[1] for i in range(COMPARED)]
        return [[log[f"train/{name}"] for name in ("sup_loss", "unsup_loss", "total_loss")] for log in logs]


# --------------------------------------------------------------------------------------------------- taking turns
