"""Linear heads that follow a teacher: what features can say of its scores comes back."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from mindrail.models import Job, _head
from mindrail.records import Example
from mindrail.taxonomy import Axis, Label

OF = {
    kind: Axis("harm", kind, (Label("fine", "calm", decision="allow"), Label("bad", "not calm")))
    for kind in ("one_of", "any_of")
}
ROWS = [Example.of(str(place), answers={"harm": "bad" if place % 2 else "fine"}) for place in range(60)]


def job(kind: str, scores: np.ndarray | None) -> Job:
    """Sixty rows whose answers say nothing of what the teacher scores."""
    some = ROWS if kind == "one_of" else [Example.of(e.text, answers={"harm": ("bad",)}) for e in ROWS]
    return Job(OF[kind], some, teacher=scores)


@pytest.mark.parametrize("kind", ["one_of", "any_of"])
@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_scores_that_are_linear_in_the_features_come_back(kind: str, form: type) -> None:
    random = np.random.default_rng(0)
    features, weights = random.normal(size=(60, 3)), random.normal(size=(2, 3))
    scores = features @ weights.T + [1.0, -2.0]
    head, bias = _head.fit(form(features), job(kind, scores), strength=1e6)
    expected = scores - scores.mean(axis=1, keepdims=True) if kind == "one_of" else scores
    np.testing.assert_allclose(features @ head.T + bias, expected, atol=1e-3)


def test_without_a_teacher_answers_are_learned() -> None:
    features = np.array([[float(place % 2)] for place in range(60)])
    head, bias = _head.fit(features, job("one_of", None), strength=10.0)
    assert ((features @ head.T + bias).argmax(axis=1) == [place % 2 for place in range(60)]).all()
