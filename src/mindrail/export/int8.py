"""An ONNX encoder with 8-bit weights whose scores depend on nothing but the text.

Stock dynamic quantisation takes one scale for a whole batch of activations: a loud token blurs its
neighbours, and a text in the batch blurs another text. Here every token has a scale of its own
(one scale per row: arXiv:2208.07339), or several: one for each block of a token's values.

*Rows*: the token is brought to the range -1 to 1 before ONNX Runtime quantises, and back afterwards:

    loud[row] = max |x[row]|          y = quantised(x / loud) @ W8 * weight_scale[column] * loud

*Blocks*: ONNX Runtime's own product of blocks (MatMulNBits), finer and slower.

Embeddings have a scale per row. Weights of the rows' way are stored unsigned around 128, because ONNX Runtime's
kernels for unsigned times signed saturate on CPUs without VNNI, and would answer differently there; with VNNI the
runtime turns them into signed ones as it loads them, for twice the speed and the same integers (`runtime/eight.py`).
docs/log.md has what was tried besides.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mindrail.arrays import ndarray
from mindrail.runtime.eight import MIDDLE, SUFFIX

#: largest magnitude of a weight's code
LEVELS = 127
#: values that share a scale where a token has several
BLOCK = 64

_ATTENTION = ("/query/", "/key/", "/value/", "_lin", "Wqkv", "_proj")


@dataclass(frozen=True)
class Recipe:
    """How weights get eight bits. `blocks` names parts of node names that are quantised by blocks, not by rows."""

    name: str
    blocks: tuple[str, ...] = ()


#: From fastest to most careful; `export` ships the first that passes its gate.
RECIPES = (
    Recipe("int8"),
    Recipe("int8, attention inputs by blocks", blocks=_ATTENTION),
    Recipe("int8 by blocks", blocks=("",)),
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
        self._rows: set[str] = set()
        self._names: set[str] = set()

    def small(self, node: onnx.NodeProto, recipe: Recipe) -> list[onnx.NodeProto]:
        """The nodes that take the place of one node; itself, if it stays."""
        if node.op_type == "Gather" and self._is_matrix(node.input[0], 1000):
            return self._table(node)
        if node.op_type == "MatMul" and self._is_matrix(node.input[1], 2):
            values = numpy_helper.to_array(self.weights[node.input[1]]).astype(np.float64)
            if any(part in node.name for part in recipe.blocks) and len(values) % BLOCK == 0:
                return self._by_blocks(node, values)
            return self._by_rows(node, values)
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

    def _by_rows(self, node: onnx.NodeProto, values: ndarray) -> list[onnx.NodeProto]:
        """x @ W with a scale per row of x and per column of W."""
        name, at = node.input[0], node.output[0]
        nodes = self._unit_rows(name)
        column = np.maximum(np.abs(values).max(axis=0), 1e-12) / LEVELS
        width = values.shape[1]
        product = [
            f"{name}.unit",
            self._constant(f"{at}{SUFFIX}", (np.rint(values / column) + MIDDLE).astype(np.uint8)),
            self._constant(f"{at}.columns", column.astype(np.float32)),
            self._constant(f"middle.{width}{SUFFIX}", np.full(width, MIDDLE, np.uint8)),
        ]
        return [
            *nodes,
            _node("DynamicQuantizeMatMul", product, f"{at}.product", domain="com.microsoft"),
            _node("Mul", [f"{at}.product", f"{name}.loud"], at),
        ]

    def _unit_rows(self, name: str) -> list[onnx.NodeProto]:
        """A float tensor with every row between -1 and 1, and how loud each row was; made once per tensor."""
        if name in self._rows:
            return []
        self._rows.add(name)
        tiny = self._constant("tiny", np.float32(1e-9))
        return [
            _node("Abs", [name], f"{name}.size"),
            _node("ReduceMax", [f"{name}.size"], f"{name}.largest", axes=[-1], keepdims=1),
            _node("Max", [f"{name}.largest", tiny], f"{name}.loud"),
            _node("Div", [name, f"{name}.loud"], f"{name}.unit"),
        ]

    def _by_blocks(self, node: onnx.NodeProto, values: ndarray) -> list[onnx.NodeProto]:
        """x @ W with a scale per block of each row of x and of each column of W."""
        at = node.output[0]
        rows, width = values.shape
        blocks = values.T.reshape(width, rows // BLOCK, BLOCK)
        scale = np.maximum(np.abs(blocks).max(axis=-1, keepdims=True), 1e-12) / LEVELS
        inputs = [
            node.input[0],
            self._constant(f"{at}.codes", (np.rint(blocks / scale) + MIDDLE).astype(np.uint8)),
            self._constant(f"{at}.scales", scale[..., 0].astype(np.float32)),
        ]
        shape = {"K": rows, "N": width, "bits": 8, "block_size": BLOCK}
        # level 4: activations are quantised too
        return [_node("MatMulNBits", inputs, at, domain="com.microsoft", accuracy_level=4, **shape)]

    def _constant(self, name: str, value: ndarray | np.generic) -> str:
        if name not in self._names:
            self._names.add(name)
            self.made.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def _node(kind: str, inputs: list[str], output: str, **settings: Any) -> onnx.NodeProto:
    """A node named after its output, which is unique."""
    return helper.make_node(kind, inputs, [output], output, **settings)
