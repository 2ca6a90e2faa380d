"""A transformer encoder, fine-tuned whole: MiniLM from its package by default, any Hugging Face id or folder.

Long texts are read in overlapping windows, in training as in use, and the most dangerous window speaks for
the text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from tokenizers import Tokenizer
from torch import Tensor

from mindrail import files, plugins, seeds
from mindrail.arrays import ndarray
from mindrail.models._base import Job
from mindrail.models._network import Network, Pooling
from mindrail.models._pretrained import fast_tokenizer, locate
from mindrail.records import Example
from mindrail.runtime.scorer import Scorer, worst
from mindrail.taxonomy import Axis
from mindrail.text.windows import Reach, Reader, Window
from mindrail.train import environment, loop
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class EncoderConfig:
    """Settings of the encoder family; defaults were chosen on the dev part of prompt-harm."""

    model: str = "minilm"  # or a Hugging Face id, or a folder
    pooling: Pooling | None = None  # None: the mean for BERT, the architecture's own elsewhere
    window: int = 256  # tokens seen at once, special tokens included
    overlap: int = 32  # tokens that neighbouring windows share
    context: int = 96  # tokens of what was said before, repeated in every window
    windows_per_text: int = 4  # in training, the longest texts are sampled down to this many
    epochs: int = 6
    batch: int = 16  # texts
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.1  # share of the steps
    dropout: float = 0.1
    frozen_layers: int = 0  # lowest layers that stay as they are; the embeddings with them
    save_every: int = 100  # steps between checkpoints


class EncoderScorer:
    """Raw scores from a trained encoder, with torch; the reference that exported guards are held against."""

    def __init__(self, axis: Axis, network: Network, reader: Reader) -> None:
        self.axis, self.network, self.reader = axis, network.eval(), reader

    def score(self, examples: Sequence[Example]) -> Float[ndarray, "n k"]:
        """Scores [n, k]; the most dangerous window of each text counts."""
        windows = [self.reader.read(*example.rendered()).windows for example in examples]
        flat = [window for text in windows for window in text]
        order = sorted(range(len(flat)), key=lambda i: len(flat[i].ids))
        scores = np.zeros((len(flat), len(self.axis.names)))
        with torch.inference_mode():
            for start in range(0, len(order), 8):
                part = order[start : start + 8]
                scores[part] = self.network(*pad([flat[i] for i in part])).double().numpy()
        ends = np.cumsum([len(text) for text in windows])
        rows = [
            worst(self.axis, scores[end - len(text) : end]) for text, end in zip(windows, ends, strict=True)
        ]
        return np.stack(rows) if rows else np.zeros((0, len(self.axis.names)))


class EncoderFamily:
    """Fine-tunes an encoder and writes it as a Hugging Face folder with `reach.json` beside it."""

    runtime = "onnx"
    algorithms = None
    Config = EncoderConfig

    def train(self, job: Job, config: EncoderConfig, place: Path) -> Iterator[Stepped]:
        """Fine-tune on the job's labelled examples."""
        environment.settle()
        where = locate(config.model)
        reach = Reach(config.window, config.overlap, config.context)
        reader = Reader(Tokenizer.from_file(str(fast_tokenizer(where))), reach)
        algorithm = plugins.get("algorithm", job.algorithm).ALGORITHM(**job.settings)
        network = Network.pretrained(
            where, job.axis, pooling=config.pooling, dropout=config.dropout, seed=job.seed
        )
        freeze(network, config.frozen_layers)
        windows = [reader.read(*example.rendered()).windows for example in job.labelled]

        def forward(rows: Sequence[int], step: int) -> Tensor:
            network.noise.start(job.seed, step)
            chosen = [_sampled(windows[row], config.windows_per_text, job.seed, step, row) for row in rows]
            scores = network(*pad([window for text in chosen for window in text]))
            return combine(job.axis, scores, [len(text) for text in chosen])[None]

        targets = job.targets().values
        task = loop.Task(
            network,
            forward,
            [min(sum(len(w.ids) for w in text), config.window * config.windows_per_text) for text in windows],
            torch.tensor(targets, dtype=torch.float32),
            job.axis.exclusive,
            torch.tensor(job.label_weights(), dtype=torch.float32),
        )
        plan = loop.Plan(
            config.epochs,
            config.batch,
            config.learning_rate,
            config.weight_decay,
            config.warmup,
            save_every=config.save_every,
        )
        yield from loop.train(
            task, plan, algorithm, seed=job.seed, folder=job.checkpoints, identity=job.identity
        )
        self._save(place, network, reader, job.axis)

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


def pad(windows: Sequence[Window]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, segments and mask [window, token] of windows of different length."""
    longest = max(len(window.ids) for window in windows)
    arrays = np.zeros((3, len(windows), longest), dtype=np.int64)
    for i, window in enumerate(windows):
        arrays[0, i, : len(window.ids)] = window.ids
        arrays[1, i, : len(window.ids)] = window.segments
        arrays[2, i, : len(window.ids)] = 1
    ids, segments, mask = torch.from_numpy(arrays)
    return ids, segments, mask


def combine(axis: Axis, scores: Float[Tensor, "window k"], counts: Sequence[int]) -> Float[Tensor, "text k"]:
    """One row per text out of one row per window, as in use; the gradient flows through the window that counts."""
    if all(count == 1 for count in counts):
        return scores
    parts = torch.split(scores, list(counts))
    if not axis.exclusive:
        return torch.stack([part.max(dim=0).values for part in parts])
    rows = []
    for part in parts:
        danger = axis.danger(part.detach().double().numpy())
        rows.append(part[int(danger.argmax())])
    return torch.stack(rows)


def freeze(network: Network, layers: int) -> None:
    """Keep the embeddings and the lowest layers as they were pretrained; 0 trains everything."""
    if layers == 0:
        return
    base: Any = network.classifier.base_model
    stack = base.encoder.layer if hasattr(base, "encoder") else base.layers
    for part in [base.embeddings, *stack[:layers]]:
        part.requires_grad_(False)


def _sampled(windows: Sequence[Window], most: int, seed: int, step: int, row: int) -> Sequence[Window]:
    if len(windows) <= most:
        return windows
    picked = seeds.stream(seed, "windows", step, row).choice(len(windows), most, replace=False)
    return [windows[i] for i in sorted(picked)]


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
