"""A run that was killed and started again ends with the same bits as one that was not."""

import hashlib
from pathlib import Path

import pytest

from helpers import tiny
from helpers.axes import TWO
from mindrail import plugins
from mindrail.errors import BadConfig
from mindrail.models import Job

FAMILY = plugins.get("family", "encoder").FAMILY


def trained(place: Path, job: Job, where: Path, stop_after: int | None = None) -> str | None:
    """Train, or stop after some steps; the hash of the weights of a finished run."""
    config = FAMILY.Config(model=str(where), save_every=2, **tiny.SETTINGS)
    for stepped in FAMILY.train(job, config, place):
        if stepped.step == stop_after:
            return None
    return hashlib.sha256((place / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, model: Path) -> str:
    place = tmp_path_factory.mktemp("whole")
    done = trained(place / "model", tiny.job(TWO, place / "steps", identity="a"), model)
    assert done is not None
    return done


@pytest.mark.parametrize("kills", [(1,), (2,), (3,), (5,), (1, 3, 4, 5)])
def test_interrupted_run_has_the_same_bits(
    tmp_path: Path, model: Path, reference: str, kills: tuple[int, ...]
) -> None:
    job = tiny.job(TWO, tmp_path / "steps", identity="a")
    for step in kills:
        trained(tmp_path / "model", job, model, stop_after=step)
    assert trained(tmp_path / "model", job, model) == reference


def test_damaged_newest_checkpoint_is_passed_over(
    tmp_path: Path, model: Path, reference: str, caplog: pytest.LogCaptureFixture
) -> None:
    job = tiny.job(TWO, tmp_path / "steps", identity="a")
    trained(tmp_path / "model", job, model, stop_after=5)
    newest = max((tmp_path / "steps").glob("step-*")) / "state.safetensors"
    newest.write_bytes(newest.read_bytes()[:100])
    assert trained(tmp_path / "model", job, model) == reference
    assert "damaged" in caplog.text


def test_checkpoint_of_other_data_is_refused(tmp_path: Path, model: Path) -> None:
    trained(tmp_path / "model", tiny.job(TWO, tmp_path / "steps", identity="a"), model, stop_after=3)
    with pytest.raises(BadConfig, match="other data or settings"):
        trained(tmp_path / "model", tiny.job(TWO, tmp_path / "steps", identity="b"), model)


def test_another_seed_is_another_model(tmp_path: Path, model: Path, reference: str) -> None:
    assert trained(tmp_path / "model", tiny.job(TWO, seed=1), model) != reference
