"""What an ONNX file must not hold, checked on its bytes before onnxruntime sees them.

Refused: tensors kept in other files (onnxruntime reads those from the current folder, even for a model that
it was given as bytes), operators of unknown domains, loops and branches, functions, training parts. Weights are
skipped, so the cost is that of the graph: milliseconds.
"""

from collections.abc import Iterator

from mindrail.errors import BrokenGuard
from mindrail.runtime.onnx_fields import GRAPH, MODEL, TENSOR, fields

DOMAINS = frozenset({b"", b"ai.onnx", b"com.microsoft"})
#: branches, loops, and the one operator that names a file
OPERATORS = frozenset({b"If", b"Loop", b"Scan", b"SequenceMap", b"EPContext"})

# field numbers of onnx.proto, for what is looked at here alone
_NODE = {"operator": 4, "attribute": 5, "domain": 7}
_ATTRIBUTE = {"tensor": 5, "tensors": 10, "graph": 6, "graphs": 11, "sparse": 22, "sparses": 23}


def check(model: bytes, name: str = "model.onnx") -> None:
    """Raise BrokenGuard unless the file is one plain graph that needs nothing but itself."""
    try:
        problem = next(_model(model), None)
    except (IndexError, ValueError):
        problem = "not an ONNX file"
    if problem is not None:
        raise BrokenGuard(problem, file=name)


def _model(raw: bytes) -> Iterator[str]:
    graphs = 0
    for number, start, end in fields(raw, 0, len(raw)):
        if number in (MODEL["functions"], MODEL["training"]):
            yield "it holds functions or training parts; expected one plain graph"
        elif number == MODEL["graph"]:
            graphs += 1
            yield from _graph(raw, start, end)
    if graphs != 1:
        yield f"it holds {graphs} graphs; expected one"


def _graph(raw: bytes, start: int, end: int) -> Iterator[str]:
    for number, at, stop in fields(raw, start, end):
        if number == GRAPH["node"]:
            yield from _node(raw, at, stop)
        elif number == GRAPH["tensor"]:
            yield from _tensor(raw, at, stop)
        elif number == GRAPH["sparse"]:
            yield "it holds sparse tensors"


def _node(raw: bytes, start: int, end: int) -> Iterator[str]:
    for number, at, stop in fields(raw, start, end):
        if number == _NODE["operator"] and raw[at:stop] in OPERATORS:
            yield "it holds a loop, a branch or an operator that reads a file"
        elif number == _NODE["domain"] and raw[at:stop] not in DOMAINS:
            yield "it holds an operator of an unknown domain"
        elif number == _NODE["attribute"]:
            yield from _attribute(raw, at, stop)


def _attribute(raw: bytes, start: int, end: int) -> Iterator[str]:
    for number, at, stop in fields(raw, start, end):
        if number in (_ATTRIBUTE["tensor"], _ATTRIBUTE["tensors"]):
            yield from _tensor(raw, at, stop)
        elif number in (_ATTRIBUTE["graph"], _ATTRIBUTE["graphs"]):
            yield "it holds a graph inside an operator"
        elif number in (_ATTRIBUTE["sparse"], _ATTRIBUTE["sparses"]):
            yield "it holds sparse tensors"


def _tensor(raw: bytes, start: int, end: int) -> Iterator[str]:
    for number, at, _ in fields(raw, start, end):
        if number == TENSOR["external"] or (number == TENSOR["location"] and raw[at] != 0):
            yield "its weights are kept in another file; expected a single file"
