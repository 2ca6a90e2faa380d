"""Prompts of Aegis, all unsafe, in 22 categories."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="Aegis, 900 unsafe prompts",
    repository="Onedory/dv_SFT_dataset",
    commit="24bbd0acc98f0821fe8b06e1a89810d890e5c6d5",
    licence="none stated; the original Aegis is said to be CC BY 4.0, not verified",
    languages=("en",),
    rows=900,
    labels=(
        "22 categories, among them criminal planning 55, weapons 53, suicide 50, violence 48, substances 46, "
        "sexual 46"
    ),
    problems=(
        "Everything is unsafe. 177 exact duplicates. Shares 113 texts with alert and 51 with "
        "beavertails-test."
    ),
    files=(
        Source(
            "query_set/aegis_900.csv",
            "d9a3534d2565d7da3bd307f6bef198b2d382110f6f550041a1ac06be8d2f3835",
            302_459,
        ),
    ),
    crosswalks={
        "harm-six": Crosswalk(
            {
                "Violence": ("violence_hate",),
                "Threat": ("violence_hate",),
                "Hate/Identity Hate": ("violence_hate",),
                "Sexual": ("sexual_content",),
                "Sexual (minor)": ("sexual_content",),
                "Guns and Illegal Weapons": ("weapons",),
                "Controlled/Regulated Substances": ("substances",),
                "Suicide and Self Harm": ("suicide_self_harm",),
                "Criminal Planning/Confessions": ("criminal_planning",),
                "Fraud/Deception": None,
                "Malware": None,
                "Harassment": None,
                "Profanity": None,
                "PII/Privacy": None,
                "Copyright/Trademark/Plagiarism": None,
                "Political/Misinformation/Conspiracy": None,
                "High Risk Gov Decision Making": None,
                "Unauthorized Advice": None,
                "Manipulation": None,
                "Immoral/Unethical": None,
                "Illegal Activity": None,
                "Other": None,
            },
            loses="one category per row: a second harm in the same prompt is not marked",
        )
    },
    cite="arXiv:2404.05993",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in table(path):
            yield Row.message(row["prompt"], label=row["category"], tags={"category": row["category"]})
