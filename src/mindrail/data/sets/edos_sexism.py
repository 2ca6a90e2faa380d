"""English posts from Gab and Reddit, sexist or not, in four categories."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="EDOS, explainable detection of online sexism",
    repository="rewire-online/edos",
    commit="b1f1fbcca9d42de0395432ada8fcfb5c35f68c77",
    licence="CC0 1.0",
    languages=("en",),
    rows=20000,
    labels="sexist 4,854 (derogation 2,271, animosity 1,665, prejudice 475, threats 443), not sexist 15,146",
    problems="Sexism against women only: other hate may stand among the rows that are not sexist.",
    files=(
        Source(
            "data/edos_labelled_aggregated.csv",
            "607bdbb766e1803a28f0eb8fc21c14b6b9dfa20039f726ba6767438584b47f9b",
            3_846_925,
        ),
    ),
    crosswalks={
        "harm-six": Crosswalk(
            {"sexist": ("violence_hate",), "not sexist": None},
            loses="rows that are not sexist may hold other hate and say nothing, so only sexist ones answer",
        ),
        "offensive-language": Crosswalk(
            {"sexist": "offensive", "not sexist": None},
            loses="rows that are not sexist may offend otherwise and say nothing, so only sexist ones answer",
        ),
    },
    open_licence=True,
    cite="arXiv:2303.04222",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            tags = {"category": row["label_category"]}
            yield Row.message(row["text"], label=row["label_sexist"], split=row["split"], tags=tags)
