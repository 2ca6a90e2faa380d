"""Question-answer pairs of PKU-SafeRLHF whose answer is harmful or not."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, parts
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="SafeRLHF test of GuardReasoner",
    repository="yueliu1999/GuardReasoner",
    commit="bb7e686dc0535884d6994de5f950a072772e7fe2",
    licence="none stated; the original PKU-SafeRLHF was not verified, so take it as non-commercial",
    languages=("en",),
    rows=2000,
    labels="the response: harmful 1,000, unharmful 1,000",
    problems=(
        "549 distinct prompts and 1,682 distinct pairs in 2,000 rows: 318 exact duplicates, 28 texts with "
        "conflicting labels. Shares 97 prompts with beavertails-test and 159 with alert."
    ),
    files=(
        Source(
            "data/benchmark/0_9_safe_rlhf.json",
            "c57b79bbe3c38f6b48a8d776bd86c3b0c0ced7072ad4e19859c17cb5880ea47e",
            2_152_874,
        ),
    ),
    crosswalks={"response-harm": Crosswalk({"unharmful": "safe", "harmful": "harmful"})},
    cite="arXiv:2310.12773",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order."""
    for path, _ in parts(CARD, folder):
        for row in files.read_json(path):
            asked, _, answered = row["input"].partition("\n\nAI assistant:\n")
            prompt = asked.removeprefix("Human user:\n")
            label = row["output"].strip().rpartition("Response: ")[2]
            yield Row.reply(prompt, answered.strip(), label=label, group=group_of(prompt))
