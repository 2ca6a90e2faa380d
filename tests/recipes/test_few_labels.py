"""A table of which some messages carry a label: dev and test are drawn from those, and keep people apart."""

import csv
import random
from pathlib import Path

import pytest

from mindrail import config
from mindrail.cli import main
from mindrail.errors import BadSplit
from mindrail.recipes.prepare import DEV, Prepare, prepare
from mindrail.recipes.split import PARTS, Split

_WORDS = ("river", "lamp", "orange", "ladder", "button", "cloud", "pencil", "garden", "window", "kettle")


def table(folder: Path, name: str = "chats", labelled: int = 90, silent: int = 300, people: int = 60) -> Path:
    """So many messages with a label and without one, in turn by as many people."""
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "verdict", "person"])
        for i in range(labelled + silent):
            words = " ".join(random.Random(f"{name} {i}").choices(_WORDS, k=9))
            verdict = ("bad" if i % 2 else "ok") if i < labelled else ""
            writer.writerow([f"{name} {i} {words}", verdict, f"p{i % people}"])
    card = folder / f"{name}.yaml"
    card.write_text(
        f"file: {name}.csv\ntext: message\nlabel: verdict\ngroup: person\naxis: prompt-harm\n"
        "labels: {ok: safe, bad: harmful}\n"
    )
    return card


def split(folder: Path, card: Path, **changes: object) -> Split:
    told = {"taxonomy": "prompt-harm", "train": [str(card)], "labels": None} | changes
    if not {"test", "test_share"} & {*changes}:
        folder.mkdir(exist_ok=True)
        told["test"] = [str(table(folder, "later", 40, 0))]
    return prepare(config.build(Prepare, told), folder / "split")


def test_dev_is_a_third_of_few_labels(tmp_path: Path) -> None:
    made = split(tmp_path, table(tmp_path))
    dev, labelled = made.part("dev"), made.part("labelled")
    assert all(example.answers for example in [*dev, *labelled])
    assert len(dev) + len(labelled) == 90 and 30 <= len(dev) <= 31  # whole people, two messages each


def test_dev_is_no_larger_than_it_needs_to_be(tmp_path: Path) -> None:
    made = split(tmp_path, table(tmp_path, labelled=3 * DEV + 90, silent=0, people=10_000))
    assert len(made.part("dev")) == DEV


def test_nobody_is_learned_from_and_judged(tmp_path: Path) -> None:
    made = split(tmp_path, table(tmp_path))
    people = {name: {example.group for example in made.part(name)} for name in PARTS}
    assert not people["dev"] & (people["labelled"] | people["unlabelled"])
    silent = 300 * (60 - len(people["dev"])) // 60
    assert len(made.part("unlabelled")) == silent and not any(e.answers for e in made.part("unlabelled"))


def test_dev_is_drawn_from_messages_that_nobody_picked(tmp_path: Path) -> None:
    card = table(tmp_path, people=390)
    with (tmp_path / "chats.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    with (tmp_path / "chats.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [[*header, "why"], *([*row, "" if i < 30 else "uncertainty"] for i, row in enumerate(rows))]
        )
    card.write_text(card.read_text() + "picked: why\n")
    made = split(tmp_path, card)
    dev, labelled = made.part("dev"), made.part("labelled")
    assert len(dev) == 10 and not any("picked" in example.tags for example in dev)
    assert sum("picked" in example.tags for example in labelled) == 60
    (tmp_path / "chats.csv").write_text(
        (tmp_path / "chats.csv").read_text().replace(",\n", ",novel\n").replace(",\r\n", ",novel\r\n")
    )
    with pytest.raises(BadSplit, match=r"all 90 labelled examples were picked.*--ask random"):
        split(tmp_path / "again", card)


def test_a_label_made_rare_is_learned_from_without_its_label(tmp_path: Path) -> None:
    usual, made = (
        split(tmp_path / "usual", card := table(tmp_path)),
        split(tmp_path, card, rare={"harmful": 5}),
    )
    labelled = made.part("labelled")
    assert sum("harmful" in example.answers.values() for example in labelled) == 5
    gone = len(usual.part("labelled")) - len(labelled)
    assert gone > 0 and len(made.part("unlabelled")) == len(usual.part("unlabelled")) + gone


def test_shares_are_of_the_labels_too(tmp_path: Path) -> None:
    made = split(tmp_path, table(tmp_path), test_share=0.2, dev_share=0.2, dev_size=None)
    rows = made.about["rows"]
    assert (rows["test"], rows["dev"], rows["labelled"]) == (18, 18, 54)
    assert all(example.answers for name in ("dev", "test") for example in made.part(name))


def test_what_is_held_out_is_not_learned_from_without_its_label(tmp_path: Path) -> None:
    card = table(tmp_path, people=390)
    with (tmp_path / "chats.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    with (tmp_path / "chats.csv").open("w", newline="") as file:
        told = [[*row, "test" if i % 3 == 0 else "train"] for i, row in enumerate(rows)]
        csv.writer(file).writerows([[*head, "split"], *told])
    card.write_text(card.read_text() + "split: split\n")
    made = split(tmp_path, card, test=[], held_out={"chats": "test"})
    assert made.about["rows"] == {"labelled": 40, "unlabelled": 200, "dev": 20, "test": 30}
    assert {example.tags["split"] for name in PARTS[:3] for example in made.part(name)} == {"train"}


def test_the_command_says_what_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own, more, later = table(tmp_path), table(tmp_path, "more", 0, 50), table(tmp_path, "later", 40, 0)
    given = ["--train", own, "--test", later, "--unlabelled", more, "--dev-size", 20, "--labels"]

    def run(labels: str) -> int:
        words = ["prepare", "--taxonomy", "prompt-harm", *given, labels, "--out", tmp_path / "split"]
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    assert run("all") == 0
    rows = Split.load(tmp_path / "split").about["rows"]
    assert rows["dev"] in (20, 21) and rows["labelled"] == 90 - rows["dev"] and rows["unlabelled"] > 250
    assert run("200") == 3 and "ask for at most" in capsys.readouterr().err
    assert run("few") == 2 and "expected a number or all" in capsys.readouterr().err
