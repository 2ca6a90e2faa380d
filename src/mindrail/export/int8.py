"""An ONNX encoder with 8-bit weights whose scores depend on nothing but the text.

Stock dynamic quantisation takes one scale for a whole batch of activations: a loud token blurs its
neighbours, and a text in the batch blurs another text. Here every token has its own scale, computed in the
graph from plain operators:

    scale[row] = max|x[row]| / 63          q = round(x / scale) + 64, in 1 … 127
    y = (q - 64) @ W8 * scale[row] * weight_scale[column]

Activations use seven bits, so that a pair of products always fits the 16-bit accumulators of CPUs without
VNNI (127 · 127 · 2 < 2¹⁵), where ONNX Runtime's kernels otherwise saturate and answer differently from other
machines. Weights have eight bits and a scale per column; embeddings have a scale per row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mindrail.arrays import ndarray

#: Largest magnitude of a quantised activation, and its zero point.
REACH, ZERO = 63, 64


@dataclass(frozen=True)
class Recipe:
    """Which parts get eight bits. `keep` names parts of node names whose weights stay float32."""

    name: str
    keep: tuple[str, ...] = ()
    embeddings: bool = True


#: From smallest and fastest to most careful; `export` ships the first that passes its gate.
RECIPES = (
    Recipe("int8"),
    Recipe("int8, wide projections in float", keep=("/output/dense/",)),
)


def quantise(source: Path, target: Path, recipe: Recipe) -> None:
    """Write a copy of an exported encoder with its large weights in eight bits."""
    model = onnx.load(source)
    graph = model.graph
    weights = {i.name: i for i in graph.initializer}
    rewriter = _Rewriter(weights)
    nodes = []
    for node in graph.node:
        if recipe.embeddings and _is_table(node, weights):
            nodes += rewriter.table(node)
        elif _is_projection(node, weights) and not any(part in node.name for part in recipe.keep):
            nodes += rewriter.projection(node)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [i for i in [*graph.initializer, *rewriter.made] if i.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)


def _is_projection(node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]) -> bool:
    return node.op_type == "MatMul" and node.input[1] in weights and len(weights[node.input[1]].dims) == 2


def _is_table(node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]) -> bool:
    """A gather from a large embedding table."""
    table = weights.get(node.input[0]) if node.op_type == "Gather" else None
    return table is not None and len(table.dims) == 2 and table.dims[0] > 1000


class _Rewriter:
    """Makes the 8-bit twin of a node; what two nodes share is made once."""

    def __init__(self, weights: dict[str, onnx.TensorProto]) -> None:
        self.weights = weights
        self.made: list[onnx.TensorProto] = []
        self._rows: dict[str, tuple[str, str]] = {}
        self._constants: dict[str, str] = {}

    def table(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """An embedding table with one scale per row."""
        values = numpy_helper.to_array(self.weights[node.input[0]])
        scale = np.maximum(np.abs(values).max(axis=1), 1e-12) / 127
        codes = np.clip(np.rint(values / scale[:, None]), -127, 127).astype(np.int8)
        stem = node.output[0]
        table = self._constant(f"{stem}.codes", codes)
        scales = self._constant(f"{stem}.scales", scale.astype(np.float32)[:, None])
        return [
            helper.make_node("Gather", [table, node.input[1]], [f"{stem}.row"], f"{node.name}.row", axis=0),
            helper.make_node(
                "Cast", [f"{stem}.row"], [f"{stem}.float"], f"{node.name}.float", to=TensorProto.FLOAT
            ),
            helper.make_node(
                "Gather", [scales, node.input[1]], [f"{stem}.scale"], f"{node.name}.scale", axis=0
            ),
            helper.make_node("Mul", [f"{stem}.float", f"{stem}.scale"], [stem], f"{node.name}.product"),
        ]

    def projection(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """x @ W with a scale per row of x and per column of W; x is [1, token, in]."""
        nodes, (rows, scale) = self._quantised_rows(node.input[0], node.name)
        values = numpy_helper.to_array(self.weights[node.input[1]])
        column = np.maximum(np.abs(values).max(axis=0), 1e-12) / 127
        codes = np.clip(np.rint(values / column), -127, 127).astype(np.int8)
        stem = node.output[0]
        inputs = [
            rows,
            self._constant(f"{stem}.codes", codes),
            self._constant("one", np.float32(1)),
            self._constant(f"{stem}.columns", column.astype(np.float32)),
            self._constant("zero", np.uint8(ZERO)),
        ]
        size = self._constant(f"size.{values.shape[1]}", np.array([1, -1, values.shape[1]]))
        return [
            *nodes,
            helper.make_node(
                "MatMulIntegerToFloat", inputs, [f"{stem}.flat"], f"{node.name}.int8", domain="com.microsoft"
            ),
            helper.make_node("Mul", [f"{stem}.flat", scale], [f"{stem}.scaled"], f"{node.name}.rows"),
            helper.make_node("Reshape", [f"{stem}.scaled", size], [stem], f"{node.name}.shape"),
        ]

    def _quantised_rows(self, name: str, at: str) -> tuple[list[onnx.NodeProto], tuple[str, str]]:
        """Codes uint8 [token, in] and scales [token, 1] of a float tensor, once per tensor."""
        if name in self._rows:
            return [], self._rows[name]
        last = self._constant("last", np.array([-1]))
        flat, made = f"{name}.2d", (f"{name}.codes", f"{name}.scale2")
        self._rows[name] = made
        steps: Sequence[tuple[str, list[str], str, dict[str, int]]] = (
            ("Squeeze", [name, self._constant("first", np.array([0]))], flat, {}),
            ("ReduceMax", [flat], f"{name}.max", {"keepdims": 0}),
            ("ReduceMin", [flat], f"{name}.min", {"keepdims": 0}),
            ("Neg", [f"{name}.min"], f"{name}.neg", {}),
            (
                "Max",
                [f"{name}.max", f"{name}.neg", self._constant("tiny", np.float32(1e-9))],
                f"{name}.top",
                {},
            ),
            ("Mul", [f"{name}.top", self._constant("step", np.float32(1 / REACH))], f"{name}.scale", {}),
            ("Shape", [f"{name}.scale"], f"{name}.count", {}),
            (
                "Expand",
                [self._constant("zeros", np.array([ZERO], np.uint8)), f"{name}.count"],
                f"{name}.zeros",
                {},
            ),
            ("QuantizeLinear", [flat, f"{name}.scale", f"{name}.zeros"], made[0], {"axis": 0}),
            ("Unsqueeze", [f"{name}.scale", last], made[1], {}),
        )
        nodes = []
        for kind, inputs, output, settings in steps:
            node = helper.make_node(kind, inputs, [output], f"{at}.rows.{kind.lower()}", **settings)
            if kind.startswith("Reduce"):
                node.attribute.append(helper.make_attribute("axes", [1]))
            nodes.append(node)
        return nodes, made

    def _constant(self, name: str, value: ndarray | np.generic) -> str:
        if name not in self._constants:
            self._constants[name] = f"{name}.constant"
            self.made.append(numpy_helper.from_array(np.asarray(value), f"{name}.constant"))
        return self._constants[name]
