"""Each wire format against its contract, asked as its own clients ask."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import openai
import pytest

import mindrail
from helpers.axes import FIRST, SCALE, SEVERAL
from helpers.guards import tiny_guard
from mindrail import plugins
from mindrail.errors import BrokenGuard
from mindrail.guard import Guard
from mindrail.serve.app import exchanges
from mindrail.serve.crosswalk import OPENAI, Crosswalk
from mindrail.serve.outcome import Outcome
from mindrail.serve.shelf import Served, Shelf

CALM, STORM = "the soup is ready", "a storm and thunder"


@pytest.fixture(scope="module")
def guard(folder: Path) -> Guard:
    return Guard.load(folder)


def test_the_guard_tells_calm_from_storm(guard: Guard) -> None:
    assert (guard(CALM).decision, guard(STORM).decision) == ("allow", "block")


def test_openais_own_client_reads_every_answer(running: Any, guard: Guard) -> None:
    async def ask() -> tuple[Any, Any, Any]:
        client = openai.AsyncOpenAI(base_url="http://here/v1", api_key="any", http_client=running.client())
        one = await client.moderations.create(input=STORM, model="omni-moderation-latest")
        several = await client.moderations.create(input=[CALM, STORM, CALM])
        parts = await client.moderations.create(
            input=[{"type": "text", "text": CALM}, {"type": "text", "text": STORM}], model="tiny"
        )
        return one, several, parts

    one, several, parts = anyio.run(ask)
    assert one.id.startswith("modr-") and one.model == "tiny"
    assert [result.flagged for result in several.results] == [False, True, False]
    assert len(parts.results) == 1 and parts.results[0].flagged
    (result,) = one.results
    told = result.model_dump(by_alias=True)
    for field, kind in (("categories", bool), ("category_scores", float)):
        assert set(OPENAI) < set(told[field])
        assert all(isinstance(value, kind) for value in told[field].values())
    assert set(told["category_applied_input_types"]) == set(told["categories"])
    assert told["categories"]["x_tiny/harmful"] is True
    expected = guard(STORM)
    assert told["category_scores"]["x_tiny/harmful"] == expected.probabilities["harmful"]
    assert told["x_mindrail"] == {**expected.to_dict(), "labels": list(expected.labels)}


def test_openais_client_sees_refusals_as_its_own_errors(running: Any) -> None:
    async def ask(**given: Any) -> None:
        client = openai.AsyncOpenAI(base_url="http://here/v1", api_key="any", http_client=running.client())
        await client.moderations.create(**given)

    with pytest.raises(openai.NotFoundError) as refused:
        anyio.run(lambda: ask(input="x", model="unheard-of"))
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.BadRequestError) as refused:
        anyio.run(lambda: ask(input=[]))
    assert refused.value.type == "invalid_request_error"


def test_categories_are_true_only_where_their_labels_apply(folder: Path, guard: Guard) -> None:
    from mindrail.serve.dialects.openai import result

    mapped = Crosswalk("tiny", {"harmful": ("self-harm", "violence")})
    served = Served("tiny", guard, mapped)
    storm = result(Outcome(guard(STORM)), served)
    assert [name for name, true in storm["categories"].items() if true] == [
        "self-harm",
        "violence",
        "x_tiny/harmful",
    ]
    assert storm["category_scores"]["self-harm"] == guard(STORM).probabilities["harmful"]
    assert storm["category_applied_input_types"]["self-harm"] == ["text"]
    assert storm["category_applied_input_types"]["sexual"] == []
    calm = result(Outcome(guard(CALM)), served)
    assert not any(calm["categories"].values()) and not calm["flagged"]
    failed = result(Outcome(None), served)
    assert failed["flagged"] and failed["x_mindrail"]["code"] == "error"


def test_litellm(running: Any) -> None:
    def ask(**body: Any) -> Any:
        return running("POST", "/beta/litellm_basic_guardrail_api", json=body).json()

    assert ask(texts=[CALM, CALM], input_type="request") == {"action": "NONE"}
    blocked = ask(texts=[CALM, STORM], input_type="response")
    assert blocked["action"] == "BLOCKED" and "harmful" in blocked["blocked_reason"]
    assert ask(texts=[])["action"] == "NONE"
    chat = [{"role": "user", "content": CALM}, {"role": "user", "content": STORM}]
    assert ask(texts=[CALM], structured_messages=chat)["action"] == "BLOCKED"
    assert ask(texts=[CALM], structured_messages=[{"role": "function"}])["action"] == "NONE"
    calls = [{"function": {"name": "search", "arguments": STORM}}]
    assert ask(texts=[CALM], tool_calls=calls)["action"] == "BLOCKED"
    assert ask(texts=[CALM], images=["http://x"])["error"]["code"] == "unsupported_input_type"
    looked_away = {"ignore_images": True}
    images = ask(texts=[CALM], images=["http://x"], additional_provider_specific_params=looked_away)
    assert images["action"] == "NONE"


def test_litellm_blocks_what_is_to_be_reviewed_unless_told_otherwise(guard: Guard) -> None:
    from mindrail.serve.dialects.litellm import answer
    from mindrail.serve.exchange import Question

    served = Served("tiny", guard, Crosswalk("tiny"))
    unsure = Outcome(replace(guard(CALM), decision="review"))
    for passes, outcome, action in (
        (False, unsure, "BLOCKED"),
        (True, unsure, "NONE"),
        (True, Outcome(guard(STORM)), "BLOCKED"),
        (True, Outcome(None), "BLOCKED"),
    ):
        assert answer(Question((), None, passes), [outcome], served)["action"] == action


def test_vllm_as_nemo_reads_it(running: Any, guard: Guard) -> None:
    body = running("POST", "/classify", json={"model": "tiny", "input": [CALM, STORM]}).json()
    for entry, text in zip(body["data"], (CALM, STORM), strict=True):
        label, score = entry["label"], max(entry["probs"])  # all that the client keeps
        answer = guard(text)
        blocked = label == "harmful" and score >= 0.5
        assert blocked == (answer.decision != "allow")
        assert entry["probs"][0] == answer.probabilities[answer.label]
    assert running("POST", "/classify", json={"input": CALM}).json()["data"][0]["label"] == "safe"


def test_tei(running: Any, guard: Guard) -> None:
    def ask(inputs: Any, **more: Any) -> Any:
        return running("POST", "/predict", json={"inputs": inputs, **more}).json()

    calm = ask(CALM)
    assert [set(one) for one in calm] == [{"label", "score"}] * 2
    assert calm[0] == {"label": "safe", "score": guard(CALM).probabilities["safe"]}
    batch = ask([[CALM], [STORM], [CALM, CALM]])
    assert [one[0]["label"] for one in batch] == ["safe", "harmful", "safe"]
    assert ask([CALM, STORM])[0]["label"] == "harmful" == ask([STORM, CALM])[0]["label"]
    assert ask(STORM, truncate=True)[0]["label"] == "harmful"
    refused = running("POST", "/predict", json={"inputs": CALM, "raw_scores": True})
    assert refused.status_code == 400 and set(refused.json()) == {"error", "error_type"}
    assert refused.json()["error_type"] == "Validation"
    assert ask([[CALM, CALM, CALM]])["error_type"] == ask([])["error_type"] == "Validation"
    assert running("GET", "/health").status_code == 200


def test_kserve(running: Any, guard: Guard) -> None:
    answer = running("POST", "/v1/models/tiny:predict", json={"instances": [CALM, {"text": STORM}]})
    calm, storm = answer.json()["predictions"]
    assert calm == {**guard(CALM).probabilities, "decision/block": 0.0, "decision/review": 0.0}
    assert storm == {**guard(STORM).probabilities, "decision/block": 1.0, "decision/review": 0.0}
    missing = running("POST", "/v1/models/other:predict", json={"instances": [CALM]})
    assert (missing.status_code, set(missing.json())) == (404, {"error"})
    assert running("GET", "/v1/models/tiny").json()["ready"] is True


def test_fms(running: Any, guard: Guard) -> None:
    def ask(path: str, body: Any, **headers: str) -> Any:
        return running("POST", f"/api/v1/text/{path}", json=body, headers=headers).json()

    calm, storm = ask(
        "contents",
        {"contents": [CALM, STORM], "detector_params": {"threshold": 1.0}},
        **{"detector-id": "tiny"},
    )
    assert calm == []
    (found,) = storm
    assert (found["start"], found["end"], found["text"]) == (0, len(STORM), STORM)
    assert (found["detection"], found["detection_type"]) == ("harmful", "tiny")
    assert found["score"] == guard(STORM).probabilities["harmful"]
    assert found["metadata"]["decision"] == "block" and found["evidence"] == []
    chat = [{"role": "user", "content": CALM}, {"role": "assistant", "content": STORM}]
    assert ask("chat", {"messages": chat})[0]["detection"] == "harmful"
    assert ask("chat", {"messages": chat[:1]}) == []
    assert ask("generation", {"prompt": CALM, "generated_text": STORM})[0]["detection"] == "harmful"
    for wrong in ([], [{"type": "text", "text": CALM}], None):  # found by fuzzing: texts, and nothing else
        assert ask("generation", {"prompt": wrong, "generated_text": CALM})["code"] == 400
        assert ask("generation", {"prompt": CALM, "generated_text": wrong})["code"] == 400
    unread = ask("contents", {"contents": ["\u200b\u200b\u200b"]})
    assert unread[0][0]["detection"] in ("low-coverage", "harmful")
    refused = ask("contents", {"contents": [3]})
    assert set(refused) == {"code", "message"} and refused["code"] == 400
    assert ask("contents", {"contents": [CALM]}, **{"detector-id": "other"})["code"] == 404


def test_perspective(running: Any, guard: Guard) -> None:
    def ask(text: Any, asked: Any, **more: Any) -> Any:
        body = {"comment": {"text": text}, "requestedAttributes": asked, **more}
        return running("POST", "/v1alpha1/comments:analyze?key=whatever", json=body).json()

    found = ask(STORM, {"X_HARMFUL": {}}, languages=["en"], doNotStore=True)
    score = found["attributeScores"]["X_HARMFUL"]
    assert score["summaryScore"] == {"value": guard(STORM).probabilities["harmful"], "type": "PROBABILITY"}
    assert score["spanScores"][0]["end"] == len(STORM) and found["languages"] == ["en"]
    assert found["x_mindrail"]["decision"] == "block"
    assert ask(CALM, {"X_HARMFUL": {"scoreThreshold": 0.99}})["attributeScores"] == {}
    for refused in (ask(CALM, {"TOXICITY": {}}), ask(CALM, {}), ask(3, {"X_HARMFUL": {}})):
        assert refused["error"]["status"] == "INVALID_ARGUMENT" and refused["error"]["code"] == 400


def test_a_key_in_the_query_is_taken_by_perspective_alone(start: Any) -> None:
    from mindrail.serve.keys import Keys, parse

    behind = start(keys=Keys(parse("one a-key-of-twenty-letters", "here")))
    query = {"key": "a-key-of-twenty-letters"}
    body = {"comment": {"text": CALM}, "requestedAttributes": {"X_HARMFUL": {}}}
    assert behind("POST", "/v1alpha1/comments:analyze", json=body, params=query).status_code == 200
    assert behind("POST", "/v1/moderations", json={"input": CALM}, params=query).status_code == 401


@pytest.mark.parametrize("axis", [SCALE, SEVERAL, FIRST], ids=lambda axis: axis.kind)
def test_every_dialect_answers_for_every_kind_of_axis(axis: Any, tmp_path: Path, start: Any) -> None:
    behind = start(on=Shelf.load([f"other={tiny_guard(tmp_path / 'guard', axis=axis)}"]))
    for one in exchanges():
        if one.example is not None:
            answer = behind("POST", one.path.replace("{name}", "other"), json=one.example)
            assert answer.status_code == 200, one.path
            assert all(map(math.isfinite, _numbers(answer.json())))


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in _numbers(part)]
    if isinstance(value, list):
        return [number for part in value for number in _numbers(part)]
    return [value] if isinstance(value, float) else []


#: bodies in each dialect in which the second text makes the guard fail, and what must then be said
POISON = "please come"
POISONED: dict[str, Any] = {
    "/v1/moderations": {"input": [CALM, POISON, STORM]},
    "/beta/litellm_basic_guardrail_api": {"texts": [CALM, POISON]},
    "/classify": {"input": [CALM, POISON]},
    "/predict": {"inputs": [[CALM], [POISON]]},
    "/v1/models/tiny:predict": {"instances": [CALM, POISON]},
    "/api/v1/text/contents": {"contents": [CALM, POISON]},
}


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = mindrail.Guard._answers

    def failing(guard: Guard, examples: Any) -> Any:
        if any(POISON in example.text for example in examples):
            raise BrokenGuard("the model failed")
        return answers(guard, examples)

    monkeypatch.setattr(mindrail.Guard, "_answers", failing)


def test_what_makes_the_guard_fail_is_never_allowed_and_fails_alone(running: Any, poisoned: None) -> None:
    said = {path: running("POST", path, json=body) for path, body in POISONED.items()}
    moderated = said["/v1/moderations"].json()["results"]
    assert [one["flagged"] for one in moderated] == [False, True, True]
    assert [one["x_mindrail"]["code"] for one in moderated] == ["clear", "error", "over-block"]
    assert said["/beta/litellm_basic_guardrail_api"].json()["action"] == "BLOCKED"
    assert [one["label"] for one in said["/classify"].json()["data"]] == ["safe", "unscored"]
    contents = said["/api/v1/text/contents"].json()
    assert contents[0] == [] and contents[1][0]["detection"] == "error"
    for path in ("/predict", "/v1/models/tiny:predict"):  # these formats have no words for it
        assert said[path].status_code == 500


def test_every_dialect_is_known_by_its_file_and_described(running: Any) -> None:
    assert plugins.names("dialect") == [
        "fms",
        "kserve",
        "litellm",
        "openai",
        "perspective",
        "tei",
        "vllm",
    ]
    described = running("GET", "/openapi.json").json()
    for_people = {"/", "/static/{name:path}", "/web/{name:path}"}
    routes = {route.path for route in running.app.app.app.routes} - {"/openapi.json", "/health"} - for_people
    assert set(described["paths"]) == routes
    for one in exchanges():
        assert (
            one.takes
            == described["paths"][one.path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        )


def test_models_are_listed_with_what_they_promise(running: Any, guard: Guard) -> None:
    listed = running("GET", "/v1/models").json()
    assert listed["object"] == "list"
    (one,) = listed["data"]
    assert (one["id"], one["object"], one["x_mindrail"]["guard"]) == ("tiny", "model", guard.id)
    assert one["x_mindrail"]["promise"] == guard.promise
    assert running("POST", "/v1/moderations", json={"input": CALM, "model": guard.id}).status_code == 200
    assert isinstance(running("GET", "/v1/models/none"), httpx.Response)
    assert running("GET", "/v1/models/none").status_code == 404
