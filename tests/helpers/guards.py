"""Guards small enough to be built in milliseconds, one of each kind, worked out by hand where it matters."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from helpers.axes import SCALE
from mindrail import files
from mindrail.calibrate import Calibration, Scaling, Threshold, events
from mindrail.guard.manifest import Entry, identity
from mindrail.guard.writer import write_guard
from mindrail.records import Example
from mindrail.runtime import cascade, linear, majority, static
from mindrail.runtime.cascade import Cascade, Stage
from mindrail.runtime.load import NEEDED
from mindrail.taxonomy import Axis, Taxonomy

_ENGLISH = "the soup is ready calm walk park storm thunder please come and go now we"
WORDS = (*re.split(" ", _ENGLISH), *"今天公园")
#: the one word that the tiny models find dangerous
STORM = "storm"
KINDS = tuple(NEEDED)


def tokenizer() -> Tokenizer:
    """WordPiece over single letters and a few words, with BERT's template."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,;:?!'"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters), *WORDS]
    made = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return made


def embeddings(labels: int, seed: int = 0) -> np.ndarray:
    """[tokens, labels]: a little of each label in every token, more in the storm, most of the last."""
    table = np.random.default_rng(seed).uniform(-0.2, 0.2, (tokenizer().get_vocab_size(), labels))
    table[tokenizer().token_to_id(STORM)] = [0.2] * (labels - 1) + [6.0]
    table[:, 0] += 1.0
    return table.astype(np.float32)


def onnx_model(
    labels: int,
    *,
    pool: str = "ReduceMax",
    inputs: tuple[str, ...] = ("input_ids", "attention_mask"),
    table: np.ndarray | None = None,
) -> onnx.ModelProto:
    """Gather, pool over tokens, MatMul. `ReduceMax` makes one storm count the same in any surroundings."""
    table = embeddings(labels) if table is None else table
    weights = {"table": table, "head": np.eye(table.shape[1], labels, dtype=np.float32)}
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    last = "tokens"
    for name in inputs[1:]:
        nodes += [
            helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMin", [f"{name}_float"], [f"{name}_one"], keepdims=0),
            helper.make_node("Mul", [f"{name}_one", "zero"], [f"{name}_zero"]),
            helper.make_node("Add", [last, f"{name}_zero"], [f"{name}_done"]),
        ]
        last = f"{name}_done"
    nodes += [
        helper.make_node(pool, [last], ["pooled"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["pooled", "head"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"]) for name in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, labels])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()]
        + [numpy_helper.from_array(np.float32(0), "zero")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def model_files(kind: str, axis: Axis, folder: Path, **options: Any) -> dict[str, bytes]:
    """The model files of a tiny guard; `folder` is scratch space."""
    labels = len(axis.names)
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "onnx":
        files.write_bytes(folder / "model.onnx", onnx_model(labels, **options).SerializeToString())
        files.write_json(folder / "reach.json", {"reach": {"window": 24, "overlap": 6, "context": 8}})
        files.write_text(folder / "tokenizer.json", tokenizer().to_str())
    elif kind == "linear":
        grams = linear.Grams("word", 1, 2), linear.Grams("char", 1, 3)
        known = [
            {"storm": 0, "soup": 1, "the soup": 2},
            {c: i for i, c in enumerate("etaoinshrdlumcwfgypbvk")},
        ]
        vocabularies = [
            linear.Vocabulary(g, k, np.linspace(1, 2, len(k))) for g, k in zip(grams, known, strict=True)
        ]
        weights = np.random.default_rng(0).uniform(-0.2, 0.2, (labels, sum(map(len, known))))
        weights[-1, 0] = 6.0
        linear.save(folder, vocabularies, weights, np.linspace(0.5, 0, labels), **options)
    elif kind == "static":
        table = static.compact(embeddings(labels))
        settings = static.StaticSettings(**options)
        width = labels * (2 if settings.pair else 1)
        head = np.eye(labels, width, k=width - labels)
        static.save(folder, settings, tokenizer(), table, head, np.zeros(labels))
    elif kind == "cascade":
        stages = [model_files(stage, axis, folder / stage) for stage in ("linear", "onnx")]
        lifts = {"linear": 1.0, "onnx": 0.0}
        whole = Cascade(tuple(Stage(k, Scaling.none(labels), lift) for k, lift in lifts.items()))  # type: ignore[arg-type]
        cascade.save(folder, whole, stages)
        return {name: (folder / name).read_bytes() for name in cascade.names(whole)}
    else:
        majority.save(folder, np.linspace(1.0, 0.0, labels))
    return {name: (folder / name).read_bytes() for name in NEEDED[kind]}


def taxonomy(axis: Axis) -> Taxonomy:
    """A taxonomy of that one axis."""
    return Taxonomy("tiny", "1", "Is there a storm?", (axis,))


def calibration(axis: Axis) -> Calibration:
    """Scores as they are, and everything reviewed from 0.3, blocked from 0.6."""
    thresholds = tuple(Threshold(event.name, 0.3, 0.6) for event in events(axis))
    return Calibration(axis.digest, Scaling.none(len(axis.names)), thresholds, no_promise="made for a test")


def tiny_guard(folder: Path, kind: str = "onnx", axis: Axis = SCALE, **options: Any) -> Path:
    """A whole guard folder."""
    write_guard(
        folder,
        kind=kind,  # type: ignore[arg-type]
        taxonomy=taxonomy(axis),
        axis=axis,
        calibration=calibration(axis),
        runtime_files=model_files(kind, axis, folder.with_name(f"{folder.name}-parts"), **options),
        other_files={"config.json": b"{}", "model.safetensors": b"weights for transformers"},
        documents={"evaluation.json": b"{}"},
        card="# A guard for tests\n",
        made_from={"run": "0" * 64},
    )
    return folder


def rewrite(folder: Path, **changed: bytes) -> None:
    """Change files and list them as they now are: a forger's guard, or a careless maker's.

    Keyword `model_onnx` stands for `model.onnx`.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    for key, content in changed.items():
        name = ".".join(key.rsplit("_", 1))
        (folder / name).write_bytes(content)
        manifest["files"][name] |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    entries = {name: Entry(**entry) for name, entry in manifest["files"].items()}
    manifest["id"] = identity(manifest["kind"], entries)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def examples(count: int = 40, seed: int = 0) -> list[Example]:
    """Texts of one word to several windows, some with what was said before, some with a storm."""
    random = np.random.default_rng(seed)
    made = []
    for i in range(count):
        words = list(random.choice(WORDS, int(random.integers(1, 60))))
        before = "please come" if i % 3 == 0 else ""
        made.append(Example.of(" ".join(words), context=before))
    return made
