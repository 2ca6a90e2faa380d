"""Putting a guard together. It appears whole and tested, or not at all."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from mindrail import config, files, machine
from mindrail.calibrate.policy import Calibration
from mindrail.errors import UsageError
from mindrail.files import json_bytes
from mindrail.guard import golden
from mindrail.guard.manifest import NAME, READING, Entry, Manifest, Role, identity
from mindrail.runtime.load import Kind, scorer
from mindrail.taxonomy import Axis, Taxonomy
from mindrail.text.normalise import Reading

#: how guards read, unless their maker says otherwise
READ = Reading()
#: a file by its place or by its content
Source = Path | bytes


def write_guard(
    folder: Path,
    *,
    kind: Kind,
    taxonomy: Taxonomy,
    axis: Axis,
    calibration: Calibration,
    runtime_files: Mapping[str, Source],
    card: str,
    other_files: Mapping[str, Source] | None = None,
    documents: Mapping[str, Source] | None = None,
    made_from: Mapping[str, str] | None = None,
    reading: Reading = READ,
) -> Manifest:
    """Write a guard folder, in place of an older guard if there is one.

    `runtime_files` are those of its kind (`runtime.load.NEEDED`); `other_files` let transformers load the
    same model; `documents` are read by people (`evaluation.json`; the card becomes README.md); `made_from`
    maps sources (run, data) to hashes; `reading` says how it reads. The scorer is built from the files and
    asked for its golden scores before anything is published. Raises WrongTaxonomy, BrokenGuard (it would be
    refused), OutOfSpace, and UsageError where `folder` holds something else.
    """
    _keep_strangers(folder)
    calibration.check(axis)
    model = {name: _content(source) for name, source in runtime_files.items()}
    model |= {
        "taxonomy.json": json_bytes(taxonomy.to_dict()),
        "calibration.json": json_bytes(calibration.to_dict()),
        READING: json_bytes(config.plain(reading)),
    }
    model[golden.NAME] = json_bytes(golden.record(scorer(kind, model, axis), reading))
    parts: dict[Role, dict[str, bytes]] = {
        "runtime": model,
        "transformers": {name: _content(source) for name, source in (other_files or {}).items()},
        "document": {
            "README.md": card.encode(),
            **{name: _content(source) for name, source in (documents or {}).items()},
        },
    }
    manifest = _manifest(kind, parts, made_from or {})
    with files.new_folder(folder) as place:
        for contents in parts.values():
            for name, content in contents.items():
                (place / name).write_bytes(content)
        (place / NAME).write_bytes(json_bytes(manifest.to_dict()))
    return manifest


def _manifest(
    kind: Kind, parts: Mapping[Role, Mapping[str, bytes]], made_from: Mapping[str, str]
) -> Manifest:
    """The manifest of these contents. Raises UsageError for names or sizes that no guard may have."""
    named = [name for contents in parts.values() for name in contents]
    if len(set(named)) != len(named):
        raise UsageError("a file is given in two roles; a guard holds each name once")
    entries = {
        name: Entry(len(content), hashlib.sha256(content).hexdigest(), role)
        for role, contents in parts.items()
        for name, content in contents.items()
    }
    try:
        return Manifest(kind, identity(kind, entries), entries, machine.versions(), dict(made_from))
    except ValueError as error:
        raise UsageError(f"this cannot be a guard: {error}") from None


def _keep_strangers(folder: Path) -> None:
    """Refuse to replace a folder that is not a guard."""
    if folder.exists() and not (folder / NAME).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not a guard. Do: choose another folder, or empty it")


def _content(source: Source) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()
