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
from mindrail.export import int8, loudness, parity
from mindrail.export import onnx as exporting
from mindrail.export import smooth as smoothing
from mindrail.export.graph import Graph
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


def feeds(path: Path) -> list[dict[str, np.ndarray]]:
    """Windows of two lengths, as the model at `path` takes them."""
    names = [given.name for given in session(path.read_bytes()).get_inputs()]
    windows = [np.arange(4, 4 + length)[None] for length in (7, 30)]
    return [{name: ids if name == "input_ids" else 0 * ids for name in names} for ids in windows]


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
    int8.quantise(path, tmp_path / "small.onnx", recipe, loudness.measure(path, feeds(path)))
    onnx.checker.check_model(onnx.load(tmp_path / "small.onnx"), full_check=False)
    spread = []
    for length in (3, 16, 40):
        ids = torch.arange(4, 4 + length)[None]
        spread.append(np.abs(run(tmp_path / "small.onnx", ids) - run(path, ids)).max())
    assert max(spread) < 0.05
    assert max(spread) > 0.0  # a copy of the original would be no test


def one_product(path: Path, w: np.ndarray, bias: np.ndarray | None = None) -> None:
    """A file that multiplies x [1, token, rows of w] by w, and adds a bias if there is one."""
    steps = [
        onnx.helper.make_node("MatMul", ["x", "w"], ["logits" if bias is None else "y"], name="/dense/MatMul")
    ]
    constants = [onnx.numpy_helper.from_array(w, "w")]
    if bias is not None:
        steps.append(onnx.helper.make_node("Add", ["b", "y"], ["logits"], name="/dense/Add"))
        constants.append(onnx.numpy_helper.from_array(bias, "b"))
    graph = onnx.helper.make_graph(
        steps,
        "one",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, "token", len(w)])],
        [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [1, "token", w.shape[1]])],
        constants,
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", exporting.OPSET)], ir_version=exporting.IR
    )
    onnx.save(model, path)


W = np.array([[1.0, -2.0], [0.5, 0.25], [-1.0, 4.0]], dtype=np.float32)


def by_hand(x: np.ndarray) -> np.ndarray:
    """x @ W with one scale for all of x, from the smallest to the largest value, and one per column of W."""
    scale = (max(x.max(), 0.0) - min(x.min(), 0.0)) / 255
    zero = np.rint(-min(x.min(), 0.0) / scale)
    columns = np.abs(W).max(axis=0) / 127
    codes = np.rint(x / scale) + zero
    product: np.ndarray = (codes - zero) @ np.rint(W / columns) * columns * scale
    return product


def test_a_scale_per_window_by_hand(tmp_path: Path) -> None:
    x = np.array([[[3.0, -1.4, 0.75], [0.3, -0.2, 0.1]]], dtype=np.float32)
    bias = np.array([0.5, -7.0], dtype=np.float32)
    one_product(tmp_path / "one.onnx", W, bias)
    int8.quantise(tmp_path / "one.onnx", tmp_path / "small.onnx", int8.RECIPES[0], {})
    (found,) = session((tmp_path / "small.onnx").read_bytes()).run(["logits"], {"x": x})
    np.testing.assert_allclose(found[0], by_hand(x[0]) + bias, rtol=1e-4)


def test_a_scale_per_row_by_hand(tmp_path: Path) -> None:
    x = np.array([[[3.0, -1.4, 0.75], [0.0, 0.0, 0.0]]], dtype=np.float32)
    one_product(tmp_path / "one.onnx", W)
    int8.quantise(tmp_path / "one.onnx", tmp_path / "small.onnx", int8.RECIPES[1], {})
    (found,) = session((tmp_path / "small.onnx").read_bytes()).run(["logits"], {"x": x})
    np.testing.assert_allclose(found[0, 0], by_hand(x[0, 0]), rtol=1e-4)
    np.testing.assert_array_equal(found[0, 1], 0.0)


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_smoothing_changes_no_score(
    tmp_path: Path, architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoothing, "LOUD", 4)  # a tiny encoder has few neurons
    _, path = exported(tmp_path, architecture)
    loud = loudness.measure(path, feeds(path))
    for channels in loud.values():
        channels[2] *= 100  # so that there is something to smooth
    graph = Graph(onnx.load(path))
    before = len(graph.nodes)
    smoothing.smooth(graph, loud)
    smoothing.part(graph, loud)
    onnx.save(graph.write(), tmp_path / "smooth.onnx")
    if architecture == "bert":
        assert any(node.name.endswith(smoothing.APART) for node in graph.nodes)
        assert any(node.name.endswith(".whole") for node in graph.nodes)
        assert len(graph.nodes) > before
    for length in (3, 40):
        ids = torch.arange(4, 4 + length)[None]
        np.testing.assert_allclose(run(tmp_path / "smooth.onnx", ids), run(path, ids), atol=1e-5)


def test_a_loud_channel_no_longer_drowns_the_others(tmp_path: Path) -> None:
    """One channel a thousand times louder, with weights as small: one scale for all would leave the rest nothing."""
    rng = np.random.default_rng(0)
    wide = np.ones(32, dtype=np.float32)
    wide[5] = 1000.0
    w = (rng.normal(size=(32, 2)) / wide[:, None]).astype(np.float32)
    one_product(tmp_path / "one.onnx", w)
    model = onnx.load(tmp_path / "one.onnx")
    norm = onnx.helper.make_node("LayerNormalization", ["x", "wide"], ["normal"], name="/norm")
    model.graph.node.insert(0, norm)
    model.graph.node[1].input[0] = "normal"
    model.graph.initializer.append(onnx.numpy_helper.from_array(wide, "wide"))
    onnx.save(model, tmp_path / "one.onnx")
    x = rng.normal(size=(1, 9, 32)).astype(np.float32)
    expected = session((tmp_path / "one.onnx").read_bytes()).run(["logits"], {"x": x})[0]
    errors = []
    for loud in ({}, {"normal": 3.0 * wide}):
        int8.quantise(tmp_path / "one.onnx", tmp_path / "small.onnx", int8.RECIPES[0], loud)
        found = session((tmp_path / "small.onnx").read_bytes()).run(["logits"], {"x": x})[0]
        errors.append(np.abs(found - expected).mean())
    assert errors[1] < 0.1 * errors[0]


def test_a_network_attends_as_before_once_it_is_exported(tmp_path: Path) -> None:
    network, path = exported(tmp_path)
    kinds = [node.op_type for node in onnx.load(path).graph.node]
    assert kinds.count("Attention") == len(network.classifier.bert.encoder.layer)
    names = {name for name, _ in network.named_parameters()}
    assert not any("together" in name for name in names)
    assert "forward" not in vars(network.classifier.bert.encoder.layer[0].attention.self)


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
