"""An ONNX graph while it is being rewritten: its constants as arrays, and who makes and reads a tensor."""

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from mindrail.arrays import ndarray


class Graph:
    """Nodes in order, and constants. `write` puts them back, without the constants that nobody reads."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.nodes = list(model.graph.node)
        self._tensors = {tensor.name: tensor for tensor in model.graph.initializer}
        for node in list(self.nodes):
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self._tensors[node.output[0]] = node.attribute[0].t
                self.nodes.remove(node)
            elif (
                node.op_type == "Identity" and node.input[0] in self._tensors
            ):  # torch writes equal weights once
                self._tensors[node.output[0]] = self._tensors[node.input[0]]
                self.nodes.remove(node)

    def readers(self, name: str) -> list[onnx.NodeProto]:
        """The nodes that read a tensor."""
        return [node for node in self.nodes if name in node.input]

    def maker(self, name: str) -> onnx.NodeProto | None:
        """The node that makes a tensor; None for inputs and constants."""
        return next((node for node in self.nodes if name in node.output), None)

    def is_constant(self, name: str, axes: int) -> bool:
        """Whether a name is that of a constant with so many axes."""
        return name in self._tensors and len(self._tensors[name].dims) == axes

    def value(self, name: str) -> ndarray:
        """A constant as float64, or as the integers it has."""
        found: ndarray = numpy_helper.to_array(self._tensors[name])
        return found.astype(np.float64) if found.dtype.kind == "f" else found

    def constant(self, name: str, value: ndarray | np.generic) -> str:
        """A constant by that name, made once; floats become float32."""
        if name not in self._tensors:
            array = np.ascontiguousarray(value)
            stored = array.astype(np.float32) if array.dtype.kind == "f" else array
            self._tensors[name] = numpy_helper.from_array(stored, name)
        return name

    def products(self, name: str) -> list[onnx.NodeProto]:
        """The products of a tensor with a constant matrix."""
        return [node for node in self.readers(name) if self.is_product(node) and node.input[0] == name]

    def is_product(self, node: onnx.NodeProto) -> bool:
        """Whether a node multiplies by a constant matrix."""
        return node.op_type == "MatMul" and self.is_constant(node.input[1], 2)

    def bias_of(self, product: onnx.NodeProto) -> tuple[onnx.NodeProto, str] | None:
        """The sum that alone reads a product, and the constant that it adds; None where there is no such sum."""
        readers = self.readers(product.output[0])
        if len(readers) != 1 or readers[0].op_type != "Add":
            return None
        others = [name for name in readers[0].input if self.is_constant(name, 1)]
        return (readers[0], others[0]) if others else None

    def after(self, node: onnx.NodeProto, *new: onnx.NodeProto) -> None:
        """Put nodes behind one."""
        place = self._place(node) + 1
        self.nodes[place:place] = new

    def replace(self, node: onnx.NodeProto, *new: onnx.NodeProto) -> None:
        """Put nodes in the place of one."""
        place = self._place(node)
        self.nodes[place : place + 1] = new

    def _place(self, node: onnx.NodeProto) -> int:
        return next(place for place, other in enumerate(self.nodes) if other is node)

    def write(self) -> onnx.ModelProto:
        """The model with the graph as it is now."""
        used = {name for node in self.nodes for name in node.input}
        graph = self.model.graph
        kept = [_named(name, tensor) for name, tensor in self._tensors.items() if name in used]
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in self.nodes]
        for field, values in ((graph.node, nodes), (graph.initializer, kept), (graph.value_info, [])):
            del field[:]
            field.extend(values)
        return self.model


def _named(name: str, tensor: onnx.TensorProto) -> onnx.TensorProto:
    copy = onnx.TensorProto.FromString(tensor.SerializeToString())
    copy.name = name
    return copy


def node(kind: str, inputs: list[str], output: str, **settings: Any) -> onnx.NodeProto:
    """A node named after its output, which is unique."""
    return helper.make_node(kind, inputs, [output], output, **settings)
