"""`mindrail sets`: the terms come first, and nothing of a message is shown."""

import argparse
import json

import pytest

from mindrail.cli.sets import COMMAND
from mindrail.data import corpus
from mindrail.errors import UnknownName


def run(*words: str) -> tuple[object, str]:
    parser = argparse.ArgumentParser()
    COMMAND.configure(parser)
    result = COMMAND.run(parser.parse_args(words))
    json.dumps(result.data)
    return result.data, result.text


def test_every_set_has_one_line_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "180")
    data, text = run()
    lines = text.split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines[1:]] == corpus.names()
    assert max(map(len, lines)) <= 180
    assert isinstance(data, list) and len(data) == len(corpus.names())


def test_licences_that_are_not_open_are_marked() -> None:
    _, text = run()
    assert "! " in next(line for line in text.splitlines() if line.startswith("toxicn"))
    assert "! " not in next(line for line in text.splitlines() if line.startswith("starter"))


@pytest.mark.parametrize("name", corpus.names())
def test_a_card_is_shown_whole_with_its_licence_first(name: str) -> None:
    _, text = run(name)
    card = corpus.card(name)
    words = " ".join(text.split())
    assert text.splitlines()[2].startswith("Licence")
    assert all(part in words for part in (card.licence, card.problems, card.labels, card.commit))
    assert all(source.sha256 in words for source in card.files)


def test_fetching_counts_the_rows() -> None:
    data, text = run("starter", "--fetch")
    rows = corpus.card("starter").rows
    assert isinstance(data, dict) and data["fetched"] == {"rows": rows, "splits": {"all": rows}}
    assert f"{rows} of {rows} rows" in text


@pytest.mark.corpus("diasafety")
def test_fetching_counts_the_splits() -> None:
    data, _ = run("diasafety", "--fetch")
    assert isinstance(data, dict)
    assert data["fetched"]["splits"] == {"train": 9017, "dev": 1097, "test": 1095}


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(UnknownName):
        run("nothing")
