"""Test and dev as shares of the training sets: no opening turn on two sides, and the same every time."""

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindrail import config
from mindrail.data.split import by_prompt
from mindrail.errors import BadConfig, BadSplit, LeakFound
from mindrail.recipes.prepare import Prepare, prepare
from mindrail.recipes.split import PARTS, Split
from mindrail.records import Example

_WORDS = (
    "river",
    "lamp",
    "orange",
    "ladder",
    "button",
    "cloud",
    "pencil",
    "garden",
    "window",
    "kettle",
    "ribbon",
)


def prompt(number: int) -> str:
    """An opening turn that is like no other."""
    return f"tell me about {' '.join(random.Random(number).choices(_WORDS, k=9))} number {number}"


def exchanges(folder: Path, prompts: int = 40, replies: int = 2) -> Path:
    """Each prompt with several replies, every other one a bad one, and its card."""
    rows = [
        {
            "asked": prompt(i),
            "said": f"reply {j} of {i}: {' '.join(random.Random(f'{i}/{j}').choices(_WORDS, k=9))}",
            "verdict": "bad" if (i + j) % 2 else "ok",
        }
        for j in range(replies)
        for i in range(prompts)
    ]
    return table(folder, "talks", rows, "context: asked\nresponse: said\n", "response-harm")


def table(folder: Path, name: str, rows: list[dict[str, str]], columns: str, axis: str) -> Path:
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    card = folder / f"{name}.yaml"
    named = "" if "split" not in rows[0] else "split: split\n"
    labels = "labels: {ok: safe, bad: harmful}\n"
    card.write_text(f"file: {name}.csv\n{columns}{named}label: verdict\naxis: {axis}\n{labels}")
    return card


def openings(split: Split, *parts: str) -> set[str]:
    return {example.turns[0].text for part in parts for example in split.part(part)}


def shared(folder: Path, **changes: object) -> Split:
    told = {"taxonomy": "response-harm", "train": [str(exchanges(folder))], "labels": 10}
    shares = {"test_share": 0.25, "dev_share": 0.1}
    return prepare(
        config.build(Prepare, told | shares | changes), folder / f"split-{len(list(folder.iterdir()))}"
    )


def test_no_opening_turn_stands_on_two_sides(tmp_path: Path) -> None:
    split = shared(tmp_path)
    assert split.about["rows"] == {"labelled": 10, "unlabelled": 2 * 26 - 10, "dev": 2 * 4, "test": 2 * 10}
    test, dev, train = (openings(split, *p) for p in (["test"], ["dev"], ["labelled", "unlabelled"]))
    assert (len(test), len(dev), len(train)) == (10, 4, 26)
    assert not test & dev and not test & train and not dev & train
    assert len({one.id for part in PARTS for one in split.part(part)}) == 80  # nothing was lost


def test_it_is_the_published_shuffle_of_the_sorted_openings(tmp_path: Path) -> None:
    split = shared(tmp_path)
    order = sorted(prompt(i) for i in range(40))
    random.Random(13).shuffle(order)
    assert openings(split, "test") == set(order[:10]) and openings(split, "dev") == set(order[10:14])


def test_it_is_the_same_every_time_and_for_every_seed_of_the_labels(tmp_path: Path) -> None:
    first, again, other = shared(tmp_path), shared(tmp_path), shared(tmp_path, seed=1)
    assert first.digest == again.digest != other.digest
    for part in ("dev", "test"):
        assert first.hash_of(part) == other.hash_of(part)
    assert openings(shared(tmp_path, split_seed=14), "test") != openings(first, "test")


def test_without_a_share_for_dev_there_would_be_none(tmp_path: Path) -> None:
    with pytest.raises(BadSplit, match="the dev part has no labelled example"):
        shared(tmp_path, dev_share=0.0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"test": ["aart"], "test_share": 0.2}, "either sets under test, or a test_share"),
        ({"test": [], "test_share": 0.0}, "either sets under test, or a test_share"),
        ({"test": ["aart"], "dev_share": 0.1}, "dev_share goes with test_share"),
    ],
    ids=["both", "neither", "dev alone"],
)
def test_shares_and_sets_do_not_mix(changes: dict[str, object], told: str) -> None:
    with pytest.raises(BadConfig, match=told):
        config.build(Prepare, {"taxonomy": "prompt-harm", "train": ["aart"]} | changes)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 99)), unique=True, max_size=40),
    st.lists(st.floats(0, 0.5), min_size=1, max_size=2),
    st.integers(0, 5),
)
def test_every_example_lands_once_and_with_its_opening(
    pairs: list[tuple[int, int]], shares: list[float], seed: int
) -> None:
    examples = [Example.of(f"reply {reply}", context=f"Prompt  {number}") for number, reply in pairs]
    rest, parts = by_prompt(examples, shares, seed)
    everything = [*rest, *(one for part in parts for one in part)]
    assert sorted(one.id for one in everything) == sorted(one.id for one in examples)
    sides = [{one.turns[0].text for one in side} for side in (rest, *parts)]
    assert sum(map(len, sides)) == len(set().union(*sides)) == len({number for number, _ in pairs})
    for share, side in zip(shares, sides[1:], strict=True):
        assert len(side) == int(share * len(set().union(*sides)))
    mixed = by_prompt(examples[::-1], shares, seed)[1]
    assert [{one.id for one in part} for part in mixed] == [{one.id for one in part} for part in parts]


def test_openings_that_differ_in_case_and_space_alone_are_one() -> None:
    examples = [
        Example.of(f"reply {i}", context=said)
        for i, said in enumerate(["Good day", "good  DAY", "good day "])
    ]
    rest, (part,) = by_prompt(examples, [0.5], 0)
    assert (len(rest), len(part)) == (3, 0)


def messages(folder: Path) -> dict[str, object]:
    """A set with a test split of its own, two of whose five texts were seen before."""
    rows = [{"text": prompt(i), "verdict": "bad" if i % 2 else "ok", "split": "train"} for i in range(40)]
    for i in (100, 101, 3, 102, 4):
        text = prompt(i).upper() if i == 3 else prompt(i)  # told apart by case alone
        rows.append({"text": text, "verdict": "bad" if i % 2 else "ok", "split": "test"})
    card = table(folder, "mine", rows, "text: text\n", "prompt-harm")
    return {
        "taxonomy": "prompt-harm",
        "train": [str(card)],
        "test": [str(card)],
        "train_split": "train",
        "test_split": "test",
        "labels": 10,
        "dev_size": 10,
    }


def test_leaked_tests_are_dropped_only_when_asked(tmp_path: Path) -> None:
    told = messages(tmp_path)
    kept = prepare(
        config.build(Prepare, told | {"allow_leaks": ["train/test", "dev/test"]}), tmp_path / "kept"
    )
    assert kept.about["rows"]["test"] == 5
    dropped = prepare(config.build(Prepare, told | {"drop_leaked_tests": True}), tmp_path / "dropped")
    assert [one.text for one in dropped.part("test")] == [prompt(i) for i in (100, 101, 102)]
    assert dropped.about["leaks_allowed"] == {"train/test": 0, "dev/test": 0, "train/dev": 0}
    for part in ("labelled", "unlabelled", "dev"):
        assert dropped.hash_of(part) == kept.hash_of(part)


def near(text: str) -> str:
    """The same words and one more: ten of eleven runs of five words stay."""
    return f"{text} once"


def test_near_copies_are_refused_with_what_helps_and_dropped_when_asked(tmp_path: Path) -> None:
    told = messages(tmp_path)
    later = [{"text": near(prompt(i)), "verdict": "bad" if i % 2 else "ok"} for i in range(60)]
    told["test"] = [str(table(tmp_path, "later", later, "text: text\n", "prompt-harm"))]
    more = [{"text": prompt(i), "verdict": ""} for i in range(38, 80)]
    told |= {"unlabelled": [str(table(tmp_path, "more", more, "text: text\n", "prompt-harm"))]}
    told.pop("test_split")
    with pytest.raises(LeakFound, match=r"leaks: drop.*allow_leaks"):
        prepare(config.build(Prepare, told), tmp_path / "refused")
    told |= {"labels": 4, "test": [str(table(tmp_path, "few", later[20:], "text: text\n", "prompt-harm"))]}
    split = prepare(config.build(Prepare, told | {"leaks": "drop"}), tmp_path / "split")
    rows, test = split.about["rows"], {one.text for one in split.part("test")}
    assert rows["test"] == 40
    learned = [one.text for part in ("labelled", "unlabelled", "dev") for one in split.part(part)]
    assert learned and not test & {near(text) for text in learned}
    assert split.about["dropped"]["leaked"] == 40 + 42 - len(learned)
    assert split.about["leaks_allowed"] == {"train/test": 0, "dev/test": 0, "train/dev": 0}


def test_the_starter_set_divides_itself(tmp_path: Path) -> None:
    told = {"taxonomy": "emotional-risk", "train": ["starter"], "test_share": 0.2, "dev_share": 0.1}
    more = {"labels": 60, "sample": "balanced", "allow_leaks": ["train/dev", "train/test", "dev/test"]}
    split = prepare(config.build(Prepare, told | more), tmp_path / "split")
    rows = split.about["rows"]
    total = sum(rows.values())
    assert rows["test"] == int(0.2 * total) and rows["dev"] == int(0.1 * total) and rows["labelled"] == 60
    assert set(split.about["answers"]["labelled"].values()) == {20}
    assert all(not one.answers for one in split.part("unlabelled"))
