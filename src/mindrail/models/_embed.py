"""Texts to vectors: MiniLM, the mean over all tokens, length one."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.text.windows import Reader

#: tokens per window; longer texts are read in several, and every token weighs the same
_WINDOW = 256
_BATCH = 32


class Embedder:
    """Loads its model when first asked. Raises MissingExtra where MiniLM's package is absent."""

    def __init__(self, model: str = "minilm") -> None:
        self.model = model

    def embed(self, texts: Sequence[str]) -> Float[ndarray, "n width"]:
        """One row per text. Batches hold texts of like length, so a row may differ in its last bits."""
        import torch

        network, reader = self._loaded
        windows = [
            (i, window.ids) for i, text in enumerate(texts) for window in reader.read("", text).windows
        ]
        windows.sort(key=lambda window: len(window[1]))
        sums: ndarray = np.zeros((len(texts), network.config.hidden_size))
        with torch.inference_mode():
            for start in range(0, len(windows), _BATCH):
                some = windows[start : start + _BATCH]
                ids = torch.nn.utils.rnn.pad_sequence(
                    [torch.tensor(ids) for _, ids in some], batch_first=True
                )
                mask = torch.arange(ids.shape[1]) < torch.tensor([[len(own)] for _, own in some])
                states = network(input_ids=ids, attention_mask=mask.long()).last_hidden_state
                added = (states * mask[..., None]).sum(1).double().numpy()
                np.add.at(sums, [i for i, _ in some], added)
        rows: ndarray = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return rows

    @cached_property
    def _loaded(self) -> tuple[Any, Reader]:
        from mindrail.train import environment

        environment.prepare()
        from transformers import AutoModel

        from mindrail.models import _pretrained

        environment.settle()
        where = _pretrained.locate(self.model)
        reader = _pretrained.reader(where, _WINDOW)
        return AutoModel.from_pretrained(where).eval(), reader
