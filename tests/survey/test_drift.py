"""Two-sample tests: quiet where the sides are alike, loud where they are not, and right about how often."""

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score

from mindrail.survey import drift
from mindrail.survey.drift import Side
from survey.scanned import OTHER, sentences


def side(texts: list[str], groups: list[str | None] | None = None) -> Side:
    return Side(tuple(texts), tuple(groups or [None] * len(texts)))


def test_the_auroc_is_scikit_learns_for_every_deal() -> None:
    random = np.random.default_rng(0)
    scores, deals = random.integers(0, 9, 60).astype(float), random.random((5, 60)) < 0.4
    wanted = [roc_auc_score(deal, scores) for deal in deals]
    assert drift.auroc(deals, scores) == pytest.approx(wanted)


def test_the_distance_is_scipys_for_every_deal() -> None:
    random = np.random.default_rng(1)
    scores, deals = random.integers(0, 9, 60).astype(float), random.random((5, 60)) < 0.4
    wanted = [ks_2samp(scores[deal], scores[~deal]).statistic for deal in deals]
    assert drift.distance(deals, scores) == pytest.approx(wanted)


def test_other_words_are_found() -> None:
    mixed = sentences(150, 1)[:100] + sentences(100, 2, OTHER)
    found = drift.of_texts(side(mixed), side(sentences(200, 3)))
    assert found.p is not None and found.p <= 0.001
    assert found.effect is not None and found.effect.low is not None and found.effect.low > 0.6


def test_where_nothing_differs_false_alarms_are_as_rare_as_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60 pairs of samples from one world, about 3 have p <= 0.05; 9 or more would be a chance of 1 in 500."""
    monkeypatch.setattr(drift, "ROUNDS", 99)
    monkeypatch.setattr(drift, "bootstrap", lambda compute, size, *_: drift_interval(compute, size))
    small = [
        drift.of_texts(side(sentences(60, 2 * seed)), side(sentences(60, 2 * seed + 1))).p
        for seed in range(60)
    ]
    assert sum(p is not None and p <= 0.05 for p in small) < 9


def drift_interval(compute, size):  # type: ignore[no-untyped-def]
    from mindrail.stats import Interval

    return Interval(compute(np.arange(size)), 0.0, 1.0)


def test_talkative_people_are_no_drift() -> None:
    """Two sides of 30 people each, every one with a favourite word: rows differ, people do not."""
    random = np.random.default_rng(5)

    def people(start: int) -> tuple[np.ndarray, list[str]]:
        own = random.normal(size=30)
        return np.repeat(own, 40) + 0.1 * random.normal(size=1200), [
            f"p{start + i // 40}" for i in range(1200)
        ]

    p_whole, p_rows = [], []
    for trial in range(8):
        (here, groups), (there, others) = people(0), people(100 + trial)
        p_whole.append(drift.of_scores(here, there, (groups, others)).p)
        p_rows.append(ks_2samp(here, there).pvalue)
    assert sum(p <= 0.05 for p in p_rows) >= 6, "as single rows they seem to differ"
    assert sum(p is not None and p <= 0.05 for p in p_whole) <= 2


def test_a_text_counts_once_per_side() -> None:
    """A greeting that comes a hundred times is no other language."""
    found = drift.of_texts(side(sentences(100, 1) + ["hello there"] * 100), side(sentences(101, 2)))
    assert found.scanned == 101
    assert found.p is not None and found.p > 0.01


@pytest.mark.parametrize("few", [0, 10, 39])
def test_too_few_messages_prove_nothing(few: int) -> None:
    found = drift.of_texts(side(sentences(few, 1)), side(sentences(200, 2)))
    assert found.p is None
    assert f"{few} scanned" in found.why


def test_one_person_alone_proves_nothing() -> None:
    """All of one side in one group: there is no other deal than the one at hand."""
    words = drift.of_texts(side(sentences(60, 1, OTHER), ["a"] * 60), side(sentences(60, 2)))
    assert words.p is None and "from 1 and 60 conversations" in words.why
    found = drift.of_scores(np.ones(50), np.zeros(50), (["a"] * 50, ["b"] * 50))
    assert found.p == 1.0
