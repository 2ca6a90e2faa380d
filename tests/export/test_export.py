"""Exported files say what the trained network says, in every architecture; eight bits stay near and pure."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from helpers import tiny
from helpers.axes import TWO, rows
from mindrail.calibrate.settings import Settings
from mindrail.calibrate.thresholds import fit
from mindrail.export import int8, parity
from mindrail.export import onnx as exporting
from mindrail.models._network import Network
from mindrail.runtime.onnx import session


def exported(folder: Path, architecture: str = "bert") -> tuple[Network, Path]:
    where = tiny.encoder(folder / "in", architecture)
    network = Network.pretrained(str(where), TWO, pooling=None, dropout=0.1, seed=0).eval()
    exporting.export(network, folder / "model.onnx")
    return network, folder / "model.onnx"


def run(path: Path, ids: torch.Tensor) -> np.ndarray:
    opened = session(path.read_bytes())
    names = {given.name for given in opened.get_inputs()}
    feed = {"input_ids": ids.numpy(), "token_type_ids": np.zeros_like(ids.numpy())}
    scores: np.ndarray = opened.run(["logits"], {k: v for k, v in feed.items() if k in names})[0]
    return scores


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_float_export_equals_torch(tmp_path: Path, architecture: str) -> None:
    network, path = exported(tmp_path, architecture)
    assert not network.training
    for length in (3, 16, 40):
        ids = torch.arange(4, 4 + length)[None]
        with torch.no_grad():
            expected = network(ids, torch.zeros_like(ids)).numpy()
        np.testing.assert_allclose(run(path, ids), expected, atol=1e-4)


@pytest.mark.parametrize("recipe", int8.RECIPES, ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert"])
def test_eight_bits_stay_near(tmp_path: Path, architecture: str, recipe: int8.Recipe) -> None:
    _, path = exported(tmp_path, architecture)
    int8.quantise(path, tmp_path / "small.onnx", recipe)
    onnx.checker.check_model(onnx.load(tmp_path / "small.onnx"), full_check=False)
    spread = []
    for length in (3, 16, 40):
        ids = torch.arange(4, 4 + length)[None]
        spread.append(np.abs(run(tmp_path / "small.onnx", ids) - run(path, ids)).max())
    assert max(spread) < 0.05
    assert max(spread) > 0.0  # a copy of the original would be no test


def test_quantised_rows_by_hand(tmp_path: Path) -> None:
    """One projection against the formula in the module's head."""
    x = np.array([[[3.0, -1.4, 0.75], [0.0, 0.0, 0.0]]], dtype=np.float32)
    w = np.array([[1.0, -2.0], [0.5, 0.25], [-1.0, 4.0]], dtype=np.float32)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["logits"], name="/dense/MatMul")],
        "one",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, "token", 3])],
        [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [1, "token", 2])],
        [onnx.numpy_helper.from_array(w, "w")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "one.onnx")
    int8.quantise(tmp_path / "one.onnx", tmp_path / "small.onnx", int8.RECIPES[0])
    (found,) = session((tmp_path / "small.onnx").read_bytes()).run(["logits"], {"x": x})
    scale = (3.0 + 1.4) / 255
    zero = round(1.4 / scale)
    codes = np.rint(x[0, 0] / scale) + zero
    columns = np.abs(w).max(axis=0) / 127
    expected = (codes - zero) @ np.rint(w / columns) * columns * scale
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-4)
    np.testing.assert_array_equal(found[0, 1], 0.0)


def test_the_gate_sees_flips_and_lost_recall() -> None:
    targets, scores = rows(TWO, 400, strength=3.0)
    calibration = fit(TWO, targets, scores, Settings())
    same = parity.Side(scores, calibration)
    whole = slice(0, 400)
    passed = parity.compare("same", TWO, same, same, whole, targets, None)
    assert passed.passed
    assert passed.agreement == 1.0
    noise = np.random.default_rng(0).normal(size=scores.shape)
    blurred = parity.Side(scores + noise, fit(TWO, targets, scores + noise, Settings()))
    failed = parity.compare("blurred", TWO, same, blurred, whole, targets, None)
    assert not failed.passed
    assert failed.agreement < 0.99
    deaf = parity.Side(scores - np.array([0.0, 3.0]), calibration)
    lost = parity.compare("deaf", TWO, same, deaf, whole, targets, None)
    assert lost.recalls[0].high < -parity.DROP
    assert "does not pass" in lost.sentence()
