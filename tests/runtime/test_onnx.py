"""The ONNX runtime: what it computes, that each text is alone, and which models it refuses."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from helpers.axes import AXES, SCALE, SEVERAL, TWO
from helpers.guards import STORM, embeddings, examples, model_files, onnx_model, tokenizer
from mindrail.arrays import ndarray
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime.load import scorer
from mindrail.runtime.local import LocalScorer
from mindrail.runtime.onnx_rules import check
from mindrail.taxonomy import Axis

FILLER = "the soup is ready please come and go now we walk "


def tiny(axis: Axis, place: Path, threads: int = 1, **options: object) -> LocalScorer:
    return scorer("onnx", model_files("onnx", axis, place, **options), axis, threads)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
@pytest.mark.parametrize("pool", ["ReduceMax", "ReduceMean"])
def test_scores_are_those_of_a_slow_loop(axis: Axis, pool: str, tmp_path: Path) -> None:
    table = embeddings(len(axis.names))
    pooled: Callable[..., ndarray] = np.max if pool == "ReduceMax" else np.mean
    words = tokenizer()
    words.encode_special_tokens = True
    for example in examples(20):
        context, text = example.rendered()
        before = words.encode(context, add_special_tokens=False).ids[-8:]
        ids = words.encode(text, add_special_tokens=False).ids
        start = [2, *before, 3] if context else [2]
        room = 24 - len(start) - 1
        windows = [[*start, *ids[i : i + room], 3] for i in range(0, max(1, len(ids) - 6), room - 6)]
        rows = np.array([pooled(table[window], axis=0) for window in windows])
        expected = rows[np.argmax(axis.danger(rows))] if axis.exclusive else rows.max(axis=0)
        found = tiny(axis, tmp_path, pool=pool).measure([example])
        np.testing.assert_allclose(found.values[0], expected, rtol=1e-5)
        assert found.windows[0] == len(windows)


@pytest.mark.parametrize(
    "inputs",
    [("input_ids",), ("input_ids", "token_type_ids"), ("input_ids", "attention_mask", "token_type_ids")],
)
def test_mask_and_segments_are_given_to_models_that_ask(inputs: tuple[str, ...], tmp_path: Path) -> None:
    expected = tiny(TWO, tmp_path / "a").score(examples(5))
    assert np.array_equal(tiny(TWO, tmp_path / "b", inputs=inputs).score(examples(5)), expected)


def test_a_text_gets_the_same_bits_alone_shuffled_and_under_threads(tmp_path: Path) -> None:
    many = examples(60)
    alone = [tiny(SCALE, tmp_path, pool="ReduceMean").measure([example]) for example in many]
    for threads in (1, 2, 8):
        model = tiny(SCALE, tmp_path, threads, pool="ReduceMean")
        for seed in range(3):
            order = np.random.default_rng(seed).permutation(len(many))
            together = model.measure([many[i] for i in order])
            for row, i in enumerate(order):
                assert together.values[row].tobytes() == alone[i].values.tobytes()
                assert together.coverage[row] == alone[i].coverage[0]


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_storm_counts_wherever_it_stands(axis: Axis, threads: int, tmp_path: Path) -> None:
    model = tiny(axis, tmp_path, threads)
    alone = axis.danger(model.score([Example.of(STORM)]))[0]
    filler = (FILLER * 12).split()
    for place in [0, 1, 16, 17, 20, 21, 22, 23, 24, 60, len(filler)]:
        text = " ".join([*filler[:place], STORM, *filler[place:]])
        assert axis.danger(model.score([Example.of(text)]))[0] >= alone - 1e-6


def test_no_texts_give_no_scores(tmp_path: Path) -> None:
    measured = tiny(SCALE, tmp_path).measure([])
    assert measured.values.shape == (0, 3) and measured.coverage.shape == measured.windows.shape == (0,)


def test_a_lone_window_never_sees_a_worker(tmp_path: Path) -> None:
    model = tiny(SCALE, tmp_path, threads=4)
    model.score([Example.of("the soup")])
    assert "_workers" not in vars(model)
    model.score([Example.of(FILLER * 9)])
    assert "_workers" in vars(model)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_poisoned_weight_is_an_error_not_an_answer(value: float, tmp_path: Path) -> None:
    table = embeddings(3)
    table[tokenizer().token_to_id("soup")] = value
    model = tiny(SCALE, tmp_path, table=table, pool="ReduceMean")
    model.score([Example.of("the walk")])
    for text in ("the soup", "soup" + " the walk" * 60):
        with pytest.raises(BrokenGuard, match="NaN or infinity"):
            model.score([Example.of(text)])


def test_a_tokenizer_with_more_tokens_than_embeddings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenGuard, match="cannot read token"):
        tiny(SCALE, tmp_path, table=embeddings(3)[:-1])


@pytest.mark.parametrize("axis", [TWO, SEVERAL], ids=lambda axis: axis.name)
def test_another_number_of_labels_is_refused(axis: Axis, tmp_path: Path) -> None:
    files = model_files("onnx", axis, tmp_path)
    other = TWO if axis is SEVERAL else SEVERAL
    with pytest.raises(BrokenGuard, match=f"logits for {len(axis.names)} labels"):
        scorer("onnx", files, other)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("tokenizer.json", b"{}", "not a tokenizer"),
        ("tokenizer.json", b"\xff\x00", "not a tokenizer"),
        ("reach.json", b"{", "not strict JSON"),
        ("reach.json", b"[]", "expected an object"),
        ("reach.json", b"{}", "expected an object"),
        ("reach.json", b'{"reach": {"window": 24, "windows": 3}}', "unknown key"),
        ("reach.json", b'{"reach": {"window": 8, "overlap": 9, "context": 2}}', "must be longer"),
        ("reach.json", b'{"reach": {"window": 20, "overlap": 9, "context": 9}}', "do not fit"),
        ("reach.json", b'{"reach": {"window": 24, "window": 24}}', "not strict JSON"),
    ],
)
def test_parts_that_do_not_fit_are_refused(name: str, content: bytes, rule: str, tmp_path: Path) -> None:
    files = model_files("onnx", TWO, tmp_path) | {name: content}
    with pytest.raises(BrokenGuard, match=rule):
        scorer("onnx", files, TWO)


def outside(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    raw = tensor.raw_data
    Path("w.bin").write_bytes(raw)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "w.bin"), ("offset", "0"), ("length", str(len(raw)))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def only_a_place(model: onnx.ModelProto) -> None:
    entry = model.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "w.bin"


def outside_constant(model: onnx.ModelProto) -> None:
    tensor = helper.make_tensor("c", TensorProto.FLOAT, [1], [0.0])
    node = model.graph.node.add(op_type="Constant", output=["c"])
    node.attribute.append(helper.make_attribute("value", tensor))
    node.attribute[0].t.data_location = TensorProto.EXTERNAL


def unknown_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "org.example"


def branch(model: onnx.ModelProto) -> None:
    model.graph.node.add(op_type="If", input=["x"], output=["y"])


def body(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([], "inner", [], [])
    model.graph.node[0].attribute.append(helper.make_attribute("then_branch", inner))


def function(model: onnx.ModelProto) -> None:
    model.functions.append(helper.make_function("org.example", "F", ["x"], ["y"], [], []))


def training(model: onnx.ModelProto) -> None:
    model.training_info.add()


def sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def other_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("position_ids", TensorProto.INT64, [1, "n"]))


def other_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = model.graph.node[-1].output[0] = "scores"


SPOILT = [outside, only_a_place, outside_constant, unknown_domain, branch, body, function, training, sparse]


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_a_model_that_breaks_a_rule_never_reaches_onnxruntime(
    spoil: Callable[[onnx.ModelProto], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: pytest.fail("was opened"))
    model = onnx_model(2)
    spoil(model)
    files = model_files("onnx", TWO, tmp_path / "parts") | {"model.onnx": model.SerializeToString()}
    with pytest.raises(BrokenGuard):
        scorer("onnx", files, TWO)


def test_onnxruntime_itself_would_have_read_the_outside_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why we look for ourselves: given as bytes, a model still reads files of the current folder."""
    import onnxruntime

    monkeypatch.chdir(tmp_path)
    model = onnx_model(2)
    outside(model)
    onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("spoil", [other_input, other_output], ids=lambda spoil: spoil.__name__)
def test_a_model_with_other_inputs_or_outputs_is_refused(
    spoil: Callable[[onnx.ModelProto], None], tmp_path: Path
) -> None:
    model = onnx_model(2)
    spoil(model)
    files = model_files("onnx", TWO, tmp_path) | {"model.onnx": model.SerializeToString()}
    with pytest.raises(BrokenGuard, match="expected"):
        scorer("onnx", files, TWO)


def test_bytes_that_are_no_model_are_refused_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = onnx_model(2).SerializeToString()
    random = np.random.default_rng(0)
    for content in [
        b"",
        b"\x00" * 50,
        os.urandom(500),
        *(whole[: int(n)] for n in random.integers(1, len(whole), 30)),
    ]:
        files = model_files("onnx", TWO, tmp_path) | {"model.onnx": content}
        with pytest.raises(BrokenGuard):
            scorer("onnx", files, TWO)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_the_rules_accept_an_honest_model() -> None:
    for pool in ("ReduceMax", "ReduceMean"):
        check(onnx_model(3, pool=pool).SerializeToString())
