"""The bytes of an ONNX file as protobuf fields, without a library for it: where each one begins and ends."""

from collections.abc import Iterator
from typing import NamedTuple

# field numbers of onnx.proto
MODEL = {"graph": 7, "functions": 25, "training": 20}
GRAPH = {"node": 1, "tensor": 5, "sparse": 15}
TENSOR = {"kind": 2, "name": 8, "raw": 9, "external": 13, "location": 14}

_WHOLE_NUMBER, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


class Field(NamedTuple):
    """A field's number, and where its value begins and ends."""

    number: int
    start: int
    end: int


def fields(raw: bytes, at: int, end: int) -> Iterator[Field]:
    """The fields of one message. Raises ValueError or IndexError where the bytes are none."""
    while at < end:
        key, start = _varint(raw, at)
        number, kind = key >> 3, key & 7
        if kind == _WHOLE_NUMBER:
            at = _varint(raw, start)[1]
        elif kind == _BYTES:
            size, start = _varint(raw, start)
            at = start + size
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at = start + (8 if kind == _EIGHT_BYTES else 4)
        else:
            raise ValueError
        if at > end:
            raise ValueError
        yield Field(number, start, at)


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
