"""Question-answer pairs whose answer is safe, or harmful in some of 14 ways."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="BeaverTails, the 30k test split",
    repository="yihedeng9/DuoGuard",
    commit="6e5bd56e0fbeaeda846444295b9f529359de0066",
    licence=(
        "Apache-2.0 (carrier); sources disagree on the original BeaverTails (CC BY-NC 4.0 or MIT), so take "
        "it as non-commercial"
    ),
    languages=("en",),
    rows=3021,
    labels="the response: unsafe 1,733 in 14 categories (several may hold), safe 1,288",
    problems=(
        "The label is about the response, never about the prompt. Several responses for one prompt (2,525 "
        "distinct prompts): split by prompt. Drugs and weapons are one category."
    ),
    files=(
        Source(
            "evaluation/eval_data_En/beavertail_test.jsonl",
            "9a3bae39856313a0746761157bbe9e2fac0d8a3d1cfed6eeff046c29668b4198",
            2_982_707,
        ),
    ),
    crosswalks={
        "response-harm": Crosswalk({"safe": "safe", "unsafe": "harmful"}),
        "harm-six": Crosswalk(
            {
                "none": (),
                "violence,aiding_and_abetting,incitement": ("violence_hate",),
                "hate_speech,offensive_language": ("violence_hate",),
                "discrimination,stereotype,injustice": ("violence_hate",),
                "terrorism,organized_crime": ("violence_hate", "criminal_planning"),
                "sexually_explicit,adult_content": ("sexual_content",),
                "self_harm": ("suicide_self_harm",),
                "financial_crime,property_crime,theft": ("criminal_planning",),
                "privacy_violation": ("criminal_planning",),
                "drug_abuse,weapons,banned_substance": None,
                "animal_abuse": None,
                "child_abuse": None,
                "controversial_topics,politics": None,
                "misinformation_regarding_ethics,laws_and_safety": None,
                "non_violent_unethical_behavior": None,
            },
            field="category",
            loses=(
                "responses are labelled, not messages; drugs and weapons share one key and so say nothing, "
                "which leaves weapons and substances without a positive row"
            ),
        ),
    },
    cite="arXiv:2307.04657",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order. A safe answer has the category `none`."""
    for path, _ in parts(CARD, folder):
        for _, row in files.read_jsonl(path):
            found = tuple(name for name, holds in row["category"].items() if holds)
            yield Row(
                (("user", row["prompt"]), ("assistant", row["response"])),
                {"label": ("safe" if row["is_safe"] else "unsafe",), "category": found or ("none",)},
                group=group_of(row["prompt"]),
            )
