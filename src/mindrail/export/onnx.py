"""A trained encoder as one ONNX file that reads one window at a time.

Exported unfused and without an attention mask: with one window per call there is no padding, and ONNX
Runtime's fused SkipLayerNormalization is slower on a CPU than the plain operators.
"""

import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from mindrail.export.attention import fused
from mindrail.models._network import Network

#: the last one that torch writes, and the one the file is marked with: nothing in between changed what it uses
WRITTEN, OPSET = 20, 23
#: the version of the file format that goes with it
IR = 10


class _OneWindow(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
        scores: Tensor = self.network(input_ids, token_type_ids)
        return scores


def export(network: Network, path: Path) -> None:
    """Write `network` to `path`: int64 `input_ids` and `token_type_ids` [1, token] in, float `logits` [1, k] out.

    An architecture without segments has only the first input.
    """
    ids = torch.arange(10, 26)[None]
    names = ["input_ids", "token_type_ids"]
    with warnings.catch_warnings(), fused(network.classifier):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _OneWindow(network.eval()),
            (ids, torch.zeros_like(ids)),
            str(path),
            input_names=names,
            output_names=["logits"],
            dynamic_axes={name: {1: "token"} for name in names},
            opset_version=WRITTEN,
            dynamo=False,
        )
    _mark(path)
    network.eval()  # the exporter puts modules back into the mode of its wrapper


def _mark(path: Path) -> None:
    """Say in the file which operators it uses."""
    model = onnx.load(path)
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    model.ir_version = IR
    onnx.save(model, path)
