"""What would be asked, and its cost, without asking; nobody's words unless they are wanted."""

from pathlib import Path
from typing import Any

import pytest

from helpers.axes import FIRST
from helpers.causal import causal
from helpers.splits import split as make_split
from mindrail.cli.train import COMMAND
from mindrail.errors import BadConfig
from mindrail.prompts.preview import SAMPLE, Preview, Reading, Sending, as_text
from mindrail.recipes.split import Split
from mindrail.recipes.train import Train, show

LOCAL = {"provider": "local", "settings": {}}
SERVER = {
    "provider": "openai",
    "settings": {"base_url": "http://127.0.0.1:9/v1", "model": "m"},
    "budget": {"requests": 10},
}


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return make_split(tmp_path_factory.mktemp("split"))


def shown(split: Split, model: dict[str, Any], *, show_text: bool = False, **more: Any) -> Preview:
    wanted = Train(family="prompted", settings={"model": model, "shots": 2} | more)
    return show(split, wanted, show_text=show_text)


def local(folder: Path) -> dict[str, Any]:
    return {**LOCAL, "settings": {"model": str(causal(folder))}}


def test_tokens_of_a_model_on_this_machine(split: Split, tmp_path: Path) -> None:
    """Eight texts of dev and test, one question each, and three about nothing. The tiny model reads bytes."""
    found = shown(split, local(tmp_path))
    assert (found.texts, found.questions) == (8, 11)
    assert isinstance(found.cost, Reading)
    assert found.cost.context == 256
    assert found.cost.mean <= found.cost.longest
    kept = found.cost.prefix + 8 * found.cost.mean
    assert kept < found.cost.tokens < kept + 3 * found.cost.longest
    assert found.cost.tokens_without_reuse > 3 * found.cost.tokens


def test_an_adapter_is_asked_without_shots(split: Split, tmp_path: Path) -> None:
    own = {"model": str(causal(tmp_path))}
    found = show(split, Train(family="causal-lora", settings=own))
    assert (found.questions, found.each, len(found.messages)) == (8, 1, 2)


def test_of_several_questions_about_a_text_the_last_is_shown(tmp_path: Path) -> None:
    several = make_split(tmp_path, axis=FIRST)
    found = shown(several, SERVER, shots=0, calibration="none")
    assert (found.each, found.questions) == (2, 16)
    assert "No label before 'cold' fits" in found.messages[-1].content
    assert "2 questions about each text" in "\n".join(as_text(found))


def test_requests_to_a_server_against_the_allowance(split: Split) -> None:
    """Nothing listens at that address, and nobody notices."""
    found = shown(split, SERVER, calibration="none")
    assert isinstance(found.cost, Sending)
    assert found.cost.requests == found.questions == 8
    assert 0 < found.cost.tokens < found.cost.at_most
    said = "\n".join(as_text(found))
    assert "to send: 8 requests" in said and "allowance: 10 requests" in said


def test_words_of_examples_are_veiled_unless_wanted(split: Split) -> None:
    words = [example.text for example in split.part("labelled")]
    said = "\n".join(as_text(shown(split, SERVER)))
    assert SAMPLE in said
    assert not any(one in said for one in words)
    assert "characters of labelled example" in said
    told = "\n".join(as_text(shown(split, SERVER, show_text=True)))
    assert sum(one in told for one in words) == 2


def test_families_that_ask_nothing_have_nothing_to_show(split: Split) -> None:
    with pytest.raises(BadConfig, match="'linear' asks no language model"):
        show(split, Train(family="linear"))


def test_the_command_prints_it_and_trains_nothing(split: Split, tmp_path: Path) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    COMMAND.configure(parser)
    arguments = ["--split", str(split.folder), "--family", "prompted", "--show-prompt"]
    options = parser.parse_args([*arguments, "--set", f"settings.model={causal(tmp_path)}"])
    result = COMMAND.run(options)
    assert SAMPLE in result.text and "that are read once" in result.text
    assert isinstance(result.data, dict) and result.data["questions"] == 11
    with pytest.raises(BadConfig, match="--out is missing"):
        COMMAND.run(parser.parse_args(["--split", str(split.folder)]))
