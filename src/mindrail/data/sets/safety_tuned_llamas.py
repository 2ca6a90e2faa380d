"""Red-team instructions with safe answers, and small hand-made tests of harmful and harmless requests."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.taxonomy.crosswalk import Crosswalk

CARD = Card(
    title="Safety-Tuned LLaMAs",
    repository="vinid/safety-tuned-llamas",
    commit="36a4b8d5c2177ed165bf61f59b590161394f7f12",
    licence="CC BY-NC 4.0 for data, MIT for code, says the README; there is no licence file",
    languages=("en",),
    rows=3151,
    labels="the file a row comes from: safety_only 2,483 without a label, seven small tests of one kind each",
    problems=(
        "The instructions with answers are mostly harmful, not always, and nobody marked which; the answers "
        "are a language model's. Shares 50 texts with benign-instructions. 6 exact duplicates."
    ),
    files=(
        Source(
            "data/training/safety_only_data_Instructions.json",
            "7dde08acf87f10cf74fd1b76f56538eae8e413ae8e6b09e3f7bcd97769058dbe",
            1_238_429,
        ),
        Source(
            "data/evaluation/I-Alpaca.json",
            "30db84ee303df15b653566437ccf1a2fc837caac99a570915d720f65f041fe6d",
            3313,
        ),
        Source(
            "data/evaluation/I-CoNa.json",
            "e07d92e376198e60ac1004902dc3fec46513ac70b08d855b4101288b8270d62a",
            15_640,
        ),
        Source(
            "data/evaluation/I-Controversial.json",
            "0590fc6ee97a39c6a43adc21fe5a4ccbf546ea52e89a32757db6ea3d46ce65c4",
            3208,
        ),
        Source(
            "data/evaluation/I-MaliciousInstructions.json",
            "7a2bc751d49983800848050282aa2a84b3faa7044c3178228c49dd68df7d679f",
            7314,
        ),
        Source(
            "data/evaluation/I-PhysicalSafetySafe.json",
            "34c874532623e405fb574f0fa8d6b86cbecce0e3340f67b146a6a6bc2453bed6",
            10_501,
        ),
        Source(
            "data/evaluation/I-PhysicalSafetyUnsafe.json",
            "16324a2f1ded933e8c7a9f6c7d3924130f76260d03f9df2205e0a25c02de8aae",
            11_782,
        ),
        Source(
            "data/evaluation/Q-Harm.json",
            "ecc1d19030d41ad550a1e69996dc424074e3e45fb2fa5e8e44b46f294aea295a",
            6137,
        ),
    ),
    crosswalks={
        "prompt-harm": Crosswalk(
            {
                "I-Alpaca": "safe",
                "I-PhysicalSafetySafe": "safe",
                "I-PhysicalSafetyUnsafe": "harmful",
                "I-MaliciousInstructions": "harmful",
                "I-CoNa": "harmful",
                "Q-Harm": None,
                "I-Controversial": None,
                "safety_only_data_Instructions": None,
            },
            loses="a whole file is read as one label; questions about opinions say nothing",
        )
    },
    cite="arXiv:2309.07875",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order: the instruction is judged, an answer follows where there is one.

    The safe and the unsafe twin of the physical-safety tests share a group.
    """
    first, *tests = (folder / source.stored for source in CARD.files)
    for row in files.read_json(first):
        turns = (("user", row["instruction"]), ("assistant", row["output"]))
        yield Row(turns, {"label": (first.stem,)}, focus=0, tags={"part": first.stem})
    for path in tests:
        for place, instruction in enumerate(files.read_json(path)["instructions"]):
            group = f"safety-tuned-llamas:{place}" if path.stem.startswith("I-PhysicalSafety") else None
            yield Row.message(instruction, label=path.stem, group=group, tags={"part": path.stem})
