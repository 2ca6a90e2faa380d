"""The baseline says the same of everything, and never becomes a guard for another axis."""

from pathlib import Path

import numpy as np
import pytest

from helpers.axes import SCALE, TWO
from helpers.guards import examples
from mindrail.errors import BrokenGuard
from mindrail.runtime import majority
from mindrail.runtime.load import from_folder, scorer


def test_every_text_gets_the_prior(tmp_path: Path) -> None:
    majority.save(tmp_path, np.array([0.5, 0.25, -1.0]))
    found = from_folder("majority", tmp_path, SCALE).measure(examples(3))
    assert found.values.tolist() == [[0.5, 0.25, -1.0]] * 3
    assert found.coverage.tolist() == [1.0] * 3 and found.windows.tolist() == [1] * 3


@pytest.mark.parametrize(
    "content",
    [
        b'{"scores": [1, 2, 3]}',
        b'{"scores": ["a", 1]}',
        b"{}",
        b'{"scores": [NaN, 1]}',
        b"[]",
        b'{"scores": [1e999, 1]}',
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenGuard):
        scorer("majority", {"majority.json": content}, TWO)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(BrokenGuard, match=r"majority\.json"):
        scorer("majority", {}, TWO)
