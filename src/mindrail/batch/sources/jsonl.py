"""One JSON object per line."""

import json
from collections.abc import Iterator, Mapping

from mindrail.batch.bad import Unusable
from mindrail.batch.sources._base import Cells, Opened


def read(opened: Opened) -> Iterator[Cells]:
    """Rows are numbered by line; blank lines are passed over."""
    for number, line, length in opened.lines():
        if line is None or line.strip():
            yield Cells(number, "long-row" if line is None else _object(line), length)


def _object(line: bytes) -> Mapping[str, object] | str:
    try:
        value = json.loads(line.decode(), object_pairs_hook=_once)
    except Unusable as error:
        return error.code
    except UnicodeDecodeError:
        return "not-utf8"
    except (ValueError, RecursionError):
        return "not-json"
    return value if isinstance(value, dict) else "not-an-object"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Unusable("key-twice")
    return value
