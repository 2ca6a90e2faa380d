"""The same weights of eight bits, signed or not, give the same scores; nothing else in a file is touched."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from helpers import tiny
from helpers.axes import TWO
from mindrail import machine
from mindrail.export import int8
from mindrail.export import onnx as exporting
from mindrail.models._network import Network
from mindrail.runtime import eight
from mindrail.runtime.onnx import session


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("eight")
    network = Network.pretrained(str(tiny.encoder(folder / "in")), TWO, pooling=None, dropout=0.1, seed=0)
    exporting.export(network.eval(), folder / "model.onnx")
    int8.quantise(folder / "model.onnx", folder / "small.onnx", int8.RECIPES[0], {})
    return (folder / "small.onnx").read_bytes()


def scores(model: bytes, length: int) -> np.ndarray:
    ids = np.arange(4, 4 + length)[None]
    found: np.ndarray = session(model).run(["logits"], {"input_ids": ids, "token_type_ids": 0 * ids})[0]
    return found


@pytest.mark.parametrize("length", [1, 7, 40])
def test_signed_or_not_the_scores_have_the_same_bits(
    model: bytes, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    if not machine.multiplies_signed_bytes():
        pytest.skip("this processor saturates products of unsigned and signed bytes")
    signed = scores(model, length)
    monkeypatch.setattr(machine, "multiplies_signed_bytes", lambda: False)
    np.testing.assert_array_equal(scores(model, length), signed)


def test_only_weights_of_eight_bits_change_and_by_the_middle(model: bytes) -> None:
    before = {i.name: numpy_helper.to_array(i) for i in onnx.load_from_string(model).graph.initializer}
    after = {
        i.name: numpy_helper.to_array(i) for i in onnx.load_from_string(eight.signed(model)).graph.initializer
    }
    assert before.keys() == after.keys()
    changed = [name for name in before if before[name].dtype != after[name].dtype]
    assert changed
    for name in before:
        assert (name in changed) == name.endswith(eight.SUFFIX), name
        shift = eight.MIDDLE if name in changed else 0
        np.testing.assert_array_equal(before[name].astype(float) - shift, after[name].astype(float))


def test_a_file_without_such_weights_stays_as_it_is(tmp_path: Path) -> None:
    network = Network.pretrained(str(tiny.encoder(tmp_path / "in")), TWO, pooling=None, dropout=0.1, seed=0)
    exporting.export(network.eval(), tmp_path / "model.onnx")
    whole = (tmp_path / "model.onnx").read_bytes()
    assert eight.signed(whole) == whole


@pytest.mark.parametrize(
    ("flags", "said"),
    [("fpu avx2 avx512_vnni", True), ("fpu avx_vnni", True), ("fpu avx2 avx512f", False), ("", False)],
)
def test_the_processor_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, said: bool
) -> None:
    monkeypatch.setattr(
        Path, "read_text", lambda path: f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: avx_vnni\n"
    )
    assert machine.multiplies_signed_bytes() is said
