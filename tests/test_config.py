"""Settings are refused with the closest match, never guessed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from mindrail import config, plugins
from mindrail.errors import BadConfig, UnknownName


@dataclass(frozen=True)
class Inner:
    size: int = 3


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = field(default_factory=Inner)
    rate: float = 0.1
    kind: Literal["a", "b"] = "a"
    several: tuple[str, ...] = ()
    maybe: int | None = None


def test_nested_values_and_back() -> None:
    given = {"name": "x", "inner": {"size": 5}, "rate": 1, "several": ["p", "q"], "maybe": None}
    made = config.build(Outer, given)
    assert made == Outer("x", Inner(5), 1.0, "a", ("p", "q"))
    assert config.build(Outer, config.plain(made)) == made


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"nme": "x"}, "did you mean 'name'"),
        ({}, "'name' is missing"),
        ({"name": 3}, "expected str"),
        ({"name": "x", "rate": "fast"}, "expected float"),
        ({"name": "x", "maybe": True}, "expected int"),
        ({"name": "x", "kind": "c"}, "expected one of a, b"),
        ({"name": "x", "inner": {"sise": 1}}, "did you mean 'size'"),
        ({"name": "x", "inner": 4}, "expected a mapping"),
    ],
)
def test_wrong_settings(given: dict[str, object], told: str) -> None:
    with pytest.raises(BadConfig, match=told):
        config.build(Outer, given)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: x\nrate: 1\nname: y\n")
    with pytest.raises(BadConfig, match="twice"):
        config.load(Outer, tmp_path / "a.yaml")


def test_unknown_things_are_named_with_the_closest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'encoder'"):
        plugins.get("family", "encodr")


@pytest.mark.parametrize("kind", ["algorithm", "family", "metric", "set", "command"])
def test_every_listed_name_can_be_had(kind: str) -> None:
    constant = {
        "algorithm": "ALGORITHM",
        "family": "FAMILY",
        "metric": "METRIC",
        "set": "CARD",
        "command": "COMMAND",
    }
    for name in plugins.names(kind):
        assert hasattr(plugins.get(kind, name), constant[kind]), name
