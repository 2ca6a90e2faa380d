"""A merged model as one ONNX file that says what comes next: enough to read the first token of an answer."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mindrail import files
from mindrail.causal import Number
from mindrail.causal.load import Loaded
from mindrail.causal.merge import ABOUT
from mindrail.errors import BadConfig, BrokenGuard, MissingExtra

FILE, OPSET = "model.onnx", 17
#: ONNX keeps weights inside one file up to 2 GB
LARGEST = 1_900_000_000
#: logits of the file and of the model may differ by this much
FAITHFUL = 1e-3


class _Next(nn.Module):
    """The logits after the last token of every row; rows are padded on the left."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, ids: Int[Tensor, "row token"], mask: Int[Tensor, "row token"]
    ) -> Float[Tensor, "row vocabulary"]:
        places = (mask.cumsum(dim=1) - 1).clamp(min=0)
        made = self.model(
            input_ids=ids, attention_mask=mask, position_ids=places, use_cache=False, logits_to_keep=1
        )
        logits: Tensor = made.logits[:, -1].float()
        return logits


def save(loaded: Loaded, place: Path, number: Number) -> None:
    """Write `model.onnx` beside the tokenizer: int64 `input_ids` and `attention_mask` [row, token] in, float32
    `logits` [row, vocabulary] of the next token out.

    The file is read back and held against the model. Raises BadConfig for other numbers than float32 and above
    2 GB, MissingExtra without `onnx`, BrokenGuard where the file says something else.
    """
    if number != "float32":
        raise BadConfig(f"ONNX is written in float32, not in {number}. Do: leave numbers as it is")
    size = 4 * sum(p.numel() for p in loaded.model.parameters())
    if size > LARGEST:
        raise BadConfig(f"{loaded.version} has {size / 1e9:.1f} GB of weights; one ONNX file holds 2 GB")
    model = _Next(loaded.model.eval())
    ids = torch.arange(34).view(2, 17) % loaded.model.config.get_text_config().vocab_size
    mask = torch.ones_like(ids)
    names = ["input_ids", "attention_mask"]
    with files.new_folder(place) as new:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                torch.onnx.export(
                    model,
                    (ids, mask),
                    str(new / FILE),
                    input_names=names,
                    output_names=["logits"],
                    dynamic_axes={name: {0: "row", 1: "token"} for name in names} | {"logits": {0: "row"}},
                    opset_version=OPSET,
                    dynamo=False,  # the newer exporter needs onnxscript and writes slower graphs
                )
            except ImportError:
                raise MissingExtra("onnx", "train", "writing ONNX") from None
        _hold_against(model, new / FILE)
        loaded.tokenizer.save_pretrained(new)
        files.write_json(new / ABOUT, {"merged": loaded.name, "numbers": number})


def _hold_against(model: _Next, path: Path) -> None:
    """Raise BrokenGuard unless the file says what the model says, on other shapes than it was made with."""
    import onnxruntime

    ids = torch.arange(66).view(3, 22) % model.model.config.get_text_config().vocab_size
    mask = torch.ones_like(ids)
    mask[0, :5] = 0
    session = onnxruntime.InferenceSession(path)
    (found,) = session.run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    with torch.inference_mode():
        apart = float(np.abs(found - model(ids, mask).numpy()).max())
    if not apart <= FAITHFUL:
        raise BrokenGuard(f"the exported model's logits differ from the merged one's by {apart:.2g}")
