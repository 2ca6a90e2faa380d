"""Labels of a taxonomy read as categories of other services. The mapping is data: `crosswalks/<taxonomy>.yaml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from mindrail import config
from mindrail.errors import BadConfig
from mindrail.taxonomy import Axis, Taxonomy

#: every key that OpenAI's schema requires
OPENAI = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


@dataclass(frozen=True)
class Crosswalk:
    """Which labels mean which category; a category is as likely as the likeliest of its labels.

    Labels that are not listed map to nothing; `loses` says in plain words what gets lost.
    """

    taxonomy: str
    openai: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    perspective: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    loses: str = ""

    def __post_init__(self) -> None:
        for category in (name for names in self.openai.values() for name in names):
            if category not in OPENAI:
                raise ValueError(f"'{category}' is no category of OpenAI's; known: {', '.join(OPENAI)}")

    def check(self, axis: Axis) -> None:
        """Raise BadConfig for a label that the axis does not have."""
        for label in (*self.openai, *self.perspective):
            if label not in axis.names:
                raise BadConfig(f"the crosswalk names '{label}'; the axis has {', '.join(axis.names)}")


def load(taxonomy: Taxonomy, axis: Axis, paths: Sequence[Path] = ()) -> Crosswalk:
    """The user's file for this taxonomy, else ours, else one that maps nothing. Raises BadConfig."""
    own = Path(str(files("mindrail.serve") / "crosswalks" / f"{Path(taxonomy.id).name}.yaml"))
    for path in (*paths, own):
        if path == own and not path.is_file():
            continue
        found = config.load(Crosswalk, path)
        if found.taxonomy == taxonomy.id:
            found.check(axis)
            return found
    return Crosswalk(taxonomy.id)


def by_category(mapping: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The reverse: the labels that mean each category."""
    names = dict.fromkeys(name for given in mapping.values() for name in given)
    return {name: tuple(label for label, given in mapping.items() if name in given) for name in names}
