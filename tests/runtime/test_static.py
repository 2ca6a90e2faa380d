"""Static vectors: the mean by hand, what is left out of it, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from helpers.axes import AXES, SCALE, TWO
from helpers.guards import STORM, embeddings, examples, model_files, tokenizer
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime import static
from mindrail.runtime.load import from_folder, scorer
from mindrail.runtime.local import LocalScorer
from mindrail.taxonomy import Axis


def tiny(axis: Axis, place: Path, **options: Any) -> LocalScorer:
    return scorer("static", model_files("static", axis, place, **options), axis)


def mean(text: str, labels: int) -> np.ndarray:
    ids = tokenizer().encode(text, add_special_tokens=False).ids
    known = [i for i in ids if i != 1]
    table = embeddings(labels).astype(np.float16).astype(np.float32)
    return table[known].mean(axis=0) if known else np.zeros(labels)


@pytest.mark.parametrize("text", ["the soup", "storm", "walk 雨 walk", "雨", "we ☔ go"])
def test_the_scores_are_the_mean_of_known_tokens(text: str, tmp_path: Path) -> None:
    np.testing.assert_allclose(tiny(SCALE, tmp_path).score([Example.of(text)])[0], mean(text, 3), atol=1e-6)


def test_typed_special_tokens_are_ordinary_characters(tmp_path: Path) -> None:
    typed = tokenizer()
    typed.encode_special_tokens = True
    ids = typed.encode("[SEP] soup", add_special_tokens=False).ids
    known = [i for i in ids if i != 1]
    assert 3 not in ids
    expected = embeddings(3).astype(np.float16).astype(np.float32)[known].mean(axis=0)
    np.testing.assert_allclose(
        tiny(SCALE, tmp_path).score([Example.of("[SEP] soup")])[0], expected, atol=1e-6
    )


def test_a_pair_puts_what_was_said_before_first(tmp_path: Path) -> None:
    axis, place = TWO, tmp_path
    settings = static.StaticSettings(pair=True)
    head = np.array([[1.0, 0, 0, 0], [0, 0, 0, 1.0]])
    static.save(place, settings, tokenizer(), static.compact(embeddings(2)), head, np.array([0.5, -0.5]))
    example = Example.of("we go", context="the storm")
    before, text = (mean(part, 2) for part in example.rendered())
    found = from_folder("static", place, axis).score([example])[0]
    np.testing.assert_allclose(found, [before[0] + 0.5, text[1] - 0.5], atol=1e-6)
    alone = from_folder("static", place, axis).score([Example.of("we go")])[0]
    np.testing.assert_allclose(alone, [0.5, mean("we go", 2)[1] - 0.5], atol=1e-6)


def test_int8_rows_are_near_the_whole_numbers_they_stand_for(tmp_path: Path) -> None:
    table = embeddings(3)
    packed = static.compact(table, int8=True)
    assert packed["embeddings"].dtype == np.int8
    static.save(tmp_path, static.StaticSettings(), tokenizer(), packed, np.eye(3), np.zeros(3))
    for example in examples(10):
        exact, found = tiny(SCALE, tmp_path / "f16"), from_folder("static", tmp_path, SCALE)
        np.testing.assert_allclose(found.score([example]), exact.score([example]), atol=6 / 127)


def test_normalised_means_have_length_one(tmp_path: Path) -> None:
    found = tiny(SCALE, tmp_path, normalise=True).score([Example.of("the soup"), Example.of("雨")])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1.0, 0.0], atol=1e-6)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_a_storm_in_a_long_text_is_not_thinned_out_by_more_of_it(axis: Axis, tmp_path: Path) -> None:
    model = tiny(axis, tmp_path, window=8, overlap=4)
    short = axis.danger(model.score([Example.of(" ".join(["soup"] * 3 + [STORM] * 4 + ["soup"] * 3))]))[0]
    for place in (0, 5, 50, 100):
        text = " ".join(["soup"] * place + [STORM] * 4 + ["soup"] * (100 - place))
        assert axis.danger(model.score([Example.of(text)]))[0] >= short - 0.5


def test_a_text_scores_the_same_alone_and_among_others(tmp_path: Path) -> None:
    model, many = tiny(SCALE, tmp_path), examples()
    together = model.measure(many)
    for i, example in enumerate(many):
        assert model.measure([example]).values.tobytes() == together.values[i : i + 1].tobytes()


@pytest.mark.parametrize("what", ["rows", "dtype", "scale", "weights", "bias"])
def test_a_table_that_does_not_fit_is_refused(what: str, tmp_path: Path) -> None:
    table = static.compact(embeddings(3), int8=True)
    static.save(tmp_path, static.StaticSettings(), tokenizer(), table, np.eye(3), np.zeros(3))
    arrays = load_file(tmp_path / static.ARRAYS)
    if what == "rows":
        arrays["embeddings"] = arrays["embeddings"][:-1].copy()
    elif what == "dtype":
        arrays["embeddings"] = arrays["embeddings"].astype(np.int32)
    elif what == "scale":
        del arrays["scale"]
    else:
        arrays[what] = arrays[what][..., :-1].copy()
    save_file(arrays, tmp_path / static.ARRAYS)
    with pytest.raises(BrokenGuard):
        from_folder("static", tmp_path, SCALE)
