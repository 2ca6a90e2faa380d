"""The linear runtime gives scikit-learn's numbers, reads all of a text, and refuses what does not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from helpers.axes import AXES, SCALE, TWO
from helpers.guards import examples
from mindrail.arrays import ndarray
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime import linear
from mindrail.runtime.load import from_folder
from mindrail.taxonomy import Axis

TEXTS = [
    "The soup is ready; come, come!",
    "A quiet\n\nwalk   in the park\t— alone.",
    "naïve café, STRASSE straße İstanbul",
    "今天下午我们去公园散步吧。公园",
    "🙂🙂 ok\u200bok \u2028 x",
    "I",
    "",
    "   ",
    "storm storm storm thunder " * 5,
]

ANALYSERS = {
    "word": {"analyzer": "word", "ngram_range": (1, 2)},
    "word of one letter": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "word, sublinear, cased": {
        "analyzer": "word",
        "ngram_range": (2, 3),
        "sublinear_tf": True,
        "lowercase": False,
    },
    "char": {"analyzer": "char", "ngram_range": (2, 4), "sublinear_tf": True},
    "char of one": {"analyzer": "char", "ngram_range": (1, 3)},
    "char_wb": {"analyzer": "char_wb", "ngram_range": (2, 5)},
}


def ours(vectorizer: TfidfVectorizer) -> linear.Vocabulary:
    """A fitted vectorizer as plain values."""
    settings = vectorizer.get_params()
    grams = linear.Grams(
        settings["analyzer"],
        *settings["ngram_range"],
        lowercase=settings["lowercase"],
        sublinear=settings["sublinear_tf"],
        shortest_word=1 if settings["token_pattern"] == r"(?u)\b\w+\b" else 2,
    )
    return linear.Vocabulary(grams, {g: int(i) for g, i in vectorizer.vocabulary_.items()}, vectorizer.idf_)


def pair(chosen: list[dict[str, Any]], axis: Axis, place: Path) -> tuple[FeatureUnion, ndarray, ndarray, Any]:
    """scikit-learn's features with random weights, and our scorer of the same."""
    union = FeatureUnion([(str(i), TfidfVectorizer(**options)) for i, options in enumerate(chosen)])
    union.fit(TEXTS)
    width = sum(len(vectorizer.vocabulary_) for _, vectorizer in union.transformer_list)
    random = np.random.default_rng(0)
    weights, bias = random.normal(size=(len(axis.names), width)), random.normal(size=len(axis.names))
    vocabularies = [ours(vectorizer) for _, vectorizer in union.transformer_list]
    linear.save(place, vocabularies, weights, bias)
    return union, weights, bias, from_folder("linear", place, axis)


@pytest.mark.parametrize("name", ANALYSERS)
def test_each_analyser_gives_the_features_of_scikit_learn(name: str) -> None:
    vectorizer = TfidfVectorizer(**ANALYSERS[name]).fit(TEXTS)
    theirs = vectorizer.transform(TEXTS).toarray()
    for text, row in zip(TEXTS, theirs, strict=True):
        columns, values = ours(vectorizer).row(text)
        dense = np.zeros(len(row))
        dense[columns] = values
        np.testing.assert_allclose(dense, row, atol=1e-12)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_scores_are_those_of_scikit_learn(axis: Axis, tmp_path: Path) -> None:
    union, weights, bias, scorer = pair([ANALYSERS["word"], ANALYSERS["char"]], axis, tmp_path)
    expected = union.transform(TEXTS) @ weights.T + bias
    np.testing.assert_allclose(scorer.score([Example.of(text) for text in TEXTS]), expected, atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_counted_as_scikit_learn_counts_it(text: str) -> None:
    for name in ("word of one letter", "char of one", "char_wb"):
        vectorizer = TfidfVectorizer(**ANALYSERS[name])
        expected = sorted(vectorizer.build_analyzer()(text))
        options = vectorizer.get_params()
        grams = linear.Grams(options["analyzer"], *options["ngram_range"], shortest_word=1)
        assert sorted(grams.of(text)) == expected


def test_what_was_said_before_is_read_up_to_its_last_2000_characters(tmp_path: Path) -> None:
    union, weights, bias, scorer = pair([ANALYSERS["char of one"]], TWO, tmp_path)
    example = Example.of("I see.", context="x" * 3000 + " I am sad.")
    context, text = example.rendered()
    read = context[-2000:] + "\n" + text
    expected = (union.transform([read]) @ weights.T + bias)[0]
    np.testing.assert_allclose(scorer.score([example])[0], expected, atol=1e-6)


def test_a_long_text_counts_as_its_most_dangerous_window(tmp_path: Path) -> None:
    union, weights, bias, scorer = pair([ANALYSERS["word"], ANALYSERS["char"]], SCALE, tmp_path)
    text = "the soup is ready. " * 150 + "storm thunder " * 10 + "a walk in the park. " * 100
    windows = [text[start : start + 1000] for start in range(0, len(text) - 200, 800)]
    each = (union.transform(windows) @ weights.T + bias).astype(np.float32)
    worst = each[int(np.argmax(SCALE.danger(each)))]
    measured = scorer.measure([Example.of(text)])
    np.testing.assert_allclose(measured.values[0], worst, atol=1e-6)
    assert measured.windows[0] == len(windows)


def test_characters_that_were_never_seen_count_as_unread(tmp_path: Path) -> None:
    *_, scorer = pair([ANALYSERS["char"]], TWO, tmp_path)
    coverage = scorer.measure(
        [Example.of("the SOUP"), Example.of("the жжжж"), Example.of("ж"), Example.of(" ")]
    )
    assert coverage.coverage.tolist() == [1.0, 3 / 7, 0.0, 1.0]


def test_n_grams_with_line_breaks_survive_the_file(tmp_path: Path) -> None:
    odd = {"\n": 0, "a\u2028b": 1, '"': 2, "\\": 3, "\x00": 4, "今": 5}
    vocabulary = linear.Vocabulary(linear.Grams("char", 1, 3), odd, np.ones(len(odd)))
    linear.save(tmp_path, [vocabulary], np.ones((2, len(odd))), np.zeros(2))
    back: Any = from_folder("linear", tmp_path, TWO)
    assert dict(back._vocabularies[0].columns) == odd


@pytest.mark.parametrize("part", ["weights", "bias", "idf.0"])
@pytest.mark.parametrize("how", ["missing", "shape", "nan"])
def test_arrays_that_do_not_fit_are_refused(part: str, how: str, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    pair([ANALYSERS["word"]], TWO, tmp_path)
    arrays = load_file(tmp_path / linear.ARRAYS)
    if how == "missing":
        del arrays[part]
    elif how == "shape":
        arrays[part] = arrays[part][..., :-1].copy()
    else:
        arrays[part].flat[0] = np.nan
    save_file(arrays, tmp_path / linear.ARRAYS)
    with pytest.raises(BrokenGuard):
        from_folder("linear", tmp_path, TWO)


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b'[["a", "a"]]', b"[[1]]", b"[", b'[["a"]]', b"[" * 100_000, b"\xff"]
)
def test_a_vocabulary_that_does_not_fit_is_refused(content: bytes, tmp_path: Path) -> None:
    pair([ANALYSERS["word"]], TWO, tmp_path)
    (tmp_path / linear.VOCABULARY).write_bytes(content)
    with pytest.raises(BrokenGuard):
        from_folder("linear", tmp_path, TWO)


@pytest.mark.parametrize("lengths", [(0, 2), (3, 2), (1, 17)])
def test_impossible_n_grams_are_refused(lengths: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="n-grams"):
        linear.Grams("char", *lengths)


def test_a_text_scores_the_same_alone_and_among_others(tmp_path: Path) -> None:
    *_, scorer = pair([ANALYSERS["word"], ANALYSERS["char"]], SCALE, tmp_path)
    many = examples()
    together = scorer.measure(many)
    for i, example in enumerate(many):
        alone = scorer.measure([example])
        assert alone.values.tobytes() == together.values[i : i + 1].tobytes()
