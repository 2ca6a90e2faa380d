"""mindrail: from labelled messages to a small private guard whose recall you can state.

>>> import mindrail
>>> guard = mindrail.Guard.load("guards/my-guard")  # doctest: +SKIP
>>> guard("I miss her so much today.").decision  # doctest: +SKIP
'allow'
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mindrail.calibrate.decide import Decision
    from mindrail.guard.guard import Answer, Guard
    from mindrail.recipes.classifier import MindrailClassifier
    from mindrail.records import Example, Turn
    from mindrail.taxonomy import Axis, Taxonomy
    from mindrail.taxonomy.load import load as load_taxonomy

    __version__: str

# From 1.29 on, onnxruntime reports to its maker that it runs and on what, unless this is set before it starts
# (onnxruntime#27379; the second name is that of an earlier version). Nothing here reports anything to anybody.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ["ORT_TELEMETRY_DISABLED"] = "1"

# where each public name lives; loaded when it is first asked for
_PLACES = {
    "Answer": "mindrail.guard.guard:Answer",
    "Axis": "mindrail.taxonomy.axis:Axis",
    "Decision": "mindrail.calibrate.decide:Decision",
    "Example": "mindrail.records.example:Example",
    "Guard": "mindrail.guard.guard:Guard",
    "MindrailClassifier": "mindrail.recipes.classifier:MindrailClassifier",
    "Taxonomy": "mindrail.taxonomy.axis:Taxonomy",
    "Turn": "mindrail.records.example:Turn",
    "load_taxonomy": "mindrail.taxonomy.load:load",
}

__all__ = [
    "Answer",
    "Axis",
    "Decision",
    "Example",
    "Guard",
    "MindrailClassifier",
    "Taxonomy",
    "Turn",
    "__version__",
    "load_taxonomy",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("mindrail")
    elif name in _PLACES:
        module, _, attribute = _PLACES[name].partition(":")
        value = getattr(import_module(module), attribute)
    else:
        raise AttributeError(f"module 'mindrail' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
