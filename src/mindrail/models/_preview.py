"""What a family that asks in words would ask, and its cost, with the tokenizer but without the model."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mindrail import config
from mindrail.errors import BadConfig
from mindrail.llm.open import LOCAL, ModelSettings
from mindrail.prompts import Form, Question
from mindrail.prompts.preview import Preview, Reading, Sending, sample, sending
from mindrail.records import Example
from mindrail.train import environment

if TYPE_CHECKING:
    from mindrail.causal.load import Loaded

#: texts whose tokens are counted; the rest is taken to be like them
COUNTED = 200


def preview(
    forms: Callable[[Sequence[Example]], Sequence[Form]],
    wanted: ModelSettings,
    texts: Sequence[Example],
    extra: Callable[[Sequence[Form]], Sequence[Sequence[Question]]],
    *,
    show_text: bool,
) -> Preview:
    """Nothing is asked. `extra` are questions that each form brings with it, such as those about nothing.

    Raises BadConfig where there is no text to be asked about, or the model cannot be found.
    """
    if not texts:
        raise BadConfig("the split has no dev and test texts, so nothing would be asked")
    some = texts[:: max(1, len(texts) // COUNTED)][:COUNTED] if wanted.provider == LOCAL else texts
    own = forms(some)
    asked = [form.questions(text) for form, text in zip(own, some, strict=True)]
    once, shown = extra(own), sample(own[0], show_text=show_text)
    times = len(texts) / len(some)
    again = times if len({form.head for form in own}) > 1 else 1.0  # where every text has a prompt of its own
    questions = round(len(asked[0]) * len(texts) + sum(map(len, once)) * again)
    cost: Reading | Sending
    if wanted.provider == LOCAL:
        cost = _reading(wanted, asked, once, times, again)
    else:
        cost = sending([*asked, *once], wanted.budget)
    return Preview(shown.messages, shown.options, len(asked[0]), len(texts), questions, cost)


def _unread(model: str) -> "tuple[Loaded, int]":
    """A model without its weights, and its context."""
    environment.settle()
    from transformers import AutoConfig, AutoTokenizer

    from mindrail.causal.load import Loaded, locate

    where = locate(model)
    try:
        about = AutoConfig.from_pretrained(where).get_text_config()
        tokenizer = AutoTokenizer.from_pretrained(where)
    except (OSError, ValueError, KeyError) as error:
        raise BadConfig(f"the tokenizer of '{model}' cannot be loaded ({type(error).__name__})") from None
    loaded = Loaded(None, tokenizer, model)
    return loaded, int(getattr(about, "max_position_embeddings", 0) or 2048)


def _reading(
    wanted: ModelSettings,
    asked: Sequence[Sequence[Question]],
    once: Sequence[Sequence[Question]],
    times: float,
    again: float,
) -> Reading:
    """`asked` stand for `times` as many texts, and `once`, with their prefixes, for `again` as many questions."""
    from mindrail.causal.asked import Encoder
    from mindrail.causal.score import ScoreSettings

    settings = config.build(ScoreSettings, wanted.settings, where=LOCAL)
    loaded, context = _unread(settings.model)
    encoder = Encoder(loaded)
    texts, extra = ([encoder.encode(questions) for questions in some] for some in (asked, once))
    sizes = [len(one.tree.tokens) for one in texts]
    kept = sum(map(len, {one.prefix for one in texts})) + sum(len(one.tree.tokens) for one in extra)
    whole = sum(len(q.prompt) for one in texts for q in one.questions) * times
    whole += sum(len(q.prompt) for one in extra for q in one.questions) * again
    return Reading(
        len(texts[0].prefix),
        sum(sizes) / len(sizes),
        max(sizes),
        round(kept * again + sum(sizes) * times),
        round(whole),
        min(context, settings.context or context),
    )
