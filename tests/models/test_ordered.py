"""Learning ordered labels node by node: every node from the rows that reach it, and the same scores everywhere."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from helpers import tiny
from helpers.axes import FIRST, TWO
from mindrail import plugins
from mindrail.errors import BadConfig, BrokenGuard
from mindrail.export import onnx as exporting
from mindrail.models import Job, _head
from mindrail.models._network import Network
from mindrail.models._ordered import in_order
from mindrail.records import Example
from mindrail.runtime.load import from_folder
from mindrail.runtime.onnx import session
from mindrail.taxonomy import tree

FAMILIES = ("linear", "encoder")
WEIGHTS = {"lost": 2.0, "cold": 2.0, "kind": 0.5}


def examples(size: int = 24) -> list[Example]:
    """Soup is lost, rain is cold, the park is kind."""
    words = ("soup", "rain", "park")
    return [
        Example.of(f"the {words[i % 3]} number {i}", answers={FIRST.name: FIRST.names[i % 3]})
        for i in range(size)
    ]


def trained(name: str, folder: Path, ordered: str = "nodes", **changes: object):
    family = plugins.get("family", name).FAMILY
    settings: dict[str, object] = {"ordered": ordered}
    if name == "encoder":
        settings |= tiny.SETTINGS | {"model": str(tiny.encoder(folder / "base"))}
    job = Job(FIRST, examples(), **changes)
    for _ in family.train(job, family.Config(**settings), folder / "model"):
        pass
    return family, family.scorer(FIRST, folder / "model")


def test_the_layer_is_the_tree_in_torch() -> None:
    said = torch.linspace(-40, 40, 24, dtype=torch.float64).float().view(2, 3, 4)
    found = in_order(said, 4)
    expected = np.stack([tree.labels(part.double().numpy()) for part in said])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_extra_labels_stay_as_they_are() -> None:
    said = torch.tensor([[0.3, -1.0, 7.0]])
    found = in_order(said, 2)
    assert found.shape == (1, 4) and found[0, 3] == 7.0
    assert found[0, :3].exp().sum() == pytest.approx(1.0)


def test_the_linear_head_asks_each_node_about_the_rows_that_reach_it() -> None:
    features = np.random.default_rng(0).normal(size=(24, 5))
    job = Job(FIRST, examples(), class_weights=WEIGHTS)
    weights, bias = _head.fit(features, job, strength=3.0, ordered="nodes")
    label = np.array([FIRST.names.index(example.answers[FIRST.name]) for example in job.labelled])
    heavy = np.array([WEIGHTS[FIRST.names[i]] for i in label])
    for node in range(2):
        rows = [i for i in range(24) if label[i] >= node]
        slow = LogisticRegression(C=3.0, max_iter=2000).fit(
            features[rows], label[rows] == node, sample_weight=heavy[rows]
        )
        np.testing.assert_allclose(weights[node], slow.coef_[0], atol=1e-4)
        assert bias[node] == pytest.approx(slow.intercept_[0], abs=1e-4)


def test_a_node_without_a_yes_says_no() -> None:
    seen = [example for example in examples() if example.answers[FIRST.name] != "cold"]
    features = np.random.default_rng(0).normal(size=(len(seen), 5))
    weights, bias = _head.fit(features, Job(FIRST, seen), strength=1.0, ordered="nodes")
    assert not weights[1].any() and bias[1] == -10.0


@pytest.mark.parametrize("name", FAMILIES)
def test_scores_are_log_probabilities_of_labels(name: str, tmp_path: Path) -> None:
    _, scorer = trained(name, tmp_path)
    scores = scorer.score(examples())
    assert scores.shape == (24, 3)
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1.0, atol=1e-5)


def test_what_is_learned_is_told_apart(tmp_path: Path) -> None:
    _, scorer = trained("linear", tmp_path)
    assert tree.walk(scorer.score(examples()).astype(float)).tolist() == [i % 3 for i in range(24)]


@pytest.mark.parametrize("name", [*FAMILIES, "static"])
def test_nodes_are_refused_where_labels_have_no_order_of_trial(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="only first_of has nodes"):
        if name == "encoder":
            Network.pretrained(
                str(tiny.encoder(tmp_path)), TWO, pooling=None, dropout=0.1, seed=0, ordered="nodes"
            )
        else:
            _head.fit(np.zeros((12, 2)), tiny.job(TWO), strength=1.0, ordered="nodes")


def test_a_guard_with_nodes_is_refused_on_another_kind_of_axis(tmp_path: Path) -> None:
    trained("linear", tmp_path)
    with pytest.raises(BrokenGuard, match="only first_of has nodes"):
        from_folder("linear", tmp_path / "model", TWO)


@pytest.mark.parametrize("heads, extra", [(1, 0), (2, 1)])
def test_a_network_comes_back_and_exports_with_its_last_layer(heads: int, extra: int, tmp_path: Path) -> None:
    where = str(tiny.encoder(tmp_path / "in"))
    shape = {"pooling": None, "dropout": 0.1, "seed": 0, "heads": heads, "extra_labels": extra}
    ours = Network.pretrained(where, FIRST, ordered="nodes", **shape).eval()
    ours.save(tmp_path / "out")
    again = Network.load(tmp_path / "out", ours.pooling)
    exporting.export(again, tmp_path / "model.onnx")
    ids = torch.arange(4, 19)[None]
    given = {"input_ids": ids.numpy(), "token_type_ids": np.zeros_like(ids.numpy())}
    (shipped,) = session((tmp_path / "model.onnx").read_bytes()).run(None, given)
    with torch.no_grad():
        expected = ours(ids, torch.zeros_like(ids))
        assert ours.columns(ids, torch.zeros_like(ids)).shape == (heads, 1, 3 + extra)
        assert torch.equal(again(ids, torch.zeros_like(ids)), expected)
    np.testing.assert_allclose(shipped, expected, atol=1e-5)


@pytest.mark.parametrize("algorithm", plugins.names("algorithm"))
def test_every_algorithm_learns_node_by_node(algorithm: str, tmp_path: Path) -> None:
    unlabelled = [Example.of(f"a {word} again") for word in ("soup", "rain", "park", "walk")]
    _, scorer = trained("encoder", tmp_path, algorithm=algorithm, unlabelled=unlabelled)
    assert np.isfinite(scorer.score(unlabelled)).all()
