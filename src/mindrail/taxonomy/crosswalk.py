"""Labels of one vocabulary read as labels of another. The mapping is data, kept with each set's card."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mindrail.taxonomy.axis import Answer, Axis

#: A label here is one name, several (for `any_of`), or None: "this says nothing about our question".
Reading = str | tuple[str, ...] | None


@dataclass(frozen=True)
class Crosswalk:
    """How a set's labels answer one axis.

    `field` names the column of the set's own labels, `labels` maps each of its values, `loses` says in
    plain words what the mapping cannot carry over. A value that `labels` does not list is an error, so that
    a set which changes under us is noticed.
    """

    labels: Mapping[str, Reading]
    field: str = "label"
    loses: str = ""
    #: other columns that must hold one of these values, else the row says nothing
    only: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    #: whose last turn the answer is about; None: the turn that the set puts in focus
    judges: Literal["message", "response"] | None = None

    def read(self, own: Mapping[str, tuple[str, ...]], axis: Axis) -> Answer | None:
        """The answer on `axis`, or None where the row says nothing about it.

        Raises ValueError for a value the crosswalk does not know, or for two values that disagree.
        """
        for name, wanted in self.only.items():
            if not set(own.get(name, ())) & set(wanted):
                return None
        readings: list[str] = []
        silent = True
        for value in own.get(self.field, ()):
            if value not in self.labels:
                raise ValueError(
                    f"label '{value}' of '{self.field}' is not in the crosswalk to '{axis.name}'"
                )
            reading = self.labels[value]
            if reading is None:
                continue
            silent = False
            readings += [reading] if isinstance(reading, str) else list(reading)
        if silent:
            return None
        found = tuple(name for name in axis.names if name in set(readings))
        if not axis.exclusive:
            return found
        if len(found) > 1 and axis.kind == "scale":
            return found[-1]
        if len(found) > 1 and axis.kind == "first_of":
            return found[0]
        if len(found) != 1:
            raise ValueError(f"labels {sorted(set(readings))} disagree on axis '{axis.name}'")
        return found[0]
