"""What an ONNX file must not hold, checked on its bytes before onnxruntime sees them.

Refused: tensors kept in other files (onnxruntime reads those from the current folder, even for a model that
it was given as bytes), operators of unknown domains, loops and branches, functions, training parts. Walks
the protobuf fields and skips weights, so the cost is that of the graph: milliseconds.
"""

from collections.abc import Iterator

from mindrail.errors import BrokenGuard

DOMAINS = frozenset({b"", b"ai.onnx", b"com.microsoft"})
#: branches, loops, and the one operator that names a file
OPERATORS = frozenset({b"If", b"Loop", b"Scan", b"SequenceMap", b"EPContext"})

# field numbers of onnx.proto, for what is looked at
_MODEL = {"graph": 7, "functions": 25, "training": 20}
_GRAPH = {"node": 1, "tensor": 5, "sparse": 15}
_NODE = {"operator": 4, "attribute": 5, "domain": 7}
_ATTRIBUTE = {"tensor": 5, "tensors": 10, "graph": 6, "graphs": 11, "sparse": 22, "sparses": 23}
_TENSOR = {"external": 13, "location": 14}

#: (field number, start, end) of bytes, or (field number, value, -1) of a whole number
Field = tuple[int, int, int]


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
    for number, start, end in _fields(raw, 0, len(raw)):
        if number in (_MODEL["functions"], _MODEL["training"]):
            yield "it holds functions or training parts; expected one plain graph"
        elif number == _MODEL["graph"]:
            graphs += 1
            yield from _graph(raw, start, end)
    if graphs != 1:
        yield f"it holds {graphs} graphs; expected one"


def _graph(raw: bytes, start: int, end: int) -> Iterator[str]:
    for number, at, stop in _fields(raw, start, end):
        if number == _GRAPH["node"]:
            yield from _node(raw, at, stop)
        elif number == _GRAPH["tensor"]:
            yield from _tensor(raw, at, stop)
        elif number == _GRAPH["sparse"]:
            yield "it holds sparse tensors"


def _node(raw: bytes, start: int, end: int) -> Iterator[str]:
    for number, at, stop in _fields(raw, start, end):
        if number == _NODE["operator"] and raw[at:stop] in OPERATORS:
            yield "it holds a loop, a branch or an operator that reads a file"
        elif number == _NODE["domain"] and raw[at:stop] not in DOMAINS:
            yield "it holds an operator of an unknown domain"
        elif number == _NODE["attribute"]:
            yield from _attribute(raw, at, stop)


def _attribute(raw: bytes, start: int, end: int) -> Iterator[str]:
    for number, at, stop in _fields(raw, start, end):
        if number in (_ATTRIBUTE["tensor"], _ATTRIBUTE["tensors"]):
            yield from _tensor(raw, at, stop)
        elif number in (_ATTRIBUTE["graph"], _ATTRIBUTE["graphs"]):
            yield "it holds a graph inside an operator"
        elif number in (_ATTRIBUTE["sparse"], _ATTRIBUTE["sparses"]):
            yield "it holds sparse tensors"


def _tensor(raw: bytes, start: int, end: int) -> Iterator[str]:
    for number, at, _ in _fields(raw, start, end):
        if number == _TENSOR["external"] or (number == _TENSOR["location"] and at != 0):
            yield "its weights are kept in another file; expected a single file"


def _fields(raw: bytes, at: int, end: int) -> Iterator[Field]:
    """The fields of one protobuf message. Raises ValueError or IndexError where the bytes are none."""
    while at < end:
        key, at = _varint(raw, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(raw, at)
            yield number, value, -1
        elif kind == 2:
            size, start = _varint(raw, at)
            at = start + size
            if at <= end:
                yield number, start, at
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError
        if at > end:
            raise ValueError


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A whole number and where it ends. At most ten bytes, as protobuf has it."""
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError
