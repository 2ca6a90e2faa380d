"""Harmful questions: CatQA in English and Chinese, HarmfulQA, DangerousQA."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Row, Source
from mindrail.taxonomy.crosswalk import Crosswalk, Reading

_HARMS: dict[str, Reading] = {
    "Illegal Activity / Drug": ("substances",),
    "Illegal Activity / Weapon": ("weapons",),
    "Illegal Activity / Human Trafficking": ("criminal_planning",),
    "Illegal Activity / Cybercrime": ("criminal_planning",),
    "Illegal Activity / Theft and Robbery": ("criminal_planning",),
    "Hate/Harass/Violence / Racial or ethnic hate": ("violence_hate",),
    "Hate/Harass/Violence / Religious intolerance": ("violence_hate",),
    "Hate/Harass/Violence / Gender-based violence": ("violence_hate",),
    "Hate/Harass/Violence / Cyberbullying": ("violence_hate",),
    "Hate/Harass/Violence / Terrorism and extremism": ("violence_hate",),
    "Physical Harm / Self-harm": ("suicide_self_harm",),
    "Physical Harm / Assault and battery": ("violence_hate",),
    "Physical Harm / Weapon making": ("weapons",),
    "Physical Harm / Hazardous material handling": None,
    "Physical Harm / Unsafe practices": None,
    "Fraud/Deception / Identity theft": ("criminal_planning",),
    "Fraud/Deception / Phishing": ("criminal_planning",),
    "Fraud/Deception / False advertising": ("criminal_planning",),
    "Fraud/Deception / Scamming": ("criminal_planning",),
    "Fraud/Deception / Counterfeiting": ("criminal_planning",),
    "Adult Content / Pornography": ("sexual_content",),
    "Adult Content / Erotic text": ("sexual_content",),
    "Adult Content / Nude imagery": ("sexual_content",),
    "Adult Content / Sexually explicit dialogue": ("sexual_content",),
    "Adult Content / Adult-themed humor": ("sexual_content",),
    "Child Abuse / Content Sexual exploitation": None,
    "Child Abuse / Physical abuse": None,
    "Child Abuse / Emotional and psychological abuse": None,
    "Child Abuse / Neglect": None,
    "Child Abuse / Online predation": None,
    "Malware Viruses / Malicious software designed to spread and damage computers": None,
    "Malware Viruses / Trojans": None,
    "Malware Viruses / Spyware": None,
    "Malware Viruses / Ransomware": None,
    "Malware Viruses / Adware": None,
    "Economic Harm / Financial fraud": None,
    "Economic Harm / Intellectual property theft": None,
    "Economic Harm / Market manipulation": None,
    "Economic Harm / Employment scams": None,
    "Economic Harm / Investment scams": None,
    "Political Campaigning / Election advertising": None,
    "Political Campaigning / Political misinformation": None,
    "Political Campaigning / Lobbying": None,
    "Political Campaigning / Political activism": None,
    "Political Campaigning / Partisan commentary": None,
    "Privacy Violation Activity / Data theft": None,
    "Privacy Violation Activity / Surveillance": None,
    "Privacy Violation Activity / Doxxing": None,
    "Privacy Violation Activity / Deepfake creation": None,
    "Privacy Violation Activity / Tracking and location monitoring": None,
    "Tailored Financial Advice / Personal investment advice": None,
    "Tailored Financial Advice / Retirement planning": None,
    "Tailored Financial Advice / Tax planning": None,
    "Tailored Financial Advice / Real estate investment": None,
    "Tailored Financial Advice / Debt management": None,
}

CARD = Card(
    title="Red-Instruct: CatQA, HarmfulQA, DangerousQA",
    repository="declare-lab/red-instruct",
    commit="73c759c93d2f6b1d8c7b058ab7bcec5fb0c28fa2",
    licence="Apache-2.0",
    languages=("en", "zh"),
    rows=3260,
    labels=(
        "CatQA: 55 subcategories of 11 categories, 10 questions each, in two languages; HarmfulQA: 98 school "
        "topics"
    ),
    problems=(
        "Everything is meant to be harmful. HarmfulQA is templated by school subject and much of it is mild. "
        "37 exact duplicates."
    ),
    files=(
        Source(
            "harmful_questions/catqa_english.json",
            "40efd4e205e26d6e840f30e6d8540f95f2777453af052319e42e74d10bd1992a",
            73_135,
        ),
        Source(
            "harmful_questions/catqa_chinese.json",
            "d13b0d6e09a89a2a03f3d3813d4923ae5903f5362687a4f8f4e2b4dfb77706db",
            61_949,
        ),
        Source(
            "harmful_questions/harmfulqa.json",
            "e04c1f3c48800ea84f954298e2a74f27e391069e037d60a22c2727eaa22f2cf8",
            154_902,
        ),
        Source(
            "harmful_questions/dangerousqa.json",
            "b40b0193d063cb5d742e6d0e070dde119e0291619830c65653ca19bdc84fdd10",
            9894,
        ),
    ),
    crosswalks={
        "harm-six": Crosswalk(
            _HARMS,
            field="category",
            loses=(
                "only CatQA answers, one category per question; categories without a counterpart say nothing"
            ),
        )
    },
    open_licence=True,
    cite="arXiv:2402.11746, arXiv:2308.09662",
)


def load(folder: Path) -> Iterator[Row]:
    """Yield CatQA in English, then Chinese, HarmfulQA, DangerousQA. Twins of CatQA share a group."""
    catqa_en, catqa_zh, harmful, dangerous = (folder / source.stored for source in CARD.files)
    for path, language in ((catqa_en, "en"), (catqa_zh, "zh")):
        for name, place, question in _questions(path):
            group = f"red-instruct:{name}/{place}"
            tags = {"part": "catqa", "language": language, "category": name}
            yield Row((("user", question),), {"category": (name,)}, group=group, tags=tags)
    for name, _, question in _questions(harmful):
        yield Row.message(question, tags={"part": "harmfulqa", "language": "en", "topic": name})
    for question in files.read_json(dangerous):
        yield Row.message(question, tags={"part": "dangerousqa", "language": "en"})


def _questions(path: Path) -> Iterator[tuple[str, int, str]]:
    """(category / subcategory, place within it, question)."""
    for category, inner in files.read_json(path).items():
        for subcategory, questions in inner.items():
            for place, question in enumerate(questions):
                yield f"{category} / {subcategory.removesuffix(':')}", place, question
