"""Can a simple model tell views from texts? If so, a learner can too, and may learn the style for the label."""

from collections.abc import Sequence

import numpy as np

from mindrail.arrays import Int, ndarray
from mindrail.errors import MissingExtra
from mindrail.evaluate.estimates import estimate, metric
from mindrail.evaluate.results import Estimate
from mindrail.stats import bootstrap

#: texts below which nothing is said
FEWEST = 30
_FOLDS = 5


def probe(pairs: Sequence[tuple[str, str]]) -> Estimate | None:
    """The AUROC of TF-IDF of characters and logistic regression at telling the second of each pair from the first.

    Each pair is scored by a model that saw neither side of it (5 folds); the interval draws pairs. 0.5: nothing
    gives views away; 1: everything does. None for fewer than 30 pairs. Raises MissingExtra.
    """
    if len(pairs) < FEWEST:
        return None
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtra("scikit-learn", "train", "the report's test of style") from None
    texts = [text for pair in pairs for text in pair]
    group = np.arange(len(texts)) // 2
    made: ndarray = np.arange(len(texts)) % 2 == 1
    # which n-grams there are says nothing about who wrote them, so they are counted once
    counts = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, max_features=30_000)
    features = counts.fit_transform(texts)
    scores = np.zeros(len(texts))
    for fold in range(_FOLDS):
        held = group % _FOLDS == fold
        learner = LogisticRegression(C=10.0, solver="liblinear").fit(features[~held], made[~held])
        scores[held] = learner.decision_function(features[held])
    auroc = metric("auroc").compute

    def compute(rows: Int[ndarray, " n"]) -> float:
        return auroc(made[rows], scores[rows], made[rows])

    return estimate(bootstrap(compute, len(texts), [str(pair) for pair in group]))
