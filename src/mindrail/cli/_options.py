"""Options that several commands share."""

import argparse
import json
from pathlib import Path
from typing import Any

from mindrail import config
from mindrail.errors import BadConfig


def add_settings(parser: argparse.ArgumentParser, what: str) -> None:
    """`--config FILE` and any number of `--set key=value`, which win over the file."""
    parser.add_argument("--config", type=Path, help=f"a YAML file with {what}")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one setting, e.g. labels=500; repeatable",
    )


def settings(cls: type[Any], options: argparse.Namespace, **given: Any) -> Any:
    """The settings of a verb from its file, then from --set, then from options that were given."""
    values: dict[str, Any] = {}
    if options.config is not None:
        read = config.read_yaml(options.config)
        if not isinstance(read, dict):
            raise BadConfig(f"{options.config}: expected a mapping of settings")
        values |= read
    for pair in options.set:
        key, equals, value = pair.partition("=")
        if not equals:
            raise BadConfig(f"--set takes KEY=VALUE, found '{pair}'")
        _place(values, key.split("."), _value(value))
    values |= {key: value for key, value in given.items() if value is not None}
    return config.build(cls, values)


def _place(values: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        values = values.setdefault(key, {})
    values[path[-1]] = value


def _value(text: str) -> Any:
    """A value as YAML would read it: numbers, true, lists in brackets, else text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        if text.startswith("[") and text.endswith("]"):
            return [_value(part.strip()) for part in text[1:-1].split(",") if part.strip()]
        return text
