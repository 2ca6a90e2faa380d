"""Taxonomies from the package or from a user's own YAML file."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from mindrail import config
from mindrail.errors import BadConfig, UnknownName
from mindrail.taxonomy.axis import Taxonomy


def names() -> list[str]:
    """The taxonomies that come with mindrail."""
    folder = files("mindrail") / "taxonomies"
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))


def load(name: str | Path) -> Taxonomy:
    """Load a taxonomy by its id, or from a path that ends in .yaml.

    Raises UnknownName, BadConfig (unknown key, label twice, a scale out of order) or BadFile.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        if str(name) not in names():
            raise UnknownName("taxonomy", str(name), names())
        path = Path(str(files("mindrail") / "taxonomies" / f"{name}.yaml"))
    return from_dict(config.read_yaml(path), where=path.name)


def from_dict(value: Any, *, where: str = "taxonomy") -> Taxonomy:
    """Build a taxonomy from plain values, as read from YAML or from a guard's JSON."""
    if not isinstance(value, Mapping):
        raise BadConfig(f"{where}: found {type(value).__name__}, expected a mapping")
    if value.get("schema", 1) != 1:
        raise BadConfig(
            f"{where}: schema {value['schema']} is newer than this mindrail. Do: upgrade mindrail"
        )
    return config.build(Taxonomy, value, where=where)
