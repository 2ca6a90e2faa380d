"""What people read in a guard's folder: its card, and whether its promise held on the test messages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mindrail.evaluate.words import VERDICTS
from mindrail.guard.manifest import Manifest
from mindrail.guard.verify import document


@dataclass(frozen=True)
class Documents:
    """`card` is Markdown, None where there is none; `tested` is what testing the promise found, once per run:
    a `verdict`, and what it `says`.
    """

    card: str | None = None
    tested: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def read(cls, folder: Path, manifest: Manifest) -> "Documents":
        """From a verified folder; what was changed since the guard was made is left out."""
        return cls(
            document(folder, manifest, "README.md"), _tested(document(folder, manifest, "evaluation.json"))
        )


def _tested(evaluation: str | None) -> tuple[Mapping[str, str], ...]:
    """Nothing, where it was written by hand and says nothing that we know."""
    try:
        promises = json.loads(evaluation or "{}").get("promises", [])
        return tuple({"verdict": one["verdict"], "says": VERDICTS[one["verdict"]]} for one in promises)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
