"""Answers of language models to harmful questions under attack, judged by people."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="GPTFuzzer, labelled responses",
    repository="sherdencooper/GPTFuzz",
    commit="1eddeb565740ae311b5f4950492b011a6f866fe7",
    licence="MIT",
    languages=("en", "zh"),
    rows=7700,
    labels="the response: 0 not jailbroken 5,461, 1 jailbroken 2,239",
    problems=(
        "100 questions with 77 responses each, and the same refusal again and again (1,147 exact "
        "duplicates): split by question. The attack around the question is not part of the set. Some "
        "responses are Chinese."
    ),
    files=(
        Source(
            "datasets/responses_labeled/train.csv",
            "e25fe2a06d2085af260927164364524628c8b5c1dd1bab1b58ddbd917c3f7cb0",
            3_964_879,
            split="train",
        ),
        Source(
            "datasets/responses_labeled/evaluate.csv",
            "ca9e460c7fbcf3bc7c028c9e29297dd58cfbd54050f7729fbc635a6880a62a02",
            1_074_818,
            split="test",
        ),
        Source(
            "datasets/questions/question_list.csv",
            "18531eb6bc1c8fc0b8f66822b366b872202b852bf28826cef590ad0d7a81c749",
            6681,
        ),
    ),
    crosswalks={
        "response-harm": Crosswalk(
            {"0": "safe", "1": "harmful"},
            loses="whether an attack succeeded, which is not quite whether the response does harm",
        )
    },
    open_licence=True,
    cite="arXiv:2309.10253",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, train first. A group is a question; none stands in both splits."""
    *answers, asked = CARD.files
    questions = {row["index"]: row["text"] for row in table(folder / asked.stored)}
    for source in answers:
        for row in table(folder / source.stored):
            yield Row.reply(
                questions[row["question"]],
                row["Response"],
                label=row["label"],
                split=source.split,
                group=f"gptfuzzer-labelled:{row['question']}",
            )
