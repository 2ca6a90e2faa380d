"""A thing with a name is a file with that name: `semisup/fixmatch.py` is the algorithm `fixmatch`.

Files and folders whose name starts with an underscore are shared parts, not things. Installed packages
add their own through entry points of the group `mindrail.<kind>`.
"""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from importlib.util import find_spec
from types import ModuleType

from mindrail.errors import UnknownName

#: what users call a kind, and the folder that holds it
KINDS = {
    "algorithm": "mindrail.semisup",
    "augmentation": "mindrail.augment.methods",
    "command": "mindrail.cli",
    "dialect": "mindrail.serve.dialects",
    "engine": "mindrail.batch.engines",
    "family": "mindrail.models",
    "format": "mindrail.annotate.formats",
    "guard-format": "mindrail.prompts.guards",
    "metric": "mindrail.metrics",
    "provider": "mindrail.llm.providers",
    "set": "mindrail.data.sets",
    "source": "mindrail.batch.sources",
    "view": "mindrail.text.views",
}


def names(kind: str) -> list[str]:
    """All names of a kind, in kebab case and sorted. Imports nothing that it lists."""
    spec = find_spec(KINDS[kind])
    assert spec is not None and spec.submodule_search_locations is not None
    found = {
        m.name for m in pkgutil.iter_modules(spec.submodule_search_locations) if not m.name.startswith("_")
    }
    found |= _added(kind).names
    return sorted(name.replace("_", "-") for name in found)


def get(kind: str, name: str) -> ModuleType:
    """Import the one module that was asked for."""
    known = names(kind)
    if name not in known:
        raise UnknownName(kind, name, known)
    for point in _added(kind).select(name=name):
        module: ModuleType = point.load()
        return module
    return importlib.import_module(f"{KINDS[kind]}.{name.replace('-', '_')}")


@cache
def _added(kind: str) -> EntryPoints:
    """What installed packages add. Read once: that opens a file per installed package."""
    return entry_points(group=f"mindrail.{kind}")
