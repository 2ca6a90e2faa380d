"""Work under way: what came of each text, on disk after every chunk, so that a kill costs one chunk at most."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.errors import BadConfig, BadFile
from mindrail.records import views
from mindrail.records.views import View

JOB, PARTS = "job.json", "parts"


@dataclass(frozen=True)
class Rejected:
    """A view that nobody will learn from: of which text, why, and lengths in characters (None: there is none)."""

    of: str
    number: int
    reason: str
    length_before: int
    length: int | None


@dataclass(frozen=True)
class Outcome:
    """What came of one text: all its wanted views stand on one side or the other."""

    of: str
    views: tuple[View, ...]
    rejected: tuple[Rejected, ...]


class Store:
    """The parts of one job under way, in `FOLDER/parts`. Each is written whole or not at all, and never changed."""

    def __init__(self, folder: Path, job: Mapping[str, Any]) -> None:
        """Take up the job where it stopped. Raises BadConfig where the folder holds another one."""
        self._parts = folder / PARTS
        place = self._parts / JOB
        if place.is_file():
            if files.read_json(place) != job:
                raise BadConfig(f"{folder} holds other views. Do: choose another folder, or delete this one")
        elif folder.exists() and any(folder.iterdir()):
            raise BadConfig(f"{folder} holds something else. Do: choose a new folder")
        else:
            files.write_json(place, job)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Write one more part; nothing for no outcomes. Its name holds its digest, so no two are the same."""
        rows = [_to_dict(outcome) for outcome in outcomes]
        if rows:
            number = len(list(self._parts.glob("*.jsonl")))
            files.write_jsonl(self._parts / f"{number:06}-{files.digest(rows)[:12]}.jsonl", rows)

    def outcomes(self) -> Iterator[Outcome]:
        """What was done so far, in the order in which it was done."""
        for path in sorted(self._parts.glob("*.jsonl")):
            for line, row in files.read_jsonl(path):
                try:
                    yield _from_dict(row)
                except (KeyError, TypeError, AttributeError):
                    raise BadFile(
                        path, "not what was made. Do: delete the folder, start again", line=line
                    ) from None

    def clear(self) -> None:
        """Remove the parts, once their content is where it belongs."""
        shutil.rmtree(self._parts, ignore_errors=True)


def _to_dict(outcome: Outcome) -> dict[str, Any]:
    kept = [views.to_dict(view) for view in outcome.views]
    return {"of": outcome.of, "views": kept, "rejected": [asdict(one) for one in outcome.rejected]}


def _from_dict(row: Mapping[str, Any]) -> Outcome:
    rejected = tuple(Rejected(**one) for one in row["rejected"])
    return Outcome(row["of"], tuple(map(views.from_dict, row["views"])), rejected)
