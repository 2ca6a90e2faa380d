"""The border between models and judgement: raw scores with the axis and the origin they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mindrail import config, files
from mindrail.arrays import Float, ndarray
from mindrail.errors import BadFile, WrongTaxonomy
from mindrail.taxonomy.axis import Axis


@dataclass(frozen=True)
class Provenance:
    """What made a set of scores: the run or guard, what it was fed, and with which versions.

    `answers` counts those of a language model that was asked: `graded`, `plain` (a word, no degrees), and the
    failures by reason, whose texts are scored as most dangerous.
    """

    made_by: str
    data: str
    versions: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Predictions:
    """Raw scores of one model on one list of examples, before any calibration."""

    axis: Axis
    ids: tuple[str, ...]
    scores: Float[ndarray, "n k"]
    made_by: Provenance

    def __post_init__(self) -> None:
        if self.scores.shape != (len(self.ids), len(self.axis.names)):
            raise ValueError(
                f"scores {self.scores.shape} for {len(self.ids)} ids, {len(self.axis.names)} labels"
            )
        if not np.isfinite(self.scores).all():
            raise ValueError("scores hold NaN or infinity; a decision from them would be 'safe' by accident")

    def save(self, folder: Path) -> None:
        """Write `predictions.json` and `scores.npy` into the folder (made if absent)."""
        with files.new_folder(folder) as place:
            np.save(place / "scores.npy", self.scores.astype(np.float32), allow_pickle=False)
            about = {"axis": config.plain(self.axis), "digest": self.axis.digest, "ids": list(self.ids)}
            files.write_json(place / "predictions.json", about | {"made_by": config.plain(self.made_by)})

    @classmethod
    def load(cls, folder: Path, *, axis: Axis | None = None) -> "Predictions":
        """Read predictions back; with `axis`, refuse those made under another wording."""
        about: dict[str, Any] = files.read_json(folder / "predictions.json")
        own = config.build(Axis, about["axis"], where="predictions.json")
        if axis is not None and own.digest != axis.digest:
            raise WrongTaxonomy(
                f"predictions in {folder} answer axis '{own.name}' ({own.digest}), expected '{axis.name}' "
                f"({axis.digest}). Do: predict again with the present taxonomy"
            )
        try:
            scores = np.load(folder / "scores.npy", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise BadFile(folder / "scores.npy", f"not a plain array: {error}") from None
        made_by = config.build(Provenance, about["made_by"])
        return cls(own, tuple(about["ids"]), scores.astype(np.float64), made_by)
