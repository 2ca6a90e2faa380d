"""A transformer encoder, fine-tuned whole: MiniLM from its package by default, any Hugging Face id or folder.

Long texts are read in overlapping windows, in training as in use, and the most dangerous window speaks for
the text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from tokenizers import Tokenizer
from torch import Tensor

from mindrail import files, plugins
from mindrail.arrays import ndarray
from mindrail.config import build
from mindrail.models import _pretrained
from mindrail.models._base import Job
from mindrail.models._network import Network, Pooling
from mindrail.models._noise import Tokens
from mindrail.models._texts import Texts, Windows, by_chunks, chunk_size, chunked, pad, read
from mindrail.records import Example
from mindrail.runtime.scorer import Scorer, worst
from mindrail.semisup import Algorithm
from mindrail.taxonomy import Axis
from mindrail.taxonomy.tree import Ordered
from mindrail.text.windows import Reach, Reader
from mindrail.train import environment, loop
from mindrail.train.devices import Devices, Precision
from mindrail.train.progress import Stepped
from mindrail.train.workers import Workers


@dataclass(frozen=True)
class EncoderConfig:
    """Settings of the encoder family; defaults were chosen on the dev part of prompt-harm."""

    model: str = "minilm"  # or a Hugging Face id, or a folder
    pooling: Pooling | None = None  # None: the mean for BERT, the architecture's own elsewhere
    ordered: Ordered = "flat"  # for first_of axes, nodes: one question per label, asked in order
    window: int = 256  # tokens seen at once, special tokens included
    overlap: int = 32  # tokens that neighbouring windows share
    context: int = 96  # tokens of what was said before, repeated in every window
    windows_per_text: int = 4  # in training, the longest texts are sampled down to this many
    epochs: int = 6  # passes over the labelled texts, where they are all there is
    batch: int = 16  # labelled texts per step, where they are all there is
    epochs_with_unlabelled: int = 8  # the same two, where unlabelled texts are learned from
    batch_with_unlabelled: int = 8
    unlabelled: int = 3  # unlabelled texts per labelled one
    learning_rate: float = 1e-4
    layer_decay: float = 1.0  # the learning rate of each layer as a share of that of the layer above
    average: float = 0.0  # decay per step of a moving average of the weights; 0: the last weights count
    weight_decay: float = 0.01
    warmup: float = 0.1  # share of the steps
    dropout: float = 0.1
    frozen_layers: int = 0  # lowest layers that stay as they are; the embeddings with them
    precision: Precision = "auto"  # auto: bfloat16 where the processor multiplies it fast, else float32
    save_every: int = 100  # steps between checkpoints
    judge_every: int = 100  # steps between looks at the dev part, where unlabelled texts are learned from

    def plan(self, *, alone: bool) -> loop.Plan:
        """How long and how fast is learned: from labelled texts `alone`, or from unlabelled ones besides."""
        return loop.Plan(
            self.epochs if alone else self.epochs_with_unlabelled,
            self.batch if alone else self.batch_with_unlabelled,
            self.learning_rate,
            self.weight_decay,
            self.warmup,
            unlabelled=self.unlabelled,
            layer_decay=self.layer_decay,
            average=self.average,
            save_every=self.save_every,
            judge_every=self.judge_every,
        )


class EncoderScorer:
    """Raw scores from a trained encoder, with torch; the reference that exported guards are held against."""

    def __init__(self, axis: Axis, network: Network, reader: Reader) -> None:
        self.axis, self.network, self.reader = axis, network.eval(), reader

    def score(self, examples: Sequence[Example]) -> Float[ndarray, "n k"]:
        """Scores [n, k]; the most dangerous window of each text counts."""
        return score(self.axis, self.network, read(self.reader, examples))


def score(axis: Axis, network: Network, texts: Sequence[Windows]) -> Float[ndarray, "n k"]:
    """Scores of texts that are windows already, without gradient and noise; leaves the network in evaluation mode."""
    network.eval()
    device = next(network.parameters()).device
    flat = [window for text in texts for window in text]
    scores = np.zeros((len(flat), len(axis.names)))
    with torch.inference_mode():
        for part in chunked(flat, chunk_size(device)):
            scores[part] = network(*pad([flat[i] for i in part], device)).double().cpu().numpy()
    ends = np.cumsum([len(text) for text in texts])
    rows = [worst(axis, scores[end - len(text) : end]) for text, end in zip(texts, ends, strict=True)]
    return np.stack(rows) if rows else np.zeros((0, len(axis.names)))


class EncoderFamily:
    """Fine-tunes an encoder and writes it as a Hugging Face folder with `reach.json` beside it."""

    runtime = "onnx"
    algorithms = None
    Config = EncoderConfig

    def train(self, job: Job, config: EncoderConfig, place: Path) -> Iterator[Stepped]:
        """Fine-tune on the job's labelled examples, and on its unlabelled ones as the algorithm says."""
        environment.settle()
        devices = Devices(config.precision)
        where = _pretrained.locate(config.model)
        reader = _pretrained.reader(where, config.window, config.overlap, config.context)
        known = plugins.get("algorithm", job.algorithm).ALGORITHM
        algorithm: Algorithm[Any] = build(known, job.settings, where=f"settings of '{job.algorithm}'")
        network = Network.pretrained(
            where,
            job.axis,
            pooling=config.pooling,
            dropout=config.dropout,
            seed=job.seed,
            heads=algorithm.heads,
            extra_labels=algorithm.extra_labels,
            ordered=config.ordered,
        ).to(devices.device)
        freeze(network, config.frozen_layers)
        alone = algorithm.learns_from == "labels"
        texts = Texts.of(
            job,
            reader,
            most=config.windows_per_text,
            wordings=algorithm.learns_from == "strong",
            unlabelled=not alone,
        )

        def forward(asks: Sequence[loop.Ask], step: int) -> Tensor:
            start = partial(network.noise.start, job.seed, step)
            return columns(job.axis, network, [texts.windows(ask, step) for ask in asks], workers, start)

        workers = Workers(network, devices.device)
        dev = read(reader, job.dev)
        judge = job.judge

        def judged() -> float:
            assert judge is not None
            with devices.arithmetic():
                return judge(score(job.axis, network, dev))

        task = loop.Task(
            network,
            network.stages(),
            forward,
            [
                min(sum(len(w.ids) for w in text), config.window * config.windows_per_text)
                for text in texts.labelled
            ],
            torch.tensor(job.targets().values, dtype=torch.float32),
            job.axis.exclusive,
            torch.tensor(job.label_weights(), dtype=torch.float32, device=devices.device),
            pool=len(texts.weak),
            judge=judged if judge is not None and dev else None,
        )
        yield from loop.train(
            task,
            config.plan(alone=alone),
            algorithm,
            seed=job.seed,
            devices=devices,
            folder=job.checkpoints,
            identity=job.identity,
        )
        if devices.main:
            self._save(place, network.to("cpu"), reader, job.axis)
        devices.together()

    def scorer(self, axis: Axis, place: Path) -> Scorer:
        """The trained encoder in torch."""
        environment.settle()
        settings = files.read_json(place / "reach.json")
        reader = Reader.load(place / "tokenizer.json", Reach(**settings["reach"]))
        return EncoderScorer(axis, Network.load(place, settings["pooling"]), reader)

    def _save(self, place: Path, network: Network, reader: Reader, axis: Axis) -> None:
        with files.new_folder(place) as folder:
            network.save(folder)
            reader.tokenizer.save(str(folder / "tokenizer.json"))
            positions = getattr(network.classifier.config, "max_position_embeddings", reader.reach.window)
            files.write_json(
                folder / "tokenizer_config.json",
                {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": positions}
                | _special_tokens(reader.tokenizer),
            )
            files.write_json(
                folder / "reach.json", {"reach": asdict(reader.reach), "pooling": network.pooling}
            )


def columns(
    axis: Axis,
    network: Network,
    texts: Sequence[Windows],
    workers: Workers,
    start: Callable[[Sequence[Tokens]], None],
) -> Float[Tensor, "head text column"]:
    """What every head says of every text; `start` as in `by_chunks`."""
    device = next(network.parameters()).device
    flat = [window for text in texts for window in text]

    def chunk(places: Sequence[int]) -> Float[Tensor, "head window column"]:
        return network.columns(*pad([flat[i] for i in places], device)).float()

    scores = by_chunks(flat, device, workers, start, chunk)
    return combine(axis, scores, [len(text) for text in texts])


def combine(
    axis: Axis, scores: Float[Tensor, "head window column"], counts: Sequence[int]
) -> Float[Tensor, "head text column"]:
    """One row per text out of one row per window, as in use; the gradient flows through the window that counts."""
    if all(count == 1 for count in counts):
        return scores
    parts = torch.split(scores, list(counts), dim=1)
    if not axis.exclusive:
        return torch.stack([part.max(dim=1).values for part in parts], dim=1)
    rows = []
    for part in parts:
        real = part.detach()[..., : len(axis.names)].mean(dim=0)
        danger = axis.danger(real.double().cpu().numpy())
        rows.append(part[:, int(danger.argmax())])
    return torch.stack(rows, dim=1)


def freeze(network: Network, layers: int) -> None:
    """Keep the embeddings and the lowest layers as they were pretrained; 0 trains everything."""
    if layers == 0:
        return
    for stage in network.stages()[: 1 + layers]:
        for parameter in stage:
            parameter.requires_grad_(False)


def _special_tokens(tokenizer: Tokenizer) -> dict[str, str]:
    named = {"cls_token": ("[CLS]", "<s>"), "sep_token": ("[SEP]", "</s>"), "pad_token": ("[PAD]", "<pad>")}
    named |= {"unk_token": ("[UNK]", "<unk>"), "mask_token": ("[MASK]", "<mask>")}
    return {
        role: token
        for role, options in named.items()
        for token in options
        if tokenizer.token_to_id(token) is not None
    }


FAMILY = EncoderFamily()
