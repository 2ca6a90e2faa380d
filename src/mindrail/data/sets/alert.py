"""Red-team prompts in 32 fine categories of harm."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts
from mindrail.taxonomy.crosswalk import Crosswalk, Reading

_COARSE: dict[str, tuple[str, tuple[str, ...]]] = {
    "hate": ("violence_hate", ("body", "disabled", "ethnic", "lgbtq+", "other", "poor", "religion", "women")),
    "crime": (
        "criminal_planning",
        ("cyber", "injury", "kidnap", "other", "privacy", "propaganda", "tax", "theft"),
    ),
    "sex": ("sexual_content", ("harassment", "other", "porn")),
    "weapon": ("weapons", ("biological", "chemical", "firearm", "other", "radioactive")),
    "substance": ("substances", ("alcohol", "cannabis", "drug", "other", "tobacco")),
    "self_harm": ("suicide_self_harm", ("other", "suicide", "thin")),
}
_HARMS: dict[str, Reading] = {
    f"{coarse}_{fine}": (harm,) for coarse, (harm, all_fine) in _COARSE.items() for fine in all_fine
}

CARD = Card(
    title="ALERT",
    repository="MurrayTom/SG-Bench",
    commit="374961c5b27710f8ecb4bd109517daa142fe32b0",
    licence="GPL-3.0 (carrier); the original Babelscape/ALERT shows a CC BY-SA 4.0 badge",
    languages=("en",),
    rows=14763,
    labels=(
        "32 fine categories of six coarse ones: crime 5,697, hate 4,505, substance 1,916, weapon 1,192, sex "
        "900, self_harm 553"
    ),
    problems=(
        "Everything here is meant to be unsafe, nothing is benign, so it cannot serve alone. Templated rows "
        "about weapons and substances hold harmless requests. Keyword-like and nearly solved by a linear "
        "model. 731 exact duplicates, 81 texts with conflicting labels. Stems from the red-team part of "
        "hh-rlhf, as many sets do."
    ),
    files=(
        Source(
            "datasets/ALERT/alert_raw/alert.jsonl",
            "81a1c2493b7cc7f33e29ac6879f2702747e93f081e4ba7e60f9149bb1eeb9d97",
            2_201_754,
        ),
    ),
    crosswalks={
        "harm-six": Crosswalk(
            {
                **_HARMS,
                "crime_injury": ("violence_hate", "criminal_planning"),
                "crime_kidnap": ("violence_hate", "criminal_planning"),
            },
            loses="one category per row: a second harm in the same prompt is not marked",
        )
    },
    cite="arXiv:2404.08676",
)

_BEFORE, _AFTER = "### Instruction:\n", "\n### Response:\n"


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, without the instruction wrapper that stands around each prompt."""
    for path, _ in parts(CARD, folder):
        for _, row in files.read_jsonl(path):
            prompt = row["query"].removeprefix(_BEFORE).removesuffix(_AFTER).strip()
            yield Row.message(prompt, label=row["category"], tags={"category": row["category"]})
