"""How loud the inputs of an encoder's products are on real texts, value by value.

A few channels of a trained transformer are many times louder than the rest, on every text (arXiv:2208.07339,
section 4). Eight bits need to know which.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from mindrail.arrays import Float, ndarray
from mindrail.export.graph import Graph
from mindrail.runtime.onnx import Feed, session


def measure(model: Path, feeds: Iterable[Feed]) -> dict[str, Float[ndarray, " _"]]:
    """The largest magnitude of each channel of every tensor that a constant matrix multiplies, by its name."""
    told = onnx.load(model)
    graph = Graph(told)
    names = sorted({node.input[0] for node in graph.nodes if graph.is_product(node)})
    told.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    run = session(told.SerializeToString()).run
    found = {name: np.zeros(1) for name in names}
    for feed in feeds:
        for name, values in zip(names, run(names, dict(feed)), strict=True):
            here = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            found[name] = np.maximum(found[name], here)
    return found
