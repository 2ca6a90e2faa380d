"""Encoders of several architectures with random weights, small enough to train in a test."""

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from helpers.guards import tokenizer
from mindrail.models import Job
from mindrail.records import Example
from mindrail.taxonomy import Axis

_SHAPE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
#: what differs from the common shape
ARCHITECTURES = {
    "bert": {},
    "roberta": {"type_vocab_size": 1, "pad_token_id": 0},
    "xlm-roberta": {"type_vocab_size": 1, "pad_token_id": 0},
    "electra": {"embedding_size": 16},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0},
    "modernbert": {"global_attn_every_n_layers": 2, "local_attention": 8, "pad_token_id": 0},
}
#: small windows, few steps
SETTINGS = {"window": 24, "overlap": 4, "context": 6, "batch": 4, "epochs": 2, "learning_rate": 1e-3}


def encoder(folder: Path, architecture: str = "bert") -> Path:
    """Write a random model and its tokenizer; return the folder."""
    made = tokenizer()
    config = AutoConfig.for_model(architecture, **{**_SHAPE, **ARCHITECTURES[architecture]})
    config.vocab_size = made.get_vocab_size()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    made.save(str(folder / "tokenizer.json"))
    return folder


def masked(folder: Path) -> Path:
    """A tiny BERT whose tokenizer has a mask, in place of a word that nobody needs."""
    place = encoder(folder) / "tokenizer.json"
    assert '"##z"' in place.read_text()
    place.write_text(place.read_text().replace('"##z"', '"[MASK]"'))
    return folder


def examples(axis: Axis, size: int = 12) -> list[Example]:
    """Storms are bad, the park is good; every third has a context, every fourth is long."""
    made = []
    for i in range(size):
        bad = i % 2 == 1
        text = f"the {'storm' if bad else 'park'} {'walk ' * (i % 5)}{'calm ' * (40 if i % 4 == 3 else 1)}{i}"
        answer = axis.names[-1 if bad else 0] if axis.exclusive else ((axis.names[-1],) if bad else ())
        made.append(
            Example.of(text, context="please come" if i % 3 == 0 else "", answers={axis.name: answer})
        )
    return made


def job(axis: Axis, folder: Path | None = None, **changes: object) -> Job:
    """A job on these examples."""
    return Job(axis, examples(axis), checkpoints=folder, **changes)
