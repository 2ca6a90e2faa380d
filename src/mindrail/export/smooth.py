"""The same encoder with its loud channels taken care of, so that eight bits fit what is left.

A few channels of a trained transformer are many times louder than the rest on every text (arXiv:2208.07339), and one
scale for all of them leaves the rest few levels. Two changes, neither of which changes what the float model says:

*Smoothed*: a layer normalisation gives out each channel divided by a factor, the weights that read it are multiplied
by it, and so is the residual beside them (SmoothQuant, arXiv:2211.10438).

*Loud neurons apart*: the few loudest neurons of a wide layer get products of their own, which stay in float (the
mixed product of arXiv:2208.07339, with the choice made once and for all).
"""

from collections.abc import Mapping

import numpy as np
import onnx

from mindrail.arrays import Float, ndarray
from mindrail.export.graph import Graph, node

#: how much of a channel's loudness goes from the values into the weights
SHARE = 0.7
#: neurons of a wide layer that stay in float: one register of a processor with AVX-512
LOUD = 16
#: the loudest neuron drowns the others if it is so many times louder than the loudest that stays with them
DROWNS = 2.0
#: ends the names of products that stay in float
APART = ".loud"

Loudness = Mapping[str, Float[ndarray, " _"]]


def smooth(graph: Graph, loudness: Loudness) -> None:
    """Even out what layer normalisations give to products. `loudness` is by tensor name; without it, no change."""
    for norm in [found for found in graph.nodes if found.op_type == "LayerNormalization"]:
        name = norm.output[0]
        products = graph.products(name)
        if products and name in loudness:
            weights = [graph.value(product.input[1]) for product in products]
            factors = _factors(loudness[name], np.max([np.abs(w).max(axis=1) for w in weights], axis=0))
            _scale(graph, norm, products, factors)


def _factors(loud: ndarray, weight: ndarray) -> Float[ndarray, " channel"]:
    """What each channel is divided by: powers of two, which cost no precision, and one on average."""
    raw = SHARE * np.log2(np.maximum(loud, 1e-3)) - (1 - SHARE) * np.log2(np.maximum(weight, 1e-3))
    factors: ndarray = np.exp2(np.rint(raw - raw.mean()))
    return factors


def _scale(
    graph: Graph, norm: onnx.NodeProto, products: list[onnx.NodeProto], factors: Float[ndarray, " channel"]
) -> None:
    name = norm.output[0]
    rest = [found for found in graph.readers(name) if not any(found is product for product in products)]
    for place in range(1, len(norm.input)):
        norm.input[place] = graph.constant(f"{name}.{place}", graph.value(norm.input[place]) / factors)
    for product in products:
        weight = graph.value(product.input[1]) * factors[:, None]
        product.input[1] = graph.constant(f"{product.output[0]}.smooth", weight)
    if rest:
        whole = f"{name}.whole"
        for reader in rest:
            reader.input[:] = [whole if given == name else given for given in reader.input]
        graph.after(norm, node("Mul", [name, graph.constant(f"{name}.factors", factors)], whole))


def part(graph: Graph, loudness: Loudness) -> None:
    """Give the LOUD loudest neurons of a wide layer products of their own, if they drown the others."""
    for bend in [found for found in graph.nodes if found.op_type == "Gelu"]:
        name = bend.output[0]
        into, onward = graph.maker(bend.input[0]), graph.readers(name)
        up = next((graph.maker(given) for given in into.input if graph.maker(given)), None) if into else None
        if name not in loudness or len(loudness[name]) <= LOUD or len(onward) != 1 or up is None:
            continue
        ranked = np.argsort(-loudness[name], kind="stable")
        if loudness[name][ranked[0]] < DROWNS * loudness[name][ranked[LOUD]]:
            continue
        if graph.is_product(up) and graph.is_product(onward[0]):
            _part(graph, up, bend, onward[0], ranked[:LOUD])


def _part(
    graph: Graph, up: onnx.NodeProto, bend: onnx.NodeProto, down: onnx.NodeProto, loud: ndarray
) -> None:
    before, after = graph.bias_of(up), graph.bias_of(down)
    if before is None or after is None:
        return
    (lift, bias), (end, _) = before, after
    at, result = bend.output[0], end.output[0]
    rows, columns, lifted = graph.value(up.input[1]), graph.value(down.input[1]), graph.value(bias)
    one, two, three, four = (f"{at}.{step}{APART}" for step in ("product", "sum", "bent", "onward"))
    own = [
        node("MatMul", [up.input[0], graph.constant(f"{at}.up{APART}", rows[:, loud])], one),
        node("Add", [one, graph.constant(f"{at}.bias{APART}", lifted[loud])], two),
        _like(bend, two, three),
        node("MatMul", [three, graph.constant(f"{at}.down{APART}", columns[loud])], four),
        node("Add", [f"{result}.quiet", four], result),
    ]
    up.input[1] = graph.constant(f"{at}.up.quiet", np.delete(rows, loud, axis=1))
    quiet = graph.constant(f"{at}.bias.quiet", np.delete(lifted, loud))
    lift.input[:] = [quiet if given == bias else given for given in lift.input]
    down.input[1] = graph.constant(f"{at}.down.quiet", np.delete(columns, loud, axis=0))
    end.output[0] = f"{result}.quiet"
    graph.after(end, *own)


def _like(bend: onnx.NodeProto, given: str, made: str) -> onnx.NodeProto:
    """The same function of another tensor."""
    twin = onnx.NodeProto.FromString(bend.SerializeToString())
    twin.name, twin.input[0], twin.output[0] = made, given, made
    return twin
