"""JSON that two readers cannot understand differently."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mindrail.web.problems import Problem
from mindrail.web.strict_json import DEEPEST, MOST_PARTS, parse

_VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | some.floats(-1e9, 1e9) | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=20,
)
REFUSED = {
    b"": "invalid_json",
    b"nonsense": "invalid_json",
    b"{} {}": "invalid_json",
    b"\xef\xbb\xbf{}": "invalid_json",
    '{"a": 1}'.encode("utf-16"): "invalid_json",
    b'"\xff"': "invalid_json",
    b'{"a": NaN}': "invalid_json",
    b"[Infinity]": "invalid_json",
    b"1e999": "invalid_json",
    b"9" * 5000: "invalid_json",
    b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1): "invalid_json",
    b"[" * 100_000: "invalid_json",
    b"[" + b"[]," * MOST_PARTS + b"[]]": "invalid_json",
    b'"\\ud800"': "invalid_unicode",
    b'{"a": 1, "a": 2}': "duplicate_key",
    b'{"a": 1, "\\u0061": 2}': "duplicate_key",
    b'[{"b": {"a": 1, "a": 1}}]': "duplicate_key",
}


@given(_VALUES)
def test_what_is_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(("raw", "code"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_is_no_strict_json_is_refused_by_name(raw: bytes, code: str) -> None:
    with pytest.raises(Problem) as refused:
        parse(raw)
    assert (refused.value.kind.status, refused.value.kind.code) == (400, code)


def test_as_deep_as_allowed_is_allowed() -> None:
    assert parse(b"[" * DEEPEST + b"]" * DEEPEST) is not None


@given(some.binary())
@settings(max_examples=500)
def test_any_bytes_are_a_value_or_a_problem(raw: bytes) -> None:
    try:
        parse(raw)
    except Problem as problem:
        assert problem.kind.status == 400


@pytest.mark.parametrize("unit", [b'\\"', b'"', b"\\", b'"\\', b"{", b":", b"[{", b'"a":', b"\x00", b"1"])
def test_no_megabyte_takes_long(unit: bytes) -> None:
    def seconds(size: int) -> float:
        began = time.process_time()
        with pytest.raises(Problem):
            parse(b'{"' + unit * (size // len(unit)))
        return time.process_time() - began

    assert seconds(2**20) < 0.5  # a quadratic reader takes minutes
