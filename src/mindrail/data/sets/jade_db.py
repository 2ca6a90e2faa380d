"""Chinese harmful questions, and 650 of them with an unsafe and a safe answer."""

from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import group_of, table
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="JADE-DB",
    repository="whitzard-ai/jade-db",
    commit="812de63691d129757b8a55851d0c3440d2714523",
    licence="MIT",
    languages=("zh", "en"),
    rows=3530,
    labels="1,300 answers: unsafe 650, safe 650; 2,230 questions without answer in three kinds of violation",
    problems=(
        "All questions are harmful. Later versions repeat earlier ones (806 exact duplicates), so split by "
        "question. Safe answers have one careful style and are longer, which a model may learn instead."
    ),
    files=(
        Source(
            "jade-db-v1.0/jade_benchmark_en.csv",
            "a354fa48b2bc14a45679f1e48eb3cabc6c774b674955cb0f5d04f66d5e1ae349",
            12_432,
        ),
        Source(
            "jade-db-v1.0/jade_benchmark_zh.csv",
            "4adc1e9a1e18882b7950b81cb8b2f7ecc4cc6e51c7ac8dfb2d9462b7e135dd48",
            20_990,
        ),
        Source(
            "jade-db-v2.0/jade_benchmark_easy_zh.csv",
            "25cf893bd90feffc5c8607cd47dbf16707737bdc3d01624d65c1d6d8b2216530",
            132_636,
        ),
        Source(
            "jade-db-v2.0/jade_benchmark_medium_zh.csv",
            "fdfc425a821651d70d09fccc85c03a448ff6bad668c5bbfe6d9638751f1588de",
            134_306,
        ),
        Source(
            "jade-db-v3.0/jade_alignment_medium_zh.csv",
            "409ed327b3fa66785b0c1584058ebcd2fde9752589f135311aa8c14ed5ea2639",
            452_023,
        ),
        Source(
            "jade-db-v3.0/jade_alignment_hard_zh.csv",
            "d6dfd00442fff0b4e05838963d09b21b3e344b7ab00983d4170a4a6ac88e04e1",
            260_065,
        ),
    ),
    crosswalks={
        "response-harm": Crosswalk(
            {"违规回答": "harmful", "安全有用回答": "safe"},
            field="answer",
            loses="questions without answers say nothing",
        )
    },
    open_licence=True,
    cite="arXiv:2311.00286",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every question in file order, and for the last two files every answer. A group is a question."""
    for source in CARD.files:
        pairs = "alignment" in source.stored
        for row in table(folder / source.stored, encoding="gb18030" if pairs else "utf-8-sig"):
            question = row["问题"]
            if pairs:
                for answer in ("违规回答", "安全有用回答"):
                    turns = (("user", question), ("assistant", row[answer]))
                    yield Row(turns, {"answer": (answer,)}, group=group_of(question))
            else:
                tags = {"kind": row["违规类型"].strip()}
                yield Row.message(question, group=group_of(question), tags=tags)
