"""Reappraisals as a labelled set: what is asked, what is taken, where each text comes from, and what is not asked."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import splits
from mindrail import files, taxonomy
from mindrail.arrays import ndarray
from mindrail.augment import chats, human, prompt
from mindrail.augment._base import Method, Wanted
from mindrail.augment.checks import Candidate, Checks
from mindrail.augment.checks.example_copy import ExampleCopy
from mindrail.augment.checks.intended import OFF_LABEL, Intended
from mindrail.augment.judge import Judge
from mindrail.augment.methods.reappraise import LEVELS, Reappraisal, asked
from mindrail.cli import main
from mindrail.data import corpus, made
from mindrail.errors import BadConfig, BadFile, Stopped, Unreachable, WrongTaxonomy
from mindrail.llm.budget import Budget
from mindrail.llm.chat import Failure, Reply, Request
from mindrail.llm.providers.fake import Answering
from mindrail.recipes.prepare import Prepare, prepare
from mindrail.recipes.reappraise import Reappraise, harms, reappraise, show, variants
from mindrail.recipes.split import Split
from mindrail.records import Example, Turn, jsonl
from mindrail.taxonomy import Axis

RISK = taxonomy.load("emotional-risk").axis()
SIX = taxonomy.load("harm-six").axis()
POST = Example.of("My flatmate moved out and I hate the evenings.", id="post", source="forum")


@pytest.fixture
def split(tmp_path: Path) -> Split:
    """Twelve posts that nobody labelled, six that are safe or unsafe."""
    return splits.split(tmp_path / "split", axis=RISK)


def said(request: Request) -> str:
    """The message between the marks of a request."""
    return request.messages[-1].content.split(" ===\n", 1)[1].rsplit("\n=== END", 1)[0]


def level(request: Request) -> str:
    last = request.messages[-1].content
    return {"the steadier message.": "safe", "the darker message.": "borderline"}.get(
        last.rsplit("Write ", 1)[1], "unsafe"
    )


def retold(request: Request) -> Reply | str:
    return f"RETOLD:\n{said(request)} And then, {level(request)}, the evening came."


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """A model that does as it is told."""
    double = Answering(retold)
    monkeypatch.setattr(chats, "open_chat", lambda wanted: (double, Budget()))
    return double


def run(split: Split | None, folder: Path, **settings: Any) -> tuple[list[Example], dict[str, Any]]:
    list(reappraise(split, Reappraise(**{"cache": False, "checks": Checks(meaning=0.0), **settings}), folder))
    return made.load(folder)


# What is asked


@pytest.mark.parametrize("name", LEVELS)
def test_every_level_has_words_of_its_own_that_follow_the_protocol(name: Any) -> None:
    words = prompt.load(f"reappraise_{name}")
    turn = Turn("user", "The soup is cold again.")
    system, before, shown, question = words.messages(turn, harm="It is about {soup}.")
    assert words.marker == "RETOLD:" and "RETOLD:" in system.content
    assert words.read(shown.content, turn) == words.example.after
    assert turn.text in question.content and "{" not in before.content
    assert ("It is about {soup}." in question.content) == (name != "safe")
    assert "It is about" not in before.content
    assert "method" in system.content or name == "safe", "nobody is asked for means or methods"


def test_it_is_a_method_whose_identity_tells_everything(talk: Answering) -> None:
    method = Reappraisal()
    assert isinstance(method, Method)
    other = Reappraisal(harms={"weapons": "It is about weapons."})
    assert method.identity() != other.identity() != Reappraisal(temperature=0.1).identity()


def test_only_the_judged_turn_is_told_anew(talk: Answering) -> None:
    post = Example((Turn("user", "Hello."), Turn("assistant", "Hi."), Turn("user", "My cat is ill.")))
    ((_, found),) = Reappraisal().make([Wanted(asked(post, "safe"), 0, 1)])
    assert found.turns is not None
    assert [turn.text for turn in found.turns[:2]] == ["Hello.", "Hi."]
    assert found.turns[2].text.startswith("My cat is ill. And then, safe")


def test_a_kind_of_harm_is_told_in_the_words_of_the_taxonomy(talk: Answering) -> None:
    method = Reappraisal(harms=harms())
    list(method.make([Wanted(asked(POST, "borderline", "weapons"), 0, 1), Wanted(asked(POST, "safe"), 0, 1)]))
    told = {level(r): r.messages[-1].content for r in talk.asked}
    assert harms()["weapons"] in told["borderline"]
    assert "What it is about" not in told["safe"]


def test_a_variant_knows_its_label_and_where_it_comes_from() -> None:
    found = asked(POST, "borderline", "weapons")
    assert found.answers == {"risk": "borderline", "harm": ("weapons",)}
    assert asked(POST, "safe").answers == {"risk": "safe", "harm": ()}
    assert asked(POST, "unsafe").answers == {"risk": "unsafe"}, "which kind of harm is not known"
    told = {
        "origin": "model",
        "of": "post",
        "of_source": "forum",
        "level": "borderline",
        "kind_of_harm": "weapons",
    }
    assert found.tags == told
    assert found.group == "post"
    assert len({asked(POST, name, harm).id for name in LEVELS for harm in ("", "weapons")}) == 6


def test_unsafe_variants_are_asked_for_only_when_wanted(
    split: Split, talk: Answering, tmp_path: Path
) -> None:
    run(split, tmp_path / "a")
    assert {level(r) for r in talk.asked} == {"safe", "borderline"}
    talk.asked.clear()
    run(split, tmp_path / "b", unsafe=True)
    assert {level(r) for r in talk.asked} == {"safe", "borderline", "unsafe"}
    assert "unsafe" not in Reappraise().levels


def test_a_post_is_not_told_again_at_its_own_level(split: Split) -> None:
    wanted = variants(split, Reappraise(unsafe=True))
    own = {post.id: post.answers["risk"] for post in split.part("labelled")}
    assert Counter(one.tags["level"] for one in wanted if one.tags["of"] in own) == {
        "safe": 3, "borderline": 6, "unsafe": 3,
    }  # fmt: skip
    assert all(own.get(one.tags["of"]) != one.tags["level"] for one in wanted)
    assert len(wanted) == 12 * 3 + 12


def test_several_kinds_of_harm_make_several_variants(split: Split) -> None:
    wanted = variants(split, Reappraise(harms=("weapons", "substances"), parts=("unlabelled",)))
    assert Counter((one.tags["level"], one.tags.get("kind_of_harm")) for one in wanted) == {
        ("safe", None): 12, ("borderline", "weapons"): 12, ("borderline", "substances"): 12,
    }  # fmt: skip
    with pytest.raises(ValueError, match="unknown kind of harm 'guns'; known: violence_hate"):
        Reappraise(harms=("guns",))


def test_test_texts_are_never_reappraised() -> None:
    with pytest.raises(ValueError, match="never augmented"):
        Reappraise(parts=("test",))


# What is taken


def test_a_split_becomes_a_labelled_set(split: Split, talk: Answering, tmp_path: Path) -> None:
    examples, about = run(split, tmp_path / "set")
    assert {path.name for path in (tmp_path / "set").iterdir()} == {
        "set.json", "examples.jsonl", "rejected.jsonl", "report.html", "report.json",
    }  # fmt: skip
    assert len(examples) == 33 == about["rows"]
    for example in examples:
        assert example.text.endswith(f"And then, {example.answers['risk']}, the evening came.")
        assert example.source == "reappraised" and example.tags["origin"] == "model"
        assert example.id != example.tags["of"]
    assert about["licences"] == split.about["licences"]
    assert about["job"]["identity"]["model"] == "double"
    assert about["job"]["split"] == split.digest


def test_answers_that_break_the_protocol_and_refusals_are_counted(
    split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd: list[Reply | Failure | str] = [
        "I'm sorry, but I can't help with that.",
        "RETOLD:\nI'm sorry, but I can't help with that.",
        "safe",
        "",
        Failure("refused"),
        Failure("too_long"),
    ]

    def answer(request: Request) -> Reply | Failure | str:
        place = int(said(request).rsplit(" ", 1)[1].rstrip("."))
        return odd[place] if place < len(odd) else retold(request)

    monkeypatch.setattr(chats, "open_chat", lambda wanted: (Answering(answer), Budget()))
    examples, about = run(split, tmp_path / "set", levels=("safe",), parts=("unlabelled",))
    assert about["levels"][0]["reasons"] == {"junk": 3, "refusal": 1, "refused": 1, "too_long": 1}
    assert len(examples) == 6 == about["levels"][0]["kept"]
    rows = [row for _, row in files.read_jsonl(tmp_path / "set" / "rejected.jsonl")]
    assert {row["reason"] for row in rows} == {"junk", "refusal", "refused", "too_long"}
    assert all(set(row) == {"of", "number", "reason", "length_before", "length"} for row in rows)


def test_a_dead_server_keeps_what_was_made_and_the_same_command_goes_on(
    split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [8]

    def answer(request: Request) -> Reply | Failure | str:
        left[0] -= 1
        return retold(request) if left[0] >= 0 else Failure("down")

    double = Answering(answer)
    monkeypatch.setattr(chats, "open_chat", lambda wanted: (double, Budget()))
    with pytest.raises(Unreachable, match="the same command again"):
        run(split, tmp_path / "set", settings={"chunk": 4})
    assert not made.here(str(tmp_path / "set"))
    left[0], before = 1000, len(double.asked)
    examples, _ = run(split, tmp_path / "set", settings={"chunk": 4})
    assert len(examples) == 33
    assert len(double.asked) - before == 33 - 8
    assert not (tmp_path / "set" / "parts").exists()
    before = (tmp_path / "set" / "set.json").read_bytes()
    run(split, tmp_path / "set", settings={"chunk": 4})
    assert (tmp_path / "set" / "set.json").read_bytes() == before, "a finished set is left as it is"
    with pytest.raises(BadConfig, match="another set"):
        run(split, tmp_path / "set", unsafe=True)


def test_a_model_that_hands_the_example_back_is_not_believed() -> None:
    shown = prompt.load("reappraise_safe").example
    check = ExampleCopy(Reappraisal().shown)
    said = {
        shown.after: False,
        f"Well. {shown.before.upper()}": False,
        "My flatmate moved out, and I am getting by.": True,
        "It is hard, and I am getting through it.": True,
    }
    found = check.find([Candidate(asked(POST, "safe"), Example.of(text)) for text in said])
    assert [finding.passed for finding in found] == list(said.values())
    same = Candidate(asked(Example.of(shown.before), "safe"), Example.of(shown.before))
    assert check.find([same])[0].passed, "what the post says itself is no copy"


def test_a_variant_on_another_matter_is_refused_where_nobody_says_otherwise() -> None:
    from mindrail.recipes.reappraise import NEAREST, _limits

    assert _limits(Reappraise()).meaning == NEAREST
    assert _limits(Reappraise(checks=Checks(longest=3.0))).meaning == NEAREST
    assert _limits(Reappraise(checks=Checks(meaning=0.0))).meaning == 0.0


class Fearful:
    """Sees danger wherever the evening came borderline."""

    axis = RISK

    def score(self, examples: Any) -> ndarray:
        bad = np.array(["borderline" in one.text for one in examples])
        return np.stack([np.where(bad, -3.0, 3.0), np.zeros(len(bad)), np.where(bad, 3.0, -3.0)], axis=1)


def judge() -> Judge:
    return Judge(Fearful(), None, "a fearful judge", "fearful")


def test_a_judge_refuses_what_is_not_what_was_asked_for() -> None:
    told = {name: asked(POST, name) for name in LEVELS}
    calm, dark = (Example.of(f"Well, {word}.") for word in ("fine", "borderline"))
    pairs = [Candidate(told[name], view) for name in LEVELS for view in (calm, dark)]
    passed = [finding.passed for finding in Intended(judge()).find(pairs)]
    assert passed == [True, False, False, True, False, True]
    unknown = Candidate(Example.of("Hello."), dark)
    assert Intended(judge()).find([unknown])[0].passed, "no label was asked for"


def test_what_a_judge_says_is_reported(
    split: Split, talk: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mindrail.recipes.reappraise.open_judge", lambda folder, axis: judge())
    _, about = run(split, tmp_path / "a", judge=tmp_path, unsafe=True)
    told = {one["name"]: one for one in about["levels"]}
    assert told["safe"]["agreed"]["value"] == told["borderline"]["agreed"]["value"] == 1.0
    assert told["unsafe"]["reasons"] == {OFF_LABEL: told["unsafe"]["wanted"]}
    assert told["unsafe"]["agreed"]["value"] == 0.0
    page = (tmp_path / "a" / "report.html").read_text()
    assert "a fearful judge" in page or "another side of danger" in page


def test_the_style_of_a_set_is_measured(talk: Answering, tmp_path: Path) -> None:
    """Here every variant ends alike, so it is given away."""
    many = splits.split(tmp_path / "split", unlabelled=40, axis=RISK)
    _, about = run(many, tmp_path / "set", levels=("safe",), parts=("unlabelled",))
    found = about["levels"][0]["style"]
    assert found["low"] > 0.95
    assert "easy to tell" in (tmp_path / "set" / "report.html").read_text()


# As a set


def read(name: Path, axis: Axis, *, labelled: bool = True) -> list[Example]:
    kinds = {"risk": "emotional-risk", "harm": "harm-six", "prompt_harm": "prompt-harm"}[axis.name]
    return corpus.read(str(name), taxonomy.load(kinds), axis, labelled=labelled)


def test_a_folder_is_a_set_like_any_other(split: Split, talk: Answering, tmp_path: Path) -> None:
    run(split, tmp_path / "set", harms=("weapons",))
    risky, harmful = read(tmp_path / "set", RISK), read(tmp_path / "set", SIX)
    assert {one.answers["risk"] for one in risky} == {"safe", "borderline"}
    assert {one.answers["harm"] for one in harmful} == {(), ("weapons",)}
    assert all(list(one.answers) == ["risk"] for one in risky)
    assert all(not one.answers for one in read(tmp_path / "set", RISK, labelled=False))
    with pytest.raises(BadConfig, match="no answers to 'prompt_harm'; it answers: risk, harm"):
        read(tmp_path / "set", taxonomy.load("prompt-harm").axis())
    with pytest.raises(WrongTaxonomy, match="another wording"):
        read(tmp_path / "set", Axis("risk", "scale", RISK.labels[:2]))


def test_a_set_that_was_changed_is_refused(split: Split, talk: Answering, tmp_path: Path) -> None:
    run(split, tmp_path / "set")
    rows = tmp_path / "set" / "examples.jsonl"
    rows.write_text(rows.read_text().replace("evening", "morning"))
    with pytest.raises(BadFile, match="not the examples that were made"):
        read(tmp_path / "set", RISK)


@pytest.mark.parametrize(
    "how", [{"dev_size": 12}, {"test_share": 0.2, "dev_share": 0.2}], ids=["carved", "shared"]
)
def test_what_a_model_wrote_is_learned_from_and_never_judged_on(
    how: dict[str, Any], talk: Answering, tmp_path: Path
) -> None:
    """Merged with the posts it was made from, by `prepare`: nothing made of a dev or test post is learned from."""
    posts = [*splits.examples(RISK, 60, answered=True), *splits.examples(RISK, 20, 500, answered=True)]
    made.write(tmp_path / "posts", posts[:60], [RISK], {"licences": {}})
    made.write(tmp_path / "other", posts[60:], [RISK], {"licences": {}})
    everything = splits.split(tmp_path / "all", axis=RISK)
    jsonl.write(tmp_path / "all" / "unlabelled.jsonl", posts)
    run(everything, tmp_path / "set", parts=("unlabelled",))
    both = (str(tmp_path / "posts"), str(tmp_path / "set"))
    test = {} if "test_share" in how else {"test": (str(tmp_path / "other"),)}
    leaks = ("train/dev", "train/test", "dev/test")
    found = prepare(
        Prepare("emotional-risk", both, labels=20, allow_leaks=leaks, **test, **how), tmp_path / "both"
    )
    learned = [*found.part("labelled"), *found.part("unlabelled")]
    judged = [*found.part("dev"), *found.part("test")]
    assert not {one.tags.get("of") for one in learned} & {one.id for one in judged}
    assert all(one.source != "reappraised" for one in judged) and len(judged) > 12
    assert sum(one.source == "reappraised" for one in learned) > 20
    assert "invented" in found.about["licences"]


# By people


def test_other_sets_hold_no_reappraisals() -> None:
    with pytest.raises(BadConfig, match="those that do: positive-frames, cognitive-reframing, counsel-chat"):
        list(human.pairs("starter"))


@pytest.mark.corpus("cognitive-reframing", "counsel-chat")
def test_people_wrote_the_same_kind_of_set(tmp_path: Path) -> None:
    sets = ("cognitive-reframing", "counsel-chat")
    examples, about = run(None, tmp_path / "set", human=sets, probe=60)
    told = Counter(one.tags["origin"] for one in examples)
    assert told["cognitive-reframing"] == 600
    assert 1990 <= told["counsel-chat"] <= 2129, "the same answer under two topics counts once"
    assert {one.source for one in examples} == {"human-reappraised"}
    assert {one.answers["risk"] for one in examples} == {"safe"}
    assert all(one.turns[0].speaker == "user" and len(one.turns) == 1 for one in examples)
    assert set(about["licences"]) == set(sets)
    assert {one["name"] for one in about["levels"]} == {f"safe, {name}" for name in sets}
    assert all(0.5 < one["style"]["value"] <= 1 for one in about["levels"])
    assert len(read(tmp_path / "set", RISK)) == len(examples)


@pytest.mark.corpus("positive-frames")
def test_a_reframe_goes_with_its_original() -> None:
    found = dict(zip(range(50), human.pairs("positive-frames"), strict=False))
    rows = list(corpus.rows("positive-frames"))
    for i, (wanted, outcome) in found.items():
        assert wanted.text == rows[2 * i].turns[0][1] and rows[2 * i].tags["side"] == "original"
        assert outcome.views[0].turns[0].text == rows[2 * i + 1].turns[0][1]
        assert wanted.group == rows[2 * i].group


# From the command line


def command(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["augment", *map(str, words)])
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    return out, err


FAKE = ("--set", "settings.chat.provider=fake")


def test_the_command_makes_a_set_and_says_what_came_of_it(
    split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replies = (
        '{"replies": ["RETOLD:\\nIt was a long week, and I am getting through it, one evening at a time."]}'
    )
    given = (*FAKE, "--set", f"settings.chat.settings={replies}", "--set", "checks.meaning=0.0")
    words = ("reappraise", "--split", split.folder, "--limit", 4, *given, "--out", tmp_path / "set")
    out, _ = command(capsys, *words)
    assert "safe        4 of 4 kept" in out or "safe        " in out
    assert str(tmp_path / "set") in out
    again, _ = command(capsys, "--method", "reappraise", *words[1:])
    assert again == out
    shown, _ = command(capsys, "reappraise", "--split", split.folder, "--show-prompt", *FAKE)
    assert "--- system" in shown and "Nothing was sent" in shown


def test_a_model_that_says_one_thing_only_gives_nothing(
    split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = command(capsys, "reappraise", "--split", split.folder, *FAKE, "--out", tmp_path / "set")
    assert "0 of 18 kept" not in out or "junk" in out
    assert made.load(tmp_path / "set")[0] == []
    assert "Nothing was kept" in (tmp_path / "set" / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["reappraise", "--out", "{}"], 2, "--split is missing"),
        (["reappraise", "--human"], 2, "--out is missing"),
        (["reappraise", "--human", "starter", "--out", "{}"], 2, "holds no reappraisals"),
        (["reappraise", "--views", "3", "--human", "--out", "{}"], 2, "--views does not go with"),
        (["reappraise", "--method", "edit"], 2, "two methods are named"),
        (["edit", "--human"], 2, "--split is missing"),
        (
            ["reappraise", "--set", "levels=[unsafe]", "--human", "--out", "{}"],
            2,
            "expected one of safe, borderline",
        ),
    ],
)
def test_bad_requests(
    words: list[str], code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = command(capsys, *(word.format(tmp_path / "x") for word in words), code=code)
    assert told in err and len(err.strip().splitlines()) == 1


def test_a_spent_allowance_stops_and_keeps(split: Split, tmp_path: Path) -> None:
    chat = {"provider": "fake", "budget": {"requests": 3}}
    with pytest.raises(Stopped, match="allowance"):
        run(split, tmp_path / "set", settings={"chat": chat})


def test_what_would_be_asked_is_shown_without_asking(split: Split, talk: Answering) -> None:
    found = show(split, Reappraise())
    assert found.requests == 33 and not talk.asked
