"""YAML in, frozen dataclass out. Unknown keys are refused with the closest match."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from mindrail.errors import BadConfig
from mindrail.files import read_text

Config = TypeVar("Config")


def read_yaml(path: Path) -> Any:
    """Read one YAML document without running anything in it."""
    import yaml  # guards carry JSON and start faster without

    class UniqueKeys(yaml.SafeLoader):
        """Refuses a key given twice, which YAML silently overwrites."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[Any] = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if key in seen:
                    raise BadConfig(f"the key '{key}' is given twice (line {key_node.start_mark.line + 1})")
                seen.add(key)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(read_text(path), Loader=UniqueKeys)  # noqa: S506, a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadConfig(f"not YAML: {error.problem} ({path}{f':{line}' if line else ''})") from None


def load(cls: type[Config], path: Path) -> Config:
    """Read a YAML file into the dataclass `cls`."""
    value = read_yaml(path)
    if not isinstance(value, dict):
        raise BadConfig(f"found {type(value).__name__}, expected a mapping of settings ({path})")
    return build(cls, value, where=path.name)


def build(cls: type[Config], values: Mapping[str, Any], *, where: str = "settings") -> Config:
    """Make a dataclass from plain values, checking every key and type on the way down."""
    assert dataclasses.is_dataclass(cls)
    hints = get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    for key in values:
        if key not in fields:
            close = get_close_matches(str(key), fields, n=1, cutoff=0.6)
            hint = f"; did you mean '{close[0]}'?" if close else "."
            raise BadConfig(f"{where}: unknown key '{key}'{hint} Known: {', '.join(fields)}")
    ready = {key: convert(hints[key], value, f"{where}: {key}") for key, value in values.items()}
    for name, field in fields.items():
        missing = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if missing and name not in ready:
            raise BadConfig(f"{where}: '{name}' is missing")
    try:
        return typing.cast(Config, cls(**ready))
    except ValueError as error:
        raise BadConfig(f"{where}: {error}") from None


def convert(kind: Any, value: Any, where: str) -> Any:
    """Check one plain value against an annotation; lists become tuples, mappings become dataclasses."""
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        problems = []
        for option in args:
            if option is type(None):
                continue
            try:
                return convert(option, value, where)
            except BadConfig as error:
                problems.append(error)
        raise problems[0]
    if origin is Literal:
        if value not in args:
            raise BadConfig(f"{where}: found '{value}', expected one of {', '.join(map(str, args))}")
        return value
    if origin is tuple:
        items = value if isinstance(value, list | tuple) else [value]
        return tuple(convert(args[0], item, where) for item in items)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise BadConfig(f"{where}: found {type(value).__name__}, expected a mapping")
        return {convert(args[0], k, where): convert(args[1], v, f"{where}.{k}") for k, v in value.items()}
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise BadConfig(f"{where}: found {type(value).__name__}, expected a mapping of settings")
        return build(typing.cast(type, kind), value, where=where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadConfig(f"{where}: found {value!r}, expected {kind.__name__}")
    return value


def plain(value: Any) -> Any:
    """The reverse: a dataclass as plain values that YAML and JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
