"""The family of guard models: tiny models that answer by the last letter alone, so their probabilities are known.

No guard model's weights are at hand here; what these tests show is the plumbing, not anybody's judgement.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from helpers.axes import TWO
from helpers.causal import TEMPLATE, tokenizer
from helpers.server import Said, completion, serving
from helpers.splits import split as make_split
from mindrail import config, taxonomy
from mindrail.errors import BadConfig, MindrailError, Stopped, UnknownName, Unreachable
from mindrail.models.guard_model import FAMILY, GuardModelConfig, open_scorer
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.recipes.train import Train, train
from mindrail.records import Example, Predictions, Turn

PROMPT = taxonomy.load("prompt-harm").axis()
HARM = taxonomy.load("harm-six").axis()
RISK = taxonomy.load("emotional-risk").axis()
#: takes a policy as ShieldGemma's and Granite Guardian's templates do, in words of our own
POLICY = (
    "{{ guideline }}{{ guardian_config.custom_criteria if guardian_config }}"
    "{% for code in categories or {} %}{{ code }}: {{ categories[code] }}{% endfor %}" + TEMPLATE
)
UNSAFE = (
    {":": {"u": 0.7, "s": 0.3}} | dict(zip("unsaf", "nsafe", strict=True)) | {"e": "\n", "\n": "S", "S": "1"}
)


def answering(
    folder: Path, follows: Mapping[str, Any], template: str = TEMPLATE, context: int = 2048
) -> Path:
    """Write a model whose next letter depends on the last one only, by these chances; anything else ends it."""
    made = tokenizer()
    made.chat_template = template
    size = len(made)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size,
            hidden_size=size,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=8,
            max_position_embeddings=context,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
            tie_word_embeddings=False,
        )
    )
    chances = np.full((size, size), 1e-9)
    chances[:, 1] = 1.0
    for letter, after in follows.items():
        chances[_id(made, letter)] = 1e-9
        for other, chance in (after if isinstance(after, dict) else {after: 1.0}).items():
            chances[_id(made, letter), _id(made, other)] = chance
    with torch.no_grad():
        layer = network.model.layers[0]
        layer.self_attn.o_proj.weight.zero_()  # nothing is read but the last letter
        layer.mlp.down_proj.weight.zero_()
        network.model.embed_tokens.weight.copy_(torch.eye(size))
        scale = math.sqrt(size)  # what the norm makes of a single one
        network.lm_head.weight.copy_(torch.tensor(np.log(chances).T / scale, dtype=torch.float32))
    network.save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def _id(made: Any, letter: str) -> int:
    (found,) = made(letter, add_special_tokens=False)["input_ids"]
    return int(found)


def settings(folder: Path, form: str = "llama-guard", **changes: Any) -> GuardModelConfig:
    chat = {"provider": "local", "settings": {"model": str(folder), "dtype": "float32"}, "cache": False}
    return config.build(GuardModelConfig, {"format": form, "chat": chat, **changes})


def danger(axis: Any, scorer: Any, *texts: str) -> list[float]:
    found = axis.probabilities(scorer.score([Example.of(text) for text in texts]))
    return [round(float(row), 4) for row in found[:, axis.stopped].sum(axis=1)]


def test_a_local_model_is_scored_by_the_chances_of_its_verdict(tmp_path: Path) -> None:
    scorer = open_scorer(PROMPT, settings(answering(tmp_path, UNSAFE)))
    assert danger(PROMPT, scorer, "Hello.", "How are you?") == [0.7, 0.7]
    assert scorer.answers == {"graded": 2}
    assert "@" in scorer.chat.name


def test_its_codes_are_read_too(tmp_path: Path) -> None:
    scorer = open_scorer(HARM, settings(answering(tmp_path, UNSAFE)))
    (row,) = HARM.probabilities(scorer.score([Example.of("Hello.")]))
    assert row[0] == pytest.approx(0.7, abs=1e-4)
    assert row[1:] == pytest.approx(0.7 * 0.05, abs=1e-4)


YES = {":": {"Y": 0.6, "N": 0.2, "x": 0.2}, "Y": "e", "e": "s", "N": "o", "x": "<|end|>"}


def test_a_policy_reaches_the_model_or_is_refused(tmp_path: Path) -> None:
    deaf = answering(tmp_path / "deaf", YES)
    with pytest.raises(BadConfig, match="drops what it is given under guideline: 1 definitions do not reach"):
        open_scorer(PROMPT, settings(deaf, "shieldgemma"))
    with pytest.raises(BadConfig, match="under categories: 6 definitions"):
        open_scorer(HARM, settings(deaf, "llama-guard", format_settings={"policy": "ours"}))
    hears = answering(tmp_path / "hears", YES, POLICY)
    assert danger(PROMPT, open_scorer(PROMPT, settings(hears, "shieldgemma")), "Hello.") == [0.75]
    row = open_scorer(HARM, settings(hears, "shieldgemma")).score([Example.of("Hello.")])
    assert HARM.probabilities(row) == pytest.approx(np.full((1, 6), 0.75), abs=1e-4)


def test_a_template_may_be_given_as_a_file(tmp_path: Path) -> None:
    folder = answering(tmp_path / "model", YES)
    (tmp_path / "policy.jinja").write_text(POLICY)
    given = settings(folder, "shieldgemma")
    assert given.chat is not None
    own = {**given.chat.settings, "chat_template": str(tmp_path / "policy.jinja")}
    chat = {"provider": "local", "settings": own, "cache": False}
    scorer = open_scorer(PROMPT, config.build(GuardModelConfig, {"format": "shieldgemma", "chat": chat}))
    assert danger(PROMPT, scorer, "Hello.") == [0.75]
    assert "with template" in scorer.chat.name


PARTS = (
    "{% for message in messages %}<|start|>{{ message['role'] }}:{% for content in message['content'] %}"
    "{% if content['type'] == 'text' %}{{ content['text'] }}{% endif %}{% endfor %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant:{% endif %}"
)


def test_templates_that_read_parts_get_parts(tmp_path: Path) -> None:
    """As those of Llama Guard 3-1B and 4 do; given plain text, they would drop it without a word."""
    from mindrail.causal.generate import open_chat
    from mindrail.llm import Message, Request

    chat = open_chat({"model": str(answering(tmp_path, UNSAFE, PARTS)), "dtype": "float32"})
    assert "My soup is cold." in chat.rendered(Request((Message("user", "My soup is cold."),)))


def test_a_model_that_gives_no_verdict_stops_the_work(tmp_path: Path) -> None:
    scorer = open_scorer(PROMPT, settings(answering(tmp_path, {":": "x"})))
    with pytest.raises(Stopped, match=r"3 of 3 questions to .* came to nothing \(unparsable 3\)"):
        scorer.score([Example.of(text) for text in "abc"])


def test_a_text_beyond_the_context_is_most_dangerous(tmp_path: Path) -> None:
    scorer = open_scorer(PROMPT, settings(answering(tmp_path, UNSAFE, context=200)))
    texts = [Example.of("a"), Example.of("b " * 200)]
    assert PROMPT.probabilities(scorer.score(texts))[:, 1] == pytest.approx([0.7, 1.0], abs=1e-4)
    assert scorer.answers == {"graded": 1, "too_long": 1}


WRONG: dict[str, tuple[dict[str, Any], type[MindrailError], str]] = {
    "no format": ({"format": ""}, BadConfig, "no format is named.*llama-guard"),
    "a format that is none": ({"format": "lama-guard"}, UnknownName, "did you mean 'llama-guard'"),
    "no model": ({"chat": None}, BadConfig, "no model is named"),
    "a setting of another format": (
        {"format_settings": {"generation": "3.0"}},
        BadConfig,
        "unknown key 'generation'",
    ),
    "a folder that is none": ({}, BadConfig, "cannot be loaded|is not there|no model"),
    "an axis it does not answer": ({"format": "wildguard"}, BadConfig, "do not answer 'harm'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_work_is_refused(case: str, tmp_path: Path) -> None:
    changes, error, words = WRONG[case]
    given = config.plain(settings(tmp_path / "nowhere")) | changes
    with pytest.raises(error, match=words):
        open_scorer(HARM, config.build(GuardModelConfig, given))


def run_of(split: Split, folder: Path, own: GuardModelConfig) -> Run:
    for _ in train(split, Train(family="guard-model", settings=config.plain(own)), folder):
        pass
    return Run.load(folder)


@pytest.fixture
def split(tmp_path: Path) -> Split:
    """A split on the axis prompt_harm."""
    return make_split(tmp_path / "split", axis=PROMPT)


def test_the_loop_knows_it_as_a_family(split: Split, tmp_path: Path) -> None:
    run = run_of(split, tmp_path / "run", settings(answering(tmp_path / "model", UNSAFE)))
    assert FAMILY.runtime is None
    made = predict_part(run, split, "test")
    assert PROMPT.probabilities(made.scores)[:, 1] == pytest.approx(np.full(4, 0.7), abs=1e-4)
    assert made.made_by.answers == {"graded": 4}
    assert Predictions.load(run.folder / "predictions" / "test").made_by.answers == {"graded": 4}


def test_an_axis_it_does_not_answer_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    other = make_split(tmp_path / "split", axis=TWO)
    with pytest.raises(BadConfig, match="reads its codes as"):
        run_of(other, tmp_path / "run", settings(tmp_path, "llama-guard"))
    assert not (tmp_path / "run" / "run.json").exists()


def server(url: str, **changes: Any) -> GuardModelConfig:
    own = {"base_url": url, "model": "guard", "first_wait": 0.01, "retries": 0, "give_up_after": 2}
    chat = {"provider": "openai", "settings": {**own, "concurrency": 1, **changes}}
    return config.build(GuardModelConfig, {"format": "shieldgemma", "chat": chat})


def test_behind_a_server_it_is_resumed_and_told_in_the_report(split: Split, tmp_path: Path) -> None:
    top = [{"token": "Yes", "logprob": math.log(0.6)}, {"token": "No", "logprob": math.log(0.2)}]
    told = {"content": [{"token": "Yes", "logprob": -0.5, "top_logprobs": top}]}
    left = [2]

    def answer(body: dict[str, Any]) -> Said:
        left[0] -= 1
        return Said(completion("Yes", logprobs=told)) if left[0] >= 0 else Said(b"", 503)

    with serving(answer) as heard:
        run = run_of(split, tmp_path / "run", server(heard.url))
        with pytest.raises(Unreachable, match="the same command again"):
            predict_part(run, split, "test")
        assert not (run.folder / "predictions" / "test").exists()
        left[0], before = 100, len(heard.bodies)
        made = predict_part(run, split, "test")
        assert len(heard.bodies) - before == 2, "two of four were kept"
    assert PROMPT.probabilities(made.scores)[:, 1] == pytest.approx(np.full(4, 0.75), abs=1e-4)
    assert made.made_by.answers == {"graded": 4}
    assert PROMPT.labels[1].means in heard.bodies[0]["chat_template_kwargs"]["guideline"]


def test_reports_say_what_was_not_judged() -> None:
    from dataclasses import replace

    from helpers.judged import judged

    found = judged(TWO, 60)
    origin = replace(found.predictions[0].made_by, answers={"graded": 40, "plain": 15, "refused": 5})
    found = replace(found, predictions=[replace(found.predictions[0], made_by=origin)])
    notes = " ".join(found.evaluate().warnings)
    assert "5 of 60 questions to the language model came to nothing (refused)" in notes
    assert "15 of 60 answers were a word without degrees" in notes


def test_turns_of_a_conversation_reach_the_model(tmp_path: Path) -> None:
    """The last turn is the judged one, whoever speaks it."""
    scorer = open_scorer(PROMPT, settings(answering(tmp_path, UNSAFE)))
    spoken = Example((Turn("user", "Hello."), Turn("assistant", "Hi."), Turn("user", "Soup?")), focus=1)
    (asked,) = scorer.form.ask(spoken, PROMPT)
    assert [(m.role, m.content) for m in asked.messages] == [("user", "Hello."), ("assistant", "Hi.")]
