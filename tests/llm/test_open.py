"""From a recipe's settings to a chat; and the doubles that stand in for one."""

import pytest

from helpers.server import question
from mindrail import config, plugins
from mindrail.errors import BadConfig, UnknownName
from mindrail.llm import Chat, Failure, Reply
from mindrail.llm.cache import Cached
from mindrail.llm.open import ModelSettings, around, bare
from mindrail.llm.providers.fake import Answering, Fake

RECIPE = {
    "provider": "openai",
    "settings": {"base_url": "http://127.0.0.1:8000/v1", "model": "m", "api_key_env": "HOUSE_KEY"},
    "budget": {"requests": 10, "tokens": 5000},
}


def test_settings_from_a_recipe_become_a_chat_with_budget_and_cache() -> None:
    wanted = config.build(ModelSettings, RECIPE)
    chat, budget = around(bare(wanted), wanted)
    assert isinstance(chat, Cached)
    assert chat.name == "m at 127.0.0.1:8000/v1"
    assert (budget.requests, budget.tokens) == (10, 5000)
    assert config.build(ModelSettings, config.plain(wanted)) == wanted
    without, _ = around(bare(wanted), config.build(ModelSettings, RECIPE | {"cache": False}))
    assert not isinstance(without, Cached)


def test_what_cannot_be_opened_is_named() -> None:
    with pytest.raises(UnknownName, match="did you mean 'openai'"):
        bare(ModelSettings("opnai"))
    with pytest.raises(BadConfig, match="'base_url' is missing"):
        bare(ModelSettings("openai"))
    with pytest.raises(BadConfig, match="only recipes that may use torch"):
        bare(ModelSettings("local"))


@pytest.mark.parametrize("name", plugins.names("provider"))
def test_every_provider_is_a_chat(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", "k")
    settings = RECIPE["settings"] if name == "openai" else {}
    chat = bare(ModelSettings(name, settings))  # type: ignore[arg-type]
    assert isinstance(chat, Chat)
    assert list(chat.ask([])) == []
    assert config.plain(chat), "its settings go into provenance"


def test_a_fake_says_the_same_to_the_same_request_whatever_stands_beside_it() -> None:
    chat = Fake(("one", "two", "three"), {"timeout": 0.2, "refused": 0.1})
    requests = [question(f"{i}") for i in range(200)]
    found = dict(chat.ask(requests))
    assert dict(enumerate(dict(chat.ask(requests[::-1])).values())).keys() == found.keys()
    for i in (0, 7, 199):
        assert list(chat.ask([requests[i]])) == [(0, found[i])]
    codes = [answer.code for answer in found.values() if isinstance(answer, Failure)]
    assert 25 < codes.count("timeout") < 60
    assert 8 < codes.count("refused") < 40
    assert {answer.text for answer in found.values() if isinstance(answer, Reply)} == {"one", "two", "three"}


def test_a_fake_answers_out_of_order_and_has_a_name_of_its_own() -> None:
    positions = [position for position, _ in Fake().ask([question(f"{i}") for i in range(20)])]
    assert positions != sorted(positions)
    assert sorted(positions) == list(range(20))
    assert len({Fake().name, Fake(("a",)).name, Fake(failing={"down": 0.5}).name}) == 3
    with pytest.raises(BadConfig, match="shares of failures"):
        Fake(failing={"down": 0.7, "junk": 0.7})


def test_a_double_answers_by_function_and_remembers() -> None:
    chat = Answering(lambda request: Failure("junk") if "x" in request.messages[0].content else "fine")
    assert dict(chat.ask([question("a x"), question("a")])) == {
        0: Failure("junk"),
        1: Reply("fine", "stop", 1, 1),
    }
    assert [request.messages[0].content for request in chat.asked] == ["a x", "a"]
