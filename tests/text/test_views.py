"""Views: what is written in disguise is read, what is written plainly is left alone, and no text breaks them."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers import attacks
from mindrail import plugins
from mindrail.errors import BadConfig
from mindrail.text.lexicon import Lexicon
from mindrail.text.normalise import VIEWS, Reading, views
from mindrail.text.unseen import unseen

COMMON = (
    "the of and to a in is you that it he was for on are with as i his they be at one have this from had how do make",
    "can could please tell me my warm soup bread carrots sunday walk park bring home library opens nine bus stops",
    "right front went we together then quietly evening garden letter friend calm morning sister called early bed",
)
LEXICON = Lexicon(" ".join(COMMON).split())
TEXT = "please tell me how we could make the warm soup and bread that my sister had at home on sunday morning"
PLAIN = [
    "Please tell me how we could make the warm soup.",
    "It's the 3rd of May, 10am; that costs $5 (or 20% less) - isn't it fine? Yes! e.g. v2.0, mp3s",
    "Привет, как дела? Сегодня тепло.",
    "今天下午我们去公园散步吧。",
    "Καλημέρα σε όλους",
    "“Quoted” – and so on… 1½ cups ™",
    "A list: a) bread, b) soup",
    "Soup (warm) and bread (make it at home), 7 p.m. in the U.S. or i.e. early (as they did)",
    "Carrrots and tweet and breads, or soop",
    "",
    " \n ",
]


def share(text: str) -> float:
    """The share of the known text's words that another text holds."""
    own = TEXT.split()
    found = set(text.lower().split())
    return sum(word in found for word in own) / len(own)


READ = attacks.EXACT | {
    n: attacks.LOSSY[n] for n in ("leet-light", "leet", "spaced", "spaced-evenly", "dotted")
}


@pytest.mark.parametrize("name", READ)
def test_what_can_be_undone_is_undone(name: str) -> None:
    written = READ[name](TEXT, np.random.default_rng(0))
    assert share(written) < 0.9
    assert max(share(view.text) for view in views(written, LEXICON, Reading())) >= 0.9


@pytest.mark.parametrize("name", ["no-spaces", "upside-down", "small-caps", "greek", "vowels-dropped"])
def test_what_loses_a_little_is_mostly_read(name: str) -> None:
    written = attacks.LOSSY[name](TEXT, np.random.default_rng(0))
    assert max(share(view.text) for view in views(written, LEXICON, Reading())) >= 0.7


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_written_plainly_has_no_views(text: str) -> None:
    assert views(text, LEXICON, Reading()) == []


def test_worked_by_hand() -> None:
    def read(text: str) -> list[tuple[str, str]]:
        return [(view.name, view.text) for view in views(text, LEXICON, Reading(), read=0.5)]

    assert read("w\u200barm s\u00adoup") == [("plain", "warm soup")]
    assert read("w4rm s0up") == [("leet", "warm soup")]
    assert read("ｗａｒｍ sоuр") == [("plain+lookalikes", "warm soup")]
    assert read("warm 🍲🍲 soup") == [("emoji", "warm pot of food soup")]
    assert read("make s-o-u-p") == [("spaced", "make soup")]
    assert read("\u202epuos\u202c warm") == [("plain", "soup warm")]
    assert read("warm suop and braed") == [("typos", "warm soup and bread")]
    assert read("brme suop kwxy vrtp") == []  # one word mended does not make it a text
    assert read("zbfnvp jneuheqr jnez") == []  # too few of its words are known
    assert read("jnez fbhc naq oernq") == [("shifted", "warm soup and bread")]
    assert read("hello" + "".join(chr(0xE0000 + ord(c)) for c in "warm soup")) == [
        ("plain", "hello\nwarm soup")
    ]
    assert read("read d2FybSBzb3VwIGFuZCBicmVhZA== now") == [("decoded", "read  warm soup and bread  now")]


def test_left_out_vowels_are_read_in_two_ways() -> None:
    found = views(
        "bd nd brd nd th gd sp", Lexicon(["bed", "bad", "and", "bread", "the", "good", "soup"]), Reading()
    )
    assert [view.text for view in found] == [
        "bed and bread and the good soup",
        "bad and bread and the good soup",
    ]


def test_code_within_code_is_followed_twice() -> None:
    once = attacks.EXACT["base64"](TEXT, np.random.default_rng(0))
    twice = attacks.EXACT["percent"](once, np.random.default_rng(0))
    assert TEXT in {view.text.strip() for view in views(twice, LEXICON, Reading())}


ODD = st.text(
    st.one_of(st.characters(), st.sampled_from("\u202e\u202c\u200b\u0336\ufe0f\U000e0041аеі4@%&#;\\u0= \n")),
    max_size=80,
)


@settings(max_examples=400, deadline=None)
@given(ODD)
@example("%" * 50)
@example("&#99999999999;")
@example("\\uD800 \\u0000 0x110000")
@example("\ufdfa" * 20)
def test_any_text_is_read_alike_twice_and_within_bounds(text: str) -> None:
    made = views(text, LEXICON, Reading())
    assert made == views(text, LEXICON, Reading())
    assert len(made) <= Reading().most_views
    assert len({view.text for view in made} | {text}) == len(made) + 1
    assert all(view.text.strip() and len(view.text) <= 40 * len(text) + 100 for view in made)
    assert all(set(view.name.split("+")) <= set(VIEWS) for view in made)
    assert all(view.text.encode("utf-8", "surrogatepass") for view in made)


LONG = {
    "one letter": "a" * 50_000,
    "letters apart": "a " * 25_000,
    "dots": "a." * 25_000,
    "marks": "e" + "\u0301" * 50_000,
    "overrides": "\u202e" * 50_000,
    "percent": "%41" * 16_000,
    "ampersands": "&" * 50_000,
    "base64": "QUJD" * 12_500,
    "hex": "41 " * 16_000,
    "digits": "0101" * 12_500,
    "signs": "a4@" * 16_000,
    "foreign": "жаба " * 10_000,
    "words run together": "thewarmsoup" * 4_500,
    "emoji": "🍲🍞" * 20_000,
}


@pytest.mark.parametrize("name", LONG)
def test_no_text_makes_reading_slow(name: str) -> None:
    began = time.process_time()
    views(LONG[name], LEXICON, Reading())
    assert time.process_time() - began < 5


@settings(max_examples=200, deadline=None)
@given(ODD)
def test_without_views_nothing_is_read_otherwise(text: str) -> None:
    assert views(text, LEXICON, Reading.as_written()) == []
    assert views(text, LEXICON, replace(Reading(), most_views=0)) == []


def test_every_view_is_a_file_and_every_file_is_used() -> None:
    assert sorted(VIEWS) == plugins.names("view")


@pytest.mark.parametrize("wrong", [{"most_views": -1}, {"longest": 1}, {"views": ("plain", "plain")}])
def test_a_reading_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadConfig):
        Reading(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("soup", 0.0),
        ("s\u200bo\u200bu\u200bp", 3 / 7),
        ("ab\ue000\x00", 0.5),
        ("👩\u200d🚀❤\ufe0f", 0.0),  # joiners and selectors that belong
        ("می\u200cخواهم", 0.0),
        ("a\u200db", 1 / 3),
        ("\U000e0041" * 3, 1.0),
        ("", 0.0),
    ],
)
def test_what_shows_nothing_is_counted(text: str, share: float) -> None:
    assert unseen(text) == pytest.approx(share)


def test_words_are_parted_by_how_common_they_are() -> None:
    assert LEXICON.parted("howtomakethewarmsoup") == ["how", "to", "make", "the", "warm", "soup"]
    assert "".join(LEXICON.parted("xqzthesoupxx")) == "xqzthesoupxx"
    assert (
        Lexicon().parted("ab") == ["a", "b"] and Lexicon().share("ab") == 0.0 and LEXICON.share("12 !") == 1.0
    )


def test_a_lexicon_comes_from_any_vocabulary() -> None:
    assert (
        "soup" in Lexicon.of_vocabulary(["[PAD]", "soup", "##up"])
        and len(Lexicon.of_vocabulary(["##up"])) == 0
    )
    assert len(Lexicon.of_vocabulary(["Ġsoup", "up", "Ġthe"])) == 2
    assert len(Lexicon.of_tokenizer('{"model": {"type": "x"}}')) == 0
    assert "soup" in Lexicon.of_tokenizer('{"model": {"vocab": [["▁soup", -1.0], ["x", -2.0]]}}')


def test_the_attacks_of_the_benchmark_change_texts(tmp_path: Path) -> None:
    for family in attacks.FAMILIES.values():
        for attack in family.values():
            assert attack(TEXT, np.random.default_rng(1)) != TEXT
