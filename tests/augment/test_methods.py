"""What every method promises, whichever it is."""

import dataclasses
from pathlib import Path

import pytest

from mindrail import config, plugins
from mindrail.augment.checks import Checks, chosen
from mindrail.augment.words import REASONS

METHODS = plugins.names("augmentation")
DOCS = (Path(__file__).parents[2] / "docs" / "augment.md").read_text()


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_frozen_settings_with_defaults(name: str) -> None:
    method = plugins.get("augmentation", name).METHOD
    made = config.build(method, {})
    assert dataclasses.is_dataclass(made) and made.chunk >= 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.chunk = 3
    assert config.build(method, config.plain(made)) == made


@pytest.mark.parametrize("name", METHODS)
def test_it_skips_only_checks_that_there_are(name: str) -> None:
    known = {check.name for check in chosen(Checks(meaning=0.5), ())} | {"label"}
    assert set(plugins.get("augmentation", name).METHOD.skips) <= known


@pytest.mark.parametrize("name", METHODS)
def test_it_is_documented(name: str) -> None:
    assert f"| `{name}` |" in DOCS


def test_every_reason_has_words() -> None:
    reasons = {check.name for check in chosen(Checks(meaning=0.5), ())} | {
        "softened",
        "sharpened",
        "junk",
        "down",
    }
    assert reasons <= set(REASONS)
