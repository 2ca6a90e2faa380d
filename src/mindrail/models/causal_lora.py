"""A causal language model with a low-rank adapter (LoRA, arXiv:2106.09685), asked as family `prompted` asks.

What is learned is the right answer to exactly the questions that scoring puts: the likelihood of the response alone,
each question weighted by its label. The base model stays as it is, and is not saved.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mindrail import config as configuration
from mindrail import files
from mindrail.arrays import Float, ndarray
from mindrail.causal import adapter
from mindrail.causal.adapter import About, Lora
from mindrail.causal.encode import encode
from mindrail.causal.load import Loaded, load
from mindrail.causal.pieces import Reach, pieces
from mindrail.causal.quantize import Quantize
from mindrail.causal.response_loss import Pair
from mindrail.causal.score import OptionScorer
from mindrail.errors import BadConfig
from mindrail.llm.open import LOCAL, ModelSettings
from mindrail.models._base import Job
from mindrail.models._learned import Learned, Likelihood, likelihoods
from mindrail.models._preview import preview
from mindrail.prompts import Form, Question, Wording
from mindrail.prompts.asked import same
from mindrail.prompts.preview import Preview
from mindrail.records import Example
from mindrail.runtime.scorer import worst
from mindrail.taxonomy import Axis
from mindrail.train import environment, loop
from mindrail.train.devices import Devices, Precision
from mindrail.train.progress import Stepped

ASKED, LEARNED = "asked.json", "learned.json"


@dataclass(frozen=True)
class CausalLoraConfig:
    """Settings of the causal-lora family."""

    model: str = "smollm2"  # or a Hugging Face id, or a folder
    lora: Lora = field(default_factory=Lora)
    quantize: Quantize = "none"  # 4bit: QLoRA, with bitsandbytes on a CUDA device
    wording: Wording = field(default_factory=Wording)
    reach: Reach = field(default_factory=Reach)  # longer texts are read in windows, in training as in use
    epochs: int = 3  # passes over the labelled texts
    batch: int = 8  # questions per step
    learning_rate: float = 5e-4
    weight_decay: float = 0.0
    warmup: float = 0.1  # share of the steps
    precision: Precision = "auto"  # auto: bfloat16 where the processor multiplies it fast, else float32
    save_every: int = 50  # steps between checkpoints
    judge_every: int = 100  # steps between looks at the dev part, where a job has one

    @property
    def plan(self) -> loop.Plan:
        """How long and how fast to learn."""
        return loop.Plan(
            self.epochs,
            self.batch,
            self.learning_rate,
            self.weight_decay,
            self.warmup,
            save_every=self.save_every,
            judge_every=self.judge_every,
        )


@dataclass(frozen=True)
class Asked:
    """How an adapter's model is asked: kept beside it, so that use is as training was."""

    asks: str
    judges: Literal["message", "response"]
    wording: Wording
    reach: Reach
    quantize: Quantize

    def form(self, axis: Axis) -> Form:
        """The questions on an axis. Raises BadConfig where the wording gives two labels the same word."""
        try:
            return Form(axis, self.asks, self.judges, self.wording)
        except ValueError as error:
            raise BadConfig(f"wording: {error}") from None


class Row(NamedTuple):
    """One question about one window of a text, with its right answer."""

    pair: Pair
    weight: float


class CausalLoraScorer:
    """Raw scores of a language model with its adapter; the most dangerous window of a long text counts."""

    def __init__(self, form: Form, loaded: Loaded, reach: Reach) -> None:
        self.axis, self._form, self._loaded, self._reach = form.axis, form, loaded, reach

    def score(self, examples: Sequence[Example]) -> Float[ndarray, "n k"]:
        """One row of scores per example, in order."""
        cut = [pieces(example, self._loaded.tokenizer, self._reach) for example in examples]
        asked = [self._form.questions(piece) for windows in cut for piece in windows]
        answers = OptionScorer(self._loaded).log_probabilities(asked)
        rows = iter([self._form.combine(answer) for answer in answers])
        scores = [worst(self.axis, np.stack([next(rows) for _ in windows])) for windows in cut]
        return np.stack(scores) if scores else np.zeros((0, len(self.axis.names)))


class CausalLoraFamily:
    """Fine-tunes an adapter and writes it as a peft folder, with how it is asked and what was learned beside it."""

    runtime = None
    algorithms = ("supervised",)
    Config = CausalLoraConfig

    def train(self, job: Job, config: CausalLoraConfig, place: Path) -> Iterator[Stepped]:
        """Learn the job's labelled examples."""
        environment.settle()
        devices = Devices(config.precision)
        loaded = load(config.model, devices.precision, str(devices.device), config.quantize)
        asked = Asked(job.asks, job.judges, config.wording, config.reach, config.quantize)
        form = asked.form(job.axis)
        cut = [pieces(example, loaded.tokenizer, config.reach) for example in job.labelled]
        rows = learned_rows(form, job, loaded, cut)
        model = adapter.attach(loaded, config.lora, seed=job.seed)
        network = Learned(model)
        scorer, judge = CausalLoraScorer(form, loaded, config.reach), job.judge

        def forward(asks: Sequence[loop.Ask], step: int) -> Tensor:
            pairs = [rows[ask.row].pair for ask in asks]
            return likelihoods(network, pairs, job.seed, step)[None, :, None]

        def judged() -> float:
            assert judge is not None
            network.eval()
            return judge(scorer.score(job.dev))

        task = loop.Task(
            network,
            [list(network.parameters())],
            forward,
            [len(row.pair.prompt) for row in rows],
            torch.tensor([[row.weight] for row in rows]),
            exclusive=True,
            judge=judged if judge is not None and job.dev else None,
        )
        yield from loop.train(
            task,
            config.plan,
            Likelihood(),
            seed=job.seed,
            devices=devices,
            folder=job.checkpoints,
            identity=job.identity,
        )
        if devices.main:
            with files.new_folder(place) as folder:
                about = About(config.model, loaded.version, job.axis.name, job.axis.digest)
                adapter.save(folder, model, about)
                files.write_json(folder / ASKED, configuration.plain(asked))
                files.write_json(folder / LEARNED, counts(job, cut) | {"questions": len(rows)})
        devices.together()

    def preview(
        self, job: Job, config: CausalLoraConfig, texts: Sequence[Example], *, show_text: bool
    ) -> Preview:
        """What would be asked about `texts`, not counting that long ones are read in windows; nothing is asked."""
        asked = Asked(job.asks, job.judges, config.wording, config.reach, config.quantize)
        wanted = ModelSettings(LOCAL, {"model": config.model})
        return preview(same(asked.form(job.axis)), wanted, texts, lambda _: [], show_text=show_text)

    def scorer(self, axis: Axis, place: Path) -> CausalLoraScorer:
        """The base model with its adapter. Raises what `adapter.read` and `adapter.applied` raise."""
        environment.settle()
        about = adapter.read(place, axis)
        asked = configuration.build(Asked, files.read_json(place / ASKED), where=ASKED)
        loaded, _ = adapter.applied(load(about.model, quantize=asked.quantize), place, about)
        return CausalLoraScorer(asked.form(axis), loaded, asked.reach)


def learned_rows(form: Form, job: Job, loaded: Loaded, cut: Sequence[Sequence[Example]]) -> list[Row]:
    """Every question that has an answer, about every window of every labelled text.

    A text of several windows counts as one: they share its weight. Where labels exclude each other a question weighs
    what its text's label weighs; for `any_of` a yes weighs what its label weighs, and a no 1. Raises BadConfig where
    a prompt does not fit the model.
    """
    weights, values = job.label_weights(), job.targets().values
    rows = []
    for windows, true in zip(cut, values, strict=True):
        yes = np.where(true, weights, 1.0)
        for piece in windows:
            answered = zip(form.questions(piece), form.answer(piece), strict=True)
            for i, (question, right) in enumerate(answered):
                if right is not None:
                    weight = float(weights[true][0] if job.axis.exclusive else yes[i])
                    rows.append(Row(_pair(loaded, question, right), weight / len(windows)))
    return rows


def _pair(loaded: Loaded, question: Question, right: str) -> Pair:
    encoded = encode(loaded, question.messages, question.options)
    if encoded.size > loaded.context:
        raise BadConfig(
            f"a prompt of {encoded.size} tokens does not fit the {loaded.context} of {loaded.version}. "
            "Do: lower reach.window and reach.context, or choose a model with a longer context"
        )
    return Pair(encoded.prompt, encoded.options[question.options.index(right)])


def counts(job: Job, cut: Sequence[Sequence[Example]]) -> dict[str, int]:
    """How many texts were learned, how many of them in several windows, and how many without their oldest context."""
    shortened = [windows[0].context != e.context for e, windows in zip(job.labelled, cut, strict=True)]
    return {
        "texts": len(cut),
        "in_windows": sum(len(windows) > 1 for windows in cut),
        "without_oldest_context": sum(shortened),
    }


FAMILY = CausalLoraFamily()
