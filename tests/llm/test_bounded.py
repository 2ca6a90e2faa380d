"""However much is asked, and by whatever step: never more requests under way than `concurrency` allows."""

from typing import Any

import pytest

from helpers.axes import TWO
from helpers.server import Said, completion, serving
from helpers.splits import examples
from mindrail.augment._base import Wanted
from mindrail.augment.methods.rewrite import METHOD
from mindrail.llm.choose import Choosing
from mindrail.llm.open import Allowance, ModelSettings, around, bare
from mindrail.prompts.asked import AskedScorer, same, through
from mindrail.prompts.question import Form

MOST = 3


def slowly(text: str) -> Any:
    return lambda body: Said(completion(text), wait=0.01)


def model(url: str, cache: bool = False) -> ModelSettings:
    settings = {"base_url": url, "model": "m", "concurrency": MOST, "constrain": "none"}
    return ModelSettings("openai", settings, Allowance(requests=1000), cache)


@pytest.mark.parametrize("cache", [False, True])
def test_scoring_by_prompt_keeps_to_it(cache: bool) -> None:
    with serving(slowly("safe")) as heard:
        wanted = model(heard.url, cache)
        chat, budget = around(bare(wanted), wanted)
        scorer = AskedScorer(TWO, same(Form(TWO)), through(chat, Choosing(read="answer")))
        assert scorer.score(examples(TWO, 40)).shape == (40, 2)
    assert heard.most_open == MOST
    assert budget.spent.requests == len(heard.bodies) == 40


def test_rewording_keeps_to_it() -> None:
    with serving(slowly("A friend said something else")) as heard:
        method = METHOD(chat=model(heard.url))
        made = list(method.make([Wanted(one, 0, seed) for seed, one in enumerate(examples(TWO, 40))]))
    assert heard.most_open == MOST
    assert sorted(place for place, _ in made) == list(range(40))
