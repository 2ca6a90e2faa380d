"""Messages we wrote ourselves, so that mindrail works without any download."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row
from mindrail.data.sets._ours import CROSSWALKS, judged, written

CARD = Card(
    title="mindrail starter messages",
    repository="mindrail",
    commit="",
    licence="Apache-2.0",
    languages=("en", "es", "de"),
    rows=1050,
    labels=(
        "risk: safe 435, unsafe 310, borderline 305; six harms, several may hold; whether it asks for harm"
    ),
    problems=(
        "Written for this project, by a language model under our rules, and not by people in need: good for "
        "a first guard and for tests, no measure of how a guard does on real messages. Spanish and German "
        "have 65 rows each."
    ),
    files=(),
    crosswalks=CROSSWALKS,
    open_licence=True,
)


def load(_folder: Path) -> Iterator[Row]:
    """Yield every row in file order. They come with the package; the folder is not read."""
    for row in written("starter"):
        labels = judged(row["risk"], tuple(row["harms"]), asks_for_harm=row["asks_for_harm"])
        yield Row((("user", row["text"]),), labels, tags={"language": row["language"]})
