"""An ONNX encoder with 8-bit weights whose scores depend on nothing but the text.

Stock dynamic quantisation takes one scale for a whole batch of activations: a loud token blurs its
neighbours, and a text in the batch blurs another text. Here every token has its own scale and zero point,
computed in the graph from plain operators (one scale per row: arXiv:2208.07339):

    scale[row] = (max x[row] - min x[row]) / 255       zero[row] = round(-min x[row] / scale[row])
    q = round(x / scale) + zero, in 0 … 255
    y = (q @ W8 - zero[row] * sum(W8)) * scale[row] * weight_scale[column]

Weights have a scale per column, embeddings a scale per row. Weights are stored unsigned around 128, because
ONNX Runtime's kernels for unsigned times signed saturate on CPUs without VNNI, and would answer differently
there. docs/log.md has what was tried besides: seven-bit activations, split channels.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mindrail.arrays import ndarray

#: largest code of an activation; largest magnitude of a weight's code, which is stored around MIDDLE
CODES, LEVELS, MIDDLE = 255, 127, 128


@dataclass(frozen=True)
class Recipe:
    """Which parts get eight bits. `keep` names parts of node names whose weights stay float32."""

    name: str
    keep: tuple[str, ...] = ()


#: From fastest to most careful; `export` ships the first that passes its gate.
RECIPES = (
    Recipe("int8"),
    Recipe("int8, attention inputs in float", keep=("/query/", "/key/", "/value/", "_lin", "Wqkv", "_proj")),
    Recipe(
        "int8, attention inputs and wide projections in float",
        keep=("/query/", "/key/", "/value/", "_lin", "Wqkv", "_proj", "/output/dense/", "lin2", "/Wo/"),
    ),
)


def quantise(source: Path, target: Path, recipe: Recipe) -> None:
    """Write a copy of an exported encoder with its large weights in eight bits."""
    model = onnx.load(source)
    graph = model.graph
    rewriter = _Rewriter(graph)
    nodes = [new for node in graph.node for new in rewriter.small(node, recipe)]
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [i for i in [*graph.initializer, *rewriter.made] if i.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)


class _Rewriter:
    """Makes the 8-bit twin of a node; what several nodes share is made once."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.weights = {i.name: i for i in graph.initializer}
        self.made: list[onnx.TensorProto] = []
        self._rows: dict[str, tuple[str, str, str]] = {}
        self._names: set[str] = set()

    def small(self, node: onnx.NodeProto, recipe: Recipe) -> list[onnx.NodeProto]:
        """The nodes that take the place of one node; itself, if it stays."""
        if node.op_type == "Gather" and self._is_matrix(node.input[0], 1000):
            return self._table(node)
        kept = any(part in node.name for part in recipe.keep)
        if node.op_type == "MatMul" and self._is_matrix(node.input[1], 2) and not kept:
            return self._projection(node)
        return [node]

    def _is_matrix(self, name: str, rows: int) -> bool:
        """Whether a name is that of a constant matrix of at least so many rows."""
        return (
            name in self.weights and len(self.weights[name].dims) == 2 and self.weights[name].dims[0] >= rows
        )

    def _table(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """An embedding table with one scale per row."""
        values = numpy_helper.to_array(self.weights[node.input[0]])
        scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / LEVELS
        at = node.output[0]
        codes = self._constant(f"{at}.codes", np.rint(values / scale).astype(np.int8))
        scales = self._constant(f"{at}.scales", scale.astype(np.float32))
        return [
            _node("Gather", [codes, node.input[1]], f"{at}.row", axis=0),
            _node("Cast", [f"{at}.row"], f"{at}.float", to=TensorProto.FLOAT),
            _node("Gather", [scales, node.input[1]], f"{at}.scale", axis=0),
            _node("Mul", [f"{at}.float", f"{at}.scale"], at),
        ]

    def _projection(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """x @ W with a scale per row of x and per column of W; x is [1, token, in]."""
        name, at = node.input[0], node.output[0]
        values = numpy_helper.to_array(self.weights[node.input[1]]).astype(np.float64)
        nodes = self._quantised_rows(name)
        rows, scale, zero = self._rows[name]
        column = np.maximum(np.abs(values).max(axis=0), 1e-12) / LEVELS
        codes = np.rint(values / column).astype(np.int64)
        width = values.shape[1]
        product = [
            rows,
            self._constant(f"{at}.codes", (codes + MIDDLE).astype(np.uint8)),
            self._constant("one", np.float32(1)),
            self._constant(f"{at}.columns", column.astype(np.float32)),
            self._constant("nought", np.uint8(0)),
            self._constant(f"middle.{width}", np.full(width, MIDDLE, np.uint8)),
        ]
        sums = self._constant(f"{at}.sums", (codes.sum(axis=0) * column).astype(np.float32)[None])
        size = self._constant(f"size.{width}", np.array([1, -1, width]))
        return [
            *nodes,
            _node("MatMulIntegerToFloat", product, f"{at}.product", domain="com.microsoft"),
            _node("Mul", [zero, sums], f"{at}.shift"),
            _node("Sub", [f"{at}.product", f"{at}.shift"], f"{at}.centred"),
            _node("Mul", [f"{at}.centred", scale], f"{at}.scaled"),
            _node("Reshape", [f"{at}.scaled", size], at),
        ]

    def _quantised_rows(self, name: str) -> list[onnx.NodeProto]:
        """Codes uint8 [token, in], scales and zero points [token, 1] of a float tensor; made once per tensor."""
        if name in self._rows:
            return []
        first, last = self._constant("first", np.array([0])), self._constant("last", np.array([-1]))
        flat = f"{name}.flat"
        self._rows[name] = (f"{name}.codes", f"{name}.scales", f"{name}.zeros.float")
        tiny = self._constant("tiny", np.float32(1e-9))
        step = self._constant("step", np.float32(1 / CODES))
        least, most = self._constant("least", np.float32(0)), self._constant("most", np.float32(CODES))
        return [
            _node("Squeeze", [name, first], flat),
            _node("ReduceMax", [flat], f"{name}.top", axes=[1], keepdims=0),
            _node("Max", [f"{name}.top", least], f"{name}.max"),  # zero is always in the range
            _node("ReduceMin", [flat], f"{name}.bottom", axes=[1], keepdims=0),
            _node("Min", [f"{name}.bottom", least], f"{name}.min"),
            _node("Sub", [f"{name}.max", f"{name}.min"], f"{name}.range"),
            _node("Mul", [f"{name}.range", step], f"{name}.step"),
            _node("Max", [f"{name}.step", tiny], f"{name}.scale"),
            _node("Neg", [f"{name}.min"], f"{name}.lowest"),
            _node("Div", [f"{name}.lowest", f"{name}.scale"], f"{name}.zero"),
            _node("Round", [f"{name}.zero"], f"{name}.rounded"),
            _node("Clip", [f"{name}.rounded", least, most], f"{name}.clipped"),
            _node("Cast", [f"{name}.clipped"], f"{name}.zeros", to=TensorProto.UINT8),
            _node("QuantizeLinear", [flat, f"{name}.scale", f"{name}.zeros"], f"{name}.codes", axis=0),
            _node("Unsqueeze", [f"{name}.scale", last], f"{name}.scales"),
            _node("Unsqueeze", [f"{name}.clipped", last], f"{name}.zeros.float"),
        ]

    def _constant(self, name: str, value: ndarray | np.generic) -> str:
        if name not in self._names:
            self._names.add(name)
            self.made.append(numpy_helper.from_array(np.asarray(value), f"{name}.constant"))
        return f"{name}.constant"


def _node(kind: str, inputs: list[str], output: str, **settings: Any) -> onnx.NodeProto:
    """A node named after its output, which is unique."""
    return helper.make_node(kind, inputs, [output], output, **settings)
