"""An encoder with a classification head that plain transformers can load again.

Two ways to sum a window up. `native`: whatever the architecture's own classification class does. `mean`,
for BERT: the mean over tokens, normalised, through BERT's own pooler and classifier. For a sentence encoder
such as MiniLM the mean is what its weights were trained for.

Algorithms that ask for several heads, or for labels beside the real ones, get heads of our own on the mean of any
architecture (`_heads.py`). What is saved then is the encoder with `heads.safetensors` beside it, which mindrail
reads and exports; plain transformers reads the encoder alone.
"""

import copy
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from mindrail import seeds
from mindrail.errors import BadConfig
from mindrail.models._heads import Heads
from mindrail.models._noise import Noise, seed_dropout
from mindrail.models._ordered import in_order
from mindrail.taxonomy import Axis, tree
from mindrail.taxonomy.tree import Ordered

Pooling = Literal["mean", "native"]

#: How much louder the averaging layer speaks than the residual beside it; see `with_mean_layer`.
LOUD = 1e6

#: Where heads of our own lie beside the encoder.
HEADS = "heads.safetensors"


class Network(nn.Module):
    """A transformers sequence classifier, with its pooling replaced where asked."""

    def __init__(self, classifier: Any, pooling: Pooling, heads: Heads | None = None) -> None:
        super().__init__()
        self.classifier, self.pooling, self.heads = classifier, pooling, heads
        self.ordered: Ordered = getattr(classifier.config, "mindrail_ordered", "flat")
        self.noise = Noise()
        seed_dropout(self, self.noise)

    @classmethod
    def pretrained(
        cls,
        where: str,
        axis: Axis,
        *,
        pooling: Pooling | None,
        dropout: float,
        seed: int,
        heads: int = 1,
        extra_labels: int = 0,
        ordered: Ordered = "flat",
    ) -> "Network":
        """Load weights and put a fresh head on them; `pooling=None` takes the mean for BERT, native elsewhere.

        More heads than one, or extra labels, are heads of our own on the mean of any architecture. With
        `ordered="nodes"` the head has a column per node of the tree of labels, and `in_order` comes last.
        """
        from transformers import AutoConfig, AutoModelForSequenceClassification

        config = AutoConfig.from_pretrained(where)
        if pooling == "mean" and config.model_type != "bert":
            raise BadConfig(
                f"pooling 'mean' is for BERT, and this is {config.model_type}. Do: use pooling 'native'"
            )
        chosen = pooling or ("mean" if config.model_type == "bert" else "native")
        names = axis.names if ordered == "flat" else tree.nodes(axis)
        together = axis.exclusive and ordered == "flat"
        config.num_labels = len(names)
        config.id2label = dict(enumerate(names))
        config.label2id = {name: i for i, name in enumerate(names)}
        config.problem_type = "single_label_classification" if together else "multi_label_classification"
        config.mindrail_ordered = ordered
        for name in (
            "hidden_dropout_prob",
            "dropout",
            "classifier_dropout",
            "mlp_dropout",
            "embedding_dropout",
        ):
            if getattr(config, name, None) is not None:
                setattr(config, name, dropout)
        for name in ("attention_probs_dropout_prob", "attention_dropout"):
            if hasattr(config, name):  # with it, attention falls back to a slow path
                setattr(config, name, 0.0)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(seed, "head"))
            model = AutoModelForSequenceClassification.from_pretrained(
                where,
                config=config,
                attn_implementation="eager",
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # another task's head makes room for ours
            )
        if heads > 1 or extra_labels:
            columns = len(names) + extra_labels
            return cls(model, "mean", Heads(config.hidden_size, heads, columns, dropout, seed))
        if chosen == "mean":
            with torch.no_grad():  # start from the plain mean, gently squashed
                model.bert.pooler.dense.weight.copy_(0.5 * torch.eye(config.hidden_size))
                model.bert.pooler.dense.bias.zero_()
        return cls(model, chosen)

    def forward(
        self,
        ids: Int[Tensor, "window token"],
        segments: Int[Tensor, "window token"],
        mask: Int[Tensor, "window token"] | None = None,
    ) -> Float[Tensor, "window k"]:
        """Raw scores of each window; without a mask every token counts."""
        labels = self.classifier.config.num_labels + (self.ordered == "nodes")
        return self.columns(ids, segments, mask)[..., :labels].mean(dim=0)

    def columns(
        self,
        ids: Int[Tensor, "window token"],
        segments: Int[Tensor, "window token"],
        mask: Int[Tensor, "window token"] | None = None,
    ) -> Float[Tensor, "head window column"]:
        """What every head says of every window, extra labels included."""
        said = self._said(ids, segments, mask)
        return said if self.ordered == "flat" else in_order(said, self.classifier.config.num_labels)

    def _said(
        self,
        ids: Int[Tensor, "window token"],
        segments: Int[Tensor, "window token"],
        mask: Int[Tensor, "window token"] | None,
    ) -> Float[Tensor, "head window column"]:
        inputs = {"input_ids": ids} if mask is None else {"input_ids": ids, "attention_mask": mask}
        if self.takes_segments:
            inputs["token_type_ids"] = segments
        if self.pooling == "native":
            scores: Tensor = self.classifier(**inputs).logits
            return scores[None]
        hidden = self.classifier.base_model(**inputs).last_hidden_state
        if mask is None:
            mean = hidden.mean(dim=1)
        else:
            weight = mask[..., None].to(hidden.dtype)
            mean = (hidden * weight).sum(dim=1) / weight.sum(dim=1)
        config = self.classifier.config
        mean = layer_norm(mean, (config.hidden_size,), eps=getattr(config, "layer_norm_eps", 1e-12))
        if self.heads is not None:
            several: Tensor = self.heads(mean)
            return several
        pooled = torch.tanh(self.classifier.bert.pooler.dense(mean))
        scores = self.classifier.classifier(self.classifier.dropout(pooled))
        return scores[None]

    def stages(self) -> list[list[nn.Parameter]]:
        """What is learned, from the embeddings through the layers up to the head."""
        base: Any = self.classifier.base_model
        inner = getattr(base, "encoder", getattr(base, "transformer", base))
        stack = inner.layer if hasattr(inner, "layer") else inner.layers
        lower = [list(part.parameters()) for part in (base.embeddings, *stack)]
        known = {id(parameter) for stage in lower for parameter in stage}
        return [*lower, [p for p in self.parameters() if id(p) not in known]]

    @property
    def takes_segments(self) -> bool:
        """Whether the architecture tells first from second segment."""
        return int(getattr(self.classifier.config, "type_vocab_size", 0) or 0) > 1

    def save(self, folder: Path) -> None:
        """Write a folder that `AutoModelForSequenceClassification.from_pretrained` loads with the same scores.

        With heads of our own it loads the encoder, and the heads lie beside it.
        """
        if self.heads is not None:
            self.classifier.save_pretrained(folder)
            save_file(self.heads.trimmed(self.classifier.config.num_labels), folder / HEADS)
            return
        model = with_mean_layer(self.classifier) if self.pooling == "mean" else self.classifier
        model.save_pretrained(folder)

    @classmethod
    def load(cls, folder: Path, pooling: Pooling) -> "Network":
        """Read back what `save` wrote."""
        from transformers import AutoModelForSequenceClassification

        model = AutoModelForSequenceClassification.from_pretrained(
            folder, attn_implementation="eager", dtype=torch.float32, local_files_only=True
        )
        if (folder / HEADS).is_file():
            weights = load_file(folder / HEADS)
            count = sum(name.startswith("pools.") and name.endswith(".bias") for name in weights)
            heads = Heads(model.config.hidden_size, count, model.config.num_labels, 0.0, 0)
            heads.load_state_dict(weights)
            return cls(model, pooling, heads).eval()
        if pooling == "mean":
            del model.bert.encoder.layer[-1]
            model.config.num_hidden_layers -= 1
        return cls(model, pooling).eval()


def with_mean_layer(model: Any) -> Any:
    """A copy of a BERT classifier with one more layer, in which every token becomes the mean over all tokens.

    Plain transformers pools the first token. Attention with zero queries and keys is uniform over the
    unmasked tokens, identity values make it their mean, and an output weight of LOUD drowns the residual, so
    that the layer's own normalisation yields exactly the normalised mean that `Network` computes.
    """
    model = copy.deepcopy(model)
    layer = copy.deepcopy(model.bert.encoder.layer[-1])
    attention = layer.attention.self
    size = model.config.hidden_size
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        attention.value.weight.copy_(torch.eye(size))
        layer.attention.output.dense.weight.copy_(LOUD * torch.eye(size))
        layer.attention.output.LayerNorm.weight.fill_(1.0)
        layer.output.LayerNorm.weight.fill_(1.0)
    if hasattr(attention, "layer_idx"):
        attention.layer_idx = len(model.bert.encoder.layer)
    model.bert.encoder.layer.append(layer)
    model.config.num_hidden_layers += 1
    return model
