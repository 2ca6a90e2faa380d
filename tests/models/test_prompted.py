"""Family prompted: from labelled examples to a prompt, from a prompt to scores, through the whole loop."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.axes import AXES, SCALE, SEVERAL, TWO
from helpers.decoders import decoder
from helpers.splits import split as make_split
from mindrail import config, files
from mindrail.arrays import log_softmax, ndarray
from mindrail.calibrate.settings import Settings
from mindrail.causal.load import load
from mindrail.causal.score import OptionScorer
from mindrail.errors import BadConfig, BadFile, BadSplit, MindrailError, WrongTaxonomy
from mindrail.models import Job, prompted
from mindrail.models.prompted import FAMILY, PromptedConfig
from mindrail.prompts import Form, Wording
from mindrail.prompts.contextual import CONTENT_FREE
from mindrail.recipes import calibrate, evaluate
from mindrail.recipes import export as exporting
from mindrail.recipes.export import Export
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.train import Train, train
from mindrail.records import Example
from mindrail.taxonomy import Axis

#: bytes that the tiny model reads
ROOM = 400
SHORT = Wording(role="", choose="{options}?", ask="{label}?", ask_next="{label}?")
TEXTS = [Example.of("the soup is warm"), Example.of("a storm is coming", context="look up")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return decoder(tmp_path_factory.mktemp("model"), max_position_embeddings=ROOM)


def answered(axis: Axis, size: int = 8) -> list[Example]:
    made = []
    for i in range(size):
        names = axis.names[i % len(axis.names)]
        made.append(Example.of(f"walk {i}", answers={axis.name: names if axis.exclusive else (names,)}))
    return made


def settings(folder: Path | str, **changes: Any) -> PromptedConfig:
    own = {"model": str(folder), "dtype": "float32", "context": changes.pop("context", None)}
    given = {"model": {"provider": "local", "settings": own}, "wording": config.plain(SHORT)} | changes
    return config.build(PromptedConfig, given)


def kept(axis: Axis, row: ndarray) -> ndarray:
    """A row as it is told: nothing surer than what nobody judged."""
    return np.maximum(row - row.max(), -15) if axis.exclusive else row.clip(-15, 15)


def made(axis: Axis, own: PromptedConfig, place: Path, **job: Any) -> Any:
    for _ in FAMILY.train(Job(axis, answered(axis), **job), own, place):
        pass
    return FAMILY.scorer(axis, place)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.kind)
def test_scores_are_those_of_the_questions(axis: Axis, model: Path, tmp_path: Path) -> None:
    found = made(axis, settings(model, calibration="none"), tmp_path / "run", asks="Well?").score(TEXTS)
    form = Form(axis, "Well?", wording=SHORT)
    asker = OptionScorer(load(str(model), "float32"))
    expected = [form.combine(a) for a in asker.log_probabilities([form.questions(e) for e in TEXTS])]
    np.testing.assert_allclose(found, np.array([kept(axis, row) for row in expected]), atol=1e-4)


def test_contextual_calibration_takes_off_what_is_said_about_nothing(model: Path, tmp_path: Path) -> None:
    """By hand: log p - log mean p over the inputs without content, normalised."""
    scorer = made(TWO, settings(model, shots=2), tmp_path / "run")
    (form,) = scorer._forms(TEXTS[:1])
    asked = [form.questions(one) for one in [*TEXTS, *(Example.of(text) for text in CONTENT_FREE)]]
    said = np.array([a[0] for a in OptionScorer(load(str(model), "float32")).log_probabilities(asked)])
    expected = log_softmax(said[:2] - np.log(np.exp(said[2:]).mean(axis=0)))
    np.testing.assert_allclose(scorer.score(TEXTS), [kept(TWO, row) for row in expected], atol=1e-4)


def test_about_nothing_a_calibrated_model_says_nothing(model: Path, tmp_path: Path) -> None:
    """With a single input without content, its own scores would be uniform; with three, their mean is."""
    scorer = made(SCALE, settings(model), tmp_path / "run")
    likely = np.exp(log_softmax(scorer.score([Example.of(text) for text in CONTENT_FREE])))
    assert np.abs(likely.mean(axis=0) - 1 / 3).max() < 0.1


def test_a_text_is_scored_the_same_in_any_company(model: Path, tmp_path: Path) -> None:
    scorer = made(SEVERAL, settings(model, shots=3), tmp_path / "run")
    many = [Example.of("a walk " * i) for i in range(1, 9)]
    together = scorer.score(many)
    alone = np.concatenate([scorer.score([one]) for one in many])
    np.testing.assert_allclose(together, alone, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"shots": 9}, BadSplit, "9 balanced shots need more .* than the 4 among the 8"),
        ({"choice": "fixed", "ids": ["nobody"]}, BadConfig, r"1 of them are not among the 8 .*nobody"),
        ({"choice": "fixed"}, BadConfig, "named by ids"),
        ({"shots": -1}, BadConfig, "expected 0 or more"),
        ({"wording": {"names": {"safe": "harmful"}}}, BadConfig, "the same word"),
        ({"wording": {"choose": "{labels}?"}}, BadConfig, "may hold"),
        ({"model": {"provider": "nowhere"}}, MindrailError, "unknown provider"),
        ({"model": "./nowhere"}, BadConfig, "is not there"),
    ],
)
def test_what_cannot_work_is_refused(
    changes: dict[str, Any], error: type[MindrailError], words: str, model: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words):
        own = settings(model, **changes)
        for _ in FAMILY.train(Job(TWO, answered(TWO)), own, tmp_path / "run"):
            pass
        FAMILY.scorer(TWO, tmp_path / "run")


def test_a_prompt_of_another_axis_or_none_is_refused(model: Path, tmp_path: Path) -> None:
    made(TWO, settings(model), tmp_path / "run")
    with pytest.raises(WrongTaxonomy, match="asks about 'harm'"):
        FAMILY.scorer(SCALE, tmp_path / "run")
    with pytest.raises(BadFile, match="no prompt is here"):
        FAMILY.scorer(TWO, tmp_path)


def test_shots_give_way_to_a_long_message_and_never_the_message(model: Path, tmp_path: Path) -> None:
    """Two shots fit beside a short text, and none beside one that fills half of what the model reads."""
    scorer = made(TWO, settings(model, shots=2, calibration="none"), tmp_path / "run")
    short, long = Example.of("tea"), Example.of("tea " * 60)
    both = scorer.score([short, long])
    assert scorer.shrunk == {"fewer_shots": 1}
    bare = made(TWO, settings(model, calibration="none"), tmp_path / "bare").score([long])
    np.testing.assert_allclose(both[1], bare[0], atol=1e-4)


def test_a_message_longer_than_the_context_is_read_in_windows(model: Path, tmp_path: Path) -> None:
    """The worst window speaks for the text, whatever surrounds it."""
    scorer = made(SEVERAL, settings(model, calibration="none"), tmp_path / "run")
    long = Example.of("a calm walk in the park " * 20)
    (row,) = scorer.score([long])
    assert scorer.shrunk == {"windows": 1}
    assert np.isfinite(row).all()


def test_instructions_longer_than_the_context_are_refused(model: Path, tmp_path: Path) -> None:
    scorer = made(TWO, settings(model, context=40), tmp_path / "run")
    with pytest.raises(BadConfig, match="leave no room for a message"):
        scorer.score(TEXTS)


def test_similar_shots_are_chosen_for_each_text(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors stand in for an encoder: walk 3 is most like itself and then its neighbours."""

    def embedded(_: PromptedConfig, examples: list[Example]) -> ndarray:
        angle = np.array([float(one.text.split()[-1]) for one in examples]) * math.pi / 20
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)

    monkeypatch.setattr(prompted, "embedded", embedded)
    own = settings(model, choice="similar", shots=2, calibration="none")
    scorer = made(TWO, own, tmp_path / "run")
    (one,) = scorer._forms([answered(TWO)[3]])
    assert sorted(shot.example.text for shot in one.shots) == ["walk 2", "walk 4"]
    assert np.isfinite(scorer.score(answered(TWO, 3))).all()


def test_the_whole_loop_but_no_guard(model: Path, tmp_path: Path) -> None:
    split = make_split(tmp_path / "split", labelled=8)
    wanted = Train(family="prompted", settings=config.plain(settings(model, shots=2)))
    for _ in train(split, wanted, tmp_path / "run"):
        pass
    run = Run.load(tmp_path / "run")
    dev = predict_part(run, split, "dev")
    assert dev.made_by.answers == {"graded": 4}
    goals = Settings(recall=0.5)
    calibration = calibrate.calibrate(split, dev, goals)
    calibrate.save(calibration, run.folder)
    evaluate.evaluate_runs([run], split, tmp_path / "report")
    assert (tmp_path / "report" / "report.html").is_file()
    with pytest.raises(BadConfig, match="no guard can be made of it"):
        exporting.choose(run, split, calibration, goals, Export(), tmp_path / "variants")
    kept = files.read_json(run.folder / "model" / "prompt.json")
    assert kept["config"]["shots"] == 2
