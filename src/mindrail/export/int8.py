"""An ONNX encoder with 8-bit weights whose scores depend on nothing but the text.

Stock dynamic quantisation takes one scale for a whole batch of activations: a loud value blurs all others, and a text
in the batch blurs another text. Here a window is alone in its pass, and loud channels are taken care of beforehand
(`smooth.py`). Then a scale reaches, by recipe, over

*a window*: ONNX Runtime's own quantised product, which is fastest;

*a row*: each token is brought to the range -1 to 1 before that product, and back afterwards;

*a block*: 64 values of a token, ONNX Runtime's own product of blocks (MatMulNBits), finer and slower.

Weights have a scale per column, embeddings one per row. Weights are stored unsigned around 128, because ONNX
Runtime's kernels for unsigned times signed saturate on CPUs without VNNI, and would answer differently there; with
VNNI the runtime turns them into signed ones as it loads them, for twice the speed and the same integers
(`runtime/eight.py`). docs/log.md has what was tried besides.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper

from mindrail.arrays import ndarray
from mindrail.export.graph import Graph, node
from mindrail.export.smooth import APART, Loudness, part, smooth
from mindrail.runtime.eight import MIDDLE, SUFFIX

#: largest magnitude of a weight's code
LEVELS = 127
#: values that share a scale where a token has several
BLOCK = 64
#: a table is one of embeddings from so many rows on
TABLE = 1000


@dataclass(frozen=True)
class Recipe:
    """How far a scale of activations reaches."""

    name: str
    scale: Literal["window", "row", "block"]


#: From fastest to most careful; `export` ships the first that passes its gate.
RECIPES = (
    Recipe("int8", "window"),
    Recipe("int8 by rows", "row"),
    Recipe("int8 by blocks", "block"),
)


def quantise(source: Path, target: Path, recipe: Recipe, loudness: Loudness) -> None:
    """Write a copy of an exported encoder with its large weights in eight bits.

    `loudness` is what `mindrail.export.loudness` measured on `source`; what it lacks is taken as it is.
    """
    graph = Graph(onnx.load(source))
    smooth(graph, loudness)
    part(graph, loudness)
    rows: set[str] = set()
    for found in list(graph.nodes):
        if found.op_type == "Gather" and graph.is_constant(found.input[0], 2):
            _table(graph, found)
        elif graph.is_product(found) and not found.name.endswith(APART):
            _product(graph, found, recipe, rows)
    model = graph.write()
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)


def _table(graph: Graph, found: onnx.NodeProto) -> None:
    """An embedding table with one scale per row; smaller tables stay in float."""
    values = graph.value(found.input[0])
    if len(values) < TABLE:
        return
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / LEVELS
    at, ids = found.output[0], found.input[1]
    graph.replace(
        found,
        node(
            "Gather",
            [graph.constant(f"{at}.codes", np.rint(values / scale).astype(np.int8)), ids],
            f"{at}.row",
        ),
        node("Cast", [f"{at}.row"], f"{at}.float", to=TensorProto.FLOAT),
        node("Gather", [graph.constant(f"{at}.scales", scale), ids], f"{at}.scale"),
        node("Mul", [f"{at}.float", f"{at}.scale"], at),
    )


def _product(graph: Graph, found: onnx.NodeProto, recipe: Recipe, rows: set[str]) -> None:
    """x @ W + b in eight bits, in the place of a product and, where there is one, the sum behind it."""
    values, name, at = graph.value(found.input[1]), found.input[0], found.output[0]
    if recipe.scale == "block" and len(values) % BLOCK == 0:
        graph.replace(found, _by_blocks(graph, name, at, values))
    elif recipe.scale == "window" and (bias := graph.bias_of(found)):
        end, added = bias
        graph.nodes.remove(end)
        graph.replace(found, _whole(graph, name, end.output[0], at, values, added))
    elif recipe.scale == "window":
        graph.replace(found, _whole(graph, name, at, at, values))
    else:
        before = [] if name in rows else _unit_rows(graph, name)
        rows.add(name)
        product = _whole(graph, f"{name}.unit", f"{at}.product", at, values)
        graph.replace(found, *before, product, node("Mul", [f"{at}.product", f"{name}.loud"], at))


def _whole(graph: Graph, name: str, output: str, at: str, values: ndarray, *bias: str) -> onnx.NodeProto:
    """x @ W (+ b) with a scale for all of x and one per column of W."""
    column = np.maximum(np.abs(values).max(axis=0), 1e-12) / LEVELS
    width = values.shape[1]
    inputs = [
        name,
        graph.constant(f"{at}{SUFFIX}", (np.rint(values / column) + MIDDLE).astype(np.uint8)),
        graph.constant(f"{at}.columns", column),
        graph.constant(f"middle.{width}{SUFFIX}", np.full(width, MIDDLE, np.uint8)),
        *bias,
    ]
    return node("DynamicQuantizeMatMul", inputs, output, domain="com.microsoft")


def _unit_rows(graph: Graph, name: str) -> list[onnx.NodeProto]:
    """A float tensor with every row between -1 and 1, and how loud each row was."""
    last, tiny = graph.constant("last", np.array([-1])), graph.constant("tiny", np.float32(1e-9))
    return [
        node("Abs", [name], f"{name}.size"),
        node("ReduceMax", [f"{name}.size", last], f"{name}.largest", keepdims=1),
        node("Max", [f"{name}.largest", tiny], f"{name}.loud"),
        node("Div", [name, f"{name}.loud"], f"{name}.unit"),
    ]


def _by_blocks(graph: Graph, name: str, at: str, values: ndarray) -> onnx.NodeProto:
    """x @ W with a scale per block of each row of x and of each column of W."""
    rows, width = values.shape
    blocks = values.T.reshape(width, rows // BLOCK, BLOCK)
    scale = np.maximum(np.abs(blocks).max(axis=-1, keepdims=True), 1e-12) / LEVELS
    inputs = [
        name,
        graph.constant(f"{at}.codes", (np.rint(blocks / scale) + MIDDLE).astype(np.uint8)),
        graph.constant(f"{at}.scales", scale[..., 0]),
    ]
    shape = {"K": rows, "N": width, "bits": 8, "block_size": BLOCK}
    # level 4: activations are quantised too
    return node("MatMulNBits", inputs, at, domain="com.microsoft", accuracy_level=4, **shape)
