"""Eight-bit weights as the processor at hand multiplies them fastest.

A file stores them unsigned around 128, which every processor multiplies exactly. Processors with VNNI multiply signed
ones twice as fast, and as exactly; elsewhere the same products saturate. The integers are the same both ways, so are
the scores.
"""

from collections.abc import Iterator

import numpy as np

from mindrail import machine
from mindrail.runtime.onnx_fields import GRAPH, MODEL, TENSOR, fields

#: names of the weights that may be stored either way, and of their zero points, end with this
SUFFIX = ".eight"
#: the code of nought where codes are unsigned
MIDDLE = 128

_UNSIGNED, _SIGNED = 2, 3  # TensorProto.DataType


def fitted(model: bytes) -> bytes:
    """The ONNX file as this processor reads it best: itself, or a copy with signed weights."""
    return signed(model) if machine.multiplies_signed_bytes() else model


def signed(model: bytes) -> bytes:
    """A copy whose weights of eight bits are signed: 128 less, which flips the highest bit of each."""
    whole, at = memoryview(model), 0
    pieces: list[bytes | memoryview] = []
    for kind, start, end in _weights(model):
        codes = np.frombuffer(model, np.uint8, end - start, start) ^ np.uint8(MIDDLE)
        changes = sorted([(kind, kind + 1, bytes([_SIGNED])), (start, end, codes.tobytes())])
        for first, last, piece in changes:
            pieces += [whole[at:first], piece]
            at = last
    return b"".join([*pieces, whole[at:]])


def _weights(model: bytes) -> Iterator[tuple[int, int, int]]:
    """Where the type of each such tensor is said, and where its values begin and end."""
    for part in fields(model, 0, len(model)):
        if part.number == MODEL["graph"]:
            for tensor in fields(model, part.start, part.end):
                if tensor.number == GRAPH["tensor"]:
                    has = {field.number: field for field in fields(model, tensor.start, tensor.end)}
                    kind, name, raw = (has.get(TENSOR[which]) for which in ("kind", "name", "raw"))
                    if kind is None or name is None or raw is None or model[kind.start] != _UNSIGNED:
                        continue
                    if model[name.start : name.end].endswith(SUFFIX.encode()):
                        yield kind.start, raw.start, raw.end
