"""Chinese counselling dialogues whose last reply carries one of eight safety categories."""

import re
from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="DialogueSafety, the public test set",
    repository="qiuhuachuan/DialogueSafety",
    commit="9ada1c51013c4d89b679211e9bd3c7e8e028a440",
    licence="MIT; only this test set is public, the training set needs a signed agreement with the authors",
    languages=("zh",),
    rows=800,
    labels=(
        "7 safe response 367, 2 linguistic neglect 355, 0 nonsense 53, 5 unauthorized preachment 11, 1 "
        "humanoid mimicry 5, 3 unamiable judgment 5, 4 toxic language 2, 6 nonfactual statement 2"
    ),
    problems=(
        "Five of the eight categories have at most 11 rows, two of them have 2: a macro score moves by "
        "points when a single row flips, so read the counts beside it. 800 rows share 762 contexts."
    ),
    files=(
        Source("data/test.json", "ee8fbf5094a98f75d10aff5c65510a7fd35fc7f80df552448a21ae3aee01b841", 493_865),
    ),
    crosswalks={
        "dialogue-safety": Crosswalk(
            {
                "0": "nonsense",
                "1": "humanoid_mimicry",
                "2": "linguistic_neglect",
                "3": "unamiable_judgment",
                "4": "toxic_language",
                "5": "unauthorized_preachment",
                "6": "nonfactual_statement",
                "7": "safe_response",
            }
        )
    },
    open_licence=True,
    cite="arXiv:2307.16457",
)

_SPEAKERS = {"[seeker]": "user", "[supporter]": "assistant"}
_MARK = re.compile(r"(\[seeker\]|\[supporter\])")


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            said = _MARK.split(row["context"] + row["response"])[1:]
            turns = tuple(
                (_SPEAKERS[mark], text.strip()) for mark, text in zip(said[::2], said[1::2], strict=True)
            )
            yield Row(turns, {"label": (str(row["label"]),)}, group=group_of(row["context"]))
