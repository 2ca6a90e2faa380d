"""Reading on: an encoder learns the words of a domain by guessing hidden ones, before it learns any label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mindrail import files, seeds
from mindrail.errors import BadConfig
from mindrail.models import _pretrained
from mindrail.models._noise import Noise, seed_dropout
from mindrail.models._texts import by_chunks, pad, read
from mindrail.records import Example
from mindrail.semisup import StepLogits, StepLosses
from mindrail.semisup._base import LearnsFrom
from mindrail.train import environment, loop
from mindrail.train.devices import Devices, Precision
from mindrail.train.progress import Stepped
from mindrail.train.workers import Workers


@dataclass(frozen=True)
class Adapt:
    """How an encoder reads on. Defaults follow BERT: of the hidden words 80 % become the mask, 10 % another word."""

    model: str = "minilm"  # or a Hugging Face id, or a folder
    epochs: int = 3
    batch: int = 32  # windows
    window: int = 128  # tokens seen at once
    hidden: float = 0.15  # share of the tokens that are to be guessed
    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warmup: float = 0.1  # share of the steps
    precision: Precision = "auto"
    seed: int = 0
    save_every: int = 200  # steps between checkpoints


@dataclass(frozen=True)
class _Loss:
    """An algorithm for the loop: the one number that the network says of a window is its loss already."""

    heads: ClassVar[int] = 1
    extra_labels: ClassVar[int] = 0
    learns_from: ClassVar[LearnsFrom] = "labels"

    def init(self, pool: int, labels: int, *, exclusive: bool) -> None:
        """Nothing to remember."""

    def step(self, state: None, logits: StepLogits) -> tuple[StepLosses, None]:
        """The mean over windows."""
        loss = logits.labeled.mean()
        return StepLosses(loss, {"loss": loss.item()}), None


def adapt(
    examples: Sequence[Example], settings: Adapt, folder: Path, *, checkpoints: Path, identity: str
) -> Iterator[Stepped]:
    """Guess hidden words of `examples`, yielding progress; `folder` then holds an encoder that `model` may name.

    Resumable from `checkpoints`. Raises BadConfig for a tokenizer without a mask.
    """
    environment.settle()
    devices = Devices(settings.precision)
    where = _pretrained.locate(settings.model)
    reader = _pretrained.reader(where, settings.window)
    mask = reader.tokenizer.token_to_id("[MASK]") or reader.tokenizer.token_to_id("<mask>")
    if mask is None:
        raise BadConfig(f"the tokenizer of {settings.model} has no mask. Do: choose an encoder such as BERT")
    network, noise = _network(where, settings.seed)
    network.to(devices.device)
    workers = Workers(network, devices.device)
    windows = [window for text in read(reader, examples) for window in text]
    special = {i for i in (0, mask) if i is not None} | _special(reader.tokenizer)
    words = reader.tokenizer.get_vocab_size()

    def forward(asks: Sequence[loop.Ask], step: int) -> Tensor:
        chosen = [windows[ask.row] for ask in asks]

        def chunk(places: Sequence[int]) -> Tensor:
            ids, segments, there = pad([chosen[i] for i in places], devices.device)
            rows = [asks[i].row for i in places]
            shown, hidden = _hide(ids, there, special, mask, words, settings, step, rows)
            return _guess(network, shown, segments, there, ids, hidden)[None, :, None]

        return by_chunks(chosen, devices.device, workers, partial(noise.start, settings.seed, step), chunk)

    base: Any = network.base_model
    stages = [list(part.parameters()) for part in (base.embeddings, *base.encoder.layer)]
    known = {id(p) for stage in stages for p in stage}
    task = loop.Task(
        network,
        [*stages, [p for p in network.parameters() if id(p) not in known]],
        forward,
        [len(window.ids) for window in windows],
        torch.zeros(len(windows), 1),
        exclusive=True,
    )
    plan = loop.Plan(
        settings.epochs,
        settings.batch,
        settings.learning_rate,
        settings.weight_decay,
        settings.warmup,
        save_every=settings.save_every,
    )
    yield from loop.train(
        task, plan, _Loss(), seed=settings.seed, devices=devices, folder=checkpoints, identity=identity
    )
    if devices.main:
        with files.new_folder(folder) as new:
            network.to("cpu").base_model.save_pretrained(new)
            reader.tokenizer.save(str(new / "tokenizer.json"))
    devices.together()


def _network(where: str, seed: int) -> tuple[Any, Noise]:
    from transformers import AutoConfig, AutoModelForMaskedLM

    config = AutoConfig.from_pretrained(where)
    config.attention_probs_dropout_prob = 0.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.derive(seed, "masked"))
        network = AutoModelForMaskedLM.from_pretrained(
            where, config=config, attn_implementation="eager", dtype=torch.float32
        )
    noise = Noise()
    seed_dropout(network, noise)
    return network, noise


def _hide(
    ids: Tensor,
    there: Tensor,
    special: set[int],
    mask: int,
    words: int,
    settings: Adapt,
    step: int,
    rows: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """What the network is shown, and which places it has to guess; depends on seed, step and row alone."""
    shown, hidden = ids.cpu().numpy().copy(), np.zeros(ids.shape, dtype=bool)
    plain = there.cpu().numpy().astype(bool) & ~np.isin(shown, list(special))
    for i, row in enumerate(rows):
        stream = seeds.stream(settings.seed, "hide", step, row)
        places = np.flatnonzero(plain[i])
        picked = places[stream.random(len(places)) < settings.hidden]
        how = stream.random(len(picked))
        hidden[i, picked] = True
        shown[i, picked[how < 0.8]] = mask
        other = picked[how >= 0.9]
        shown[i, other] = stream.integers(words, size=len(other))
    return torch.from_numpy(shown).to(ids.device), torch.from_numpy(hidden).to(ids.device)


def _guess(
    network: nn.Module, shown: Tensor, segments: Tensor, there: Tensor, ids: Tensor, hidden: Tensor
) -> Float[Tensor, " window"]:
    """Mean loss over the hidden places of each window; the vocabulary is only spelled out at these places."""
    base: Any = network
    states = base.base_model(input_ids=shown, attention_mask=there, token_type_ids=segments).last_hidden_state
    scores = base.cls(states[hidden])
    losses = cross_entropy(scores.float(), ids[hidden], reduction="none")
    window = hidden.nonzero()[:, 0]
    sums = torch.zeros(len(ids), device=ids.device).index_add(0, window, losses)
    return sums / hidden.sum(dim=1).clamp(min=1)


def _special(tokenizer: Tokenizer) -> set[int]:
    return {number for number, added in tokenizer.get_added_tokens_decoder().items() if added.special}
