"""Prompts in 14 safety scenarios, the same in English and Chinese."""

import csv
from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.taxonomy.crosswalk import Crosswalk, Reading

_SCENARIOS: dict[str, Reading] = {
    "Crimes_And_Illegal_Activities": None,
    "Ethics_And_Morality": None,
    "Inquiry_With_Unsafe_Opinion": None,
    "Insult": None,
    "Mental_Health": (),
    "Physical_Harm": (),
    "Privacy_And_Property": None,
    "Reverse_Exposure": None,
    "Role_Play_Instruction": None,
    "Unfairness_And_Discrimination": None,
    "Unsafe_Instruction_Topic": None,
    "Goal_Hijacking": None,
    "Prompt_Leaking": None,
    "commonsense": None,
}

CARD = Card(
    title="XSafety, English and Chinese",
    repository="Jarviswang94/Multilingual_safety_benchmark",
    commit="8c55b6a6cda594cd550a4921513238a2dd40eb5a",
    licence="Apache-2.0; the README says research only",
    languages=("en", "zh"),
    rows=5600,
    labels="14 scenarios, 200 prompts each in each language",
    problems=(
        "A scenario is a subject, not a judgement: most prompts about mental health and physical harm are "
        "harmless requests for support. Translated, with the stiffness that brings."
    ),
    files=(
        Source(
            "en/Crimes_And_Illegal_Activities_en.csv",
            "5daf9422b31e644ac548d8973e2f8e23c2e90a9a8a78300e1151b345f065e355",
            23_578,
            name="en/Crimes_And_Illegal_Activities_en.csv",
        ),
        Source(
            "en/Ethics_And_Morality_n.csv",
            "39bce79d9957c3c6ebaf6d52ad66a89429059e1c2b97b65edc0662a332d542d9",
            21_038,
            name="en/Ethics_And_Morality_n.csv",
        ),
        Source(
            "en/Inquiry_With_Unsafe_Opinion_n.csv",
            "3616ec32baf3cf846d417cb0d362ee9d3130fc556e0c640dda8c60ea079169ed",
            24_120,
            name="en/Inquiry_With_Unsafe_Opinion_n.csv",
        ),
        Source(
            "en/Insult_n.csv",
            "8fb6f318a9ef56607e8c98a74621b2b73004dbb37cfd61ea629312ab65740d2a",
            22_019,
            name="en/Insult_n.csv",
        ),
        Source(
            "en/Mental_Health_n.csv",
            "c71b953f822f24343e7d42cc964619dd63d5f080c535a395d91abcec82cc62f3",
            28_453,
            name="en/Mental_Health_n.csv",
        ),
        Source(
            "en/Physical_Harm_n.csv",
            "02165c92dfa8da48cbaef5fd0623ea26292b8028f2d8b25d3d05bebfa9bdbe42",
            28_562,
            name="en/Physical_Harm_n.csv",
        ),
        Source(
            "en/Privacy_And_Property_n.csv",
            "aa363e804987ed1d19c66c3b1125bae6a917b668f83f0dfeb9fc7255d6080383",
            22_610,
            name="en/Privacy_And_Property_n.csv",
        ),
        Source(
            "en/Reverse_Exposure_n.csv",
            "e4e5019fe54ca12f4f4811b74d8a3e329f7aa08784a0058d2abe56ee8a99aea7",
            20_026,
            name="en/Reverse_Exposure_n.csv",
        ),
        Source(
            "en/Role_Play_Instruction_n.csv",
            "6c28ed201b9d3f73c4d7de45adcbe058b91bc7f32bffa8e65284ad36e8c3b212",
            44_455,
            name="en/Role_Play_Instruction_n.csv",
        ),
        Source(
            "en/Unfairness_And_Discrimination_n.csv",
            "84111dfdb534b4d435860259fa6ef0c20cac6d73ba59bdade2e389f5c3ce01d8",
            16_974,
            name="en/Unfairness_And_Discrimination_n.csv",
        ),
        Source(
            "en/Unsafe_Instruction_Topic_n.csv",
            "bd6a5a533000179d8dafe332c545e0fe1e8f670e5e176d4d96207327630e05a1",
            16_825,
            name="en/Unsafe_Instruction_Topic_n.csv",
        ),
        Source(
            "en/Goal_Hijacking_n.csv",
            "f744853088c412a25001a4275fc20b51a13af97f9fffadf60e38003fa852a395",
            36_413,
            name="en/Goal_Hijacking_n.csv",
        ),
        Source(
            "en/Prompt_Leaking_n.csv",
            "5caa77aee39a584d93e2262938937cf224849e544dcb8d804b33e0ef700aacb6",
            19_943,
            name="en/Prompt_Leaking_n.csv",
        ),
        Source(
            "en/commonsense.csv",
            "c2758123a27635ef721137f9fd15dcbdded2437443e5ab782891fd5ef6256b53",
            40_634,
            name="en/commonsense.csv",
        ),
        Source(
            "zh/Crimes_And_Illegal_Activities.csv",
            "96df304e44a53140b5e0acc4232a238e7a372c249d20160a52ff9be18e7ddf10",
            21_296,
            name="zh/Crimes_And_Illegal_Activities.csv",
        ),
        Source(
            "zh/Ethics_And_Morality.csv",
            "13d7cab507aa3500ebf109687dfb8d5d9f317fda410334c7190977428d5dbb18",
            18_671,
            name="zh/Ethics_And_Morality.csv",
        ),
        Source(
            "zh/Inquiry_With_Unsafe_Opinion.csv",
            "5479776f657c47dcbb6a19f9f55afd1ae351641611af88b2000111c0f9c7abf0",
            21_985,
            name="zh/Inquiry_With_Unsafe_Opinion.csv",
        ),
        Source(
            "zh/Insult.csv",
            "fe26e972365ce3d18465f16ebf865b95b09c194c6f2dd4c32f055fe472ce6f15",
            19_357,
            name="zh/Insult.csv",
        ),
        Source(
            "zh/Mental_Health.csv",
            "2efb9627feb37e0df3ff48e2c8a8f7845c8ce4e886461aad0743942698728432",
            25_122,
            name="zh/Mental_Health.csv",
        ),
        Source(
            "zh/Physical_Harm.csv",
            "18155616677cd7d4ba8041e6ec76a5255eabf2a2d3dd87006588001e804c02ed",
            23_617,
            name="zh/Physical_Harm.csv",
        ),
        Source(
            "zh/Privacy_And_Property.csv",
            "ee2f101ce55d4ad1e77b9bfc9827509a7cab45b056de448eeed702ba93adb4fe",
            19_788,
            name="zh/Privacy_And_Property.csv",
        ),
        Source(
            "zh/Reverse_Exposure.csv",
            "a3da14d1dec4bb05e3cb4c7893254b501c76ab49fd9d53a9de5fc3df54a4d3cb",
            17_522,
            name="zh/Reverse_Exposure.csv",
        ),
        Source(
            "zh/Role_Play_Instruction.csv",
            "da848718ca798174de26b9393dc0a3c42a4a5323dc72f6d2433e451a1c9762e8",
            39_431,
            name="zh/Role_Play_Instruction.csv",
        ),
        Source(
            "zh/Unfairness_And_Discrimination.csv",
            "af724d513723ca254dea6e2bcf7ab39f90036054687490694336ecdffefa6aca",
            13_772,
            name="zh/Unfairness_And_Discrimination.csv",
        ),
        Source(
            "zh/Unsafe_Instruction_Topic.csv",
            "2f94029cb9b28ca4fa2f07189b2fd34e791e5862a61755b9ba9678d48fc53e57",
            15_027,
            name="zh/Unsafe_Instruction_Topic.csv",
        ),
        Source(
            "zh/Goal_Hijacking.csv",
            "f23d3769ff432022f1eb5b76d9a6cf2f4d4c6a232b8d65df138b91c645ed459e",
            31_154,
            name="zh/Goal_Hijacking.csv",
        ),
        Source(
            "zh/Prompt_Leaking.csv",
            "2dbfc1b9178e0fedb68762666367e22d684dd189bcf515d22d0683f849fe24a8",
            17_829,
            name="zh/Prompt_Leaking.csv",
        ),
        Source(
            "zh/commonsense.csv",
            "2770a1b9c8780609c85bde6cc6b6e5227dd585dae1b001f1ce37285d1f84a31f",
            37_345,
            name="zh/commonsense.csv",
        ),
    ),
    crosswalks={
        "harm-six": Crosswalk(
            _SCENARIOS,
            loses=(
                "two scenarios are read as free of harm, which holds for most of their prompts; the rest is "
                "silent"
            ),
        )
    },
    cite="arXiv:2310.00905",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield every row in file order, English first; a prompt and its translation share a group."""
    for source in CARD.files:
        language = source.stored.partition("/")[0]
        scenario = Path(source.stored).stem.removesuffix("_n").removesuffix("_en")
        with (folder / source.stored).open(newline="", encoding="utf-8-sig") as file:
            for place, cells in enumerate(csv.reader(file)):
                yield Row.message(
                    cells[0],
                    label=scenario,
                    group=f"xsafety:{scenario}/{place}",
                    tags={"scenario": scenario, "language": language},
                )
