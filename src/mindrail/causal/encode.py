"""A question as tokens: the prompt that all its options go on from, and what each option adds to it.

Models with a chat template get it, with control tokens in anybody's text written apart, so that no text can end its
own turn. A template without a place for instructions has them put before the first turn. Models without a template
get a plain one, for base models: turns one below the other, each answer after `Answer:`.

    (instructions)

    (text and question of a shot)
    Answer: yes

    (text and question)
    Answer:
"""

from collections.abc import Sequence
from typing import NamedTuple

from mindrail.causal.load import Loaded
from mindrail.errors import BadConfig
from mindrail.llm.chat import Message

#: what some templates would else fill in with today's date, or with an invitation to think aloud
_FIXED = {"date_string": "01 Jan 2026", "enable_thinking": False}
_ANSWER = "Answer:"


class Encoded(NamedTuple):
    """One question as tokens. The text of a prompt with an option is `prompt + options[i]`, in the tokens that the
    tokenizer makes of it; where it merges the ends of prompt and option, the prompt is the shorter for it.
    """

    prompt: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]  # none is empty or the beginning of another

    @property
    def size(self) -> int:
        """Tokens that have to fit the context."""
        return len(self.prompt) + max(map(len, self.options))


def encode(loaded: Loaded, messages: Sequence[Message], options: Sequence[str]) -> Encoded:
    """Prompt and options as the tokenizer writes them together.

    Where one option begins another (`safe`, `safe reply`), each is followed by the token that ends an answer, so
    that the shorter means that and no more. Raises BadConfig where two options are the same to the tokenizer.
    """
    text, glue = render(loaded, messages)
    plain = not _templated(loaded)
    wholes = [
        tuple(ids)
        for ids in loaded.tokenizer(
            [text + glue + harmless(loaded, option) for option in options], add_special_tokens=False
        )["input_ids"]
    ]
    if plain and (first := loaded.tokenizer.bos_token_id) is not None:
        wholes = [(first, *ids) for ids in wholes]
    if any(a != b and a == b[: len(a)] for a in wholes for b in wholes):
        wholes = [(*ids, _end(loaded)) for ids in wholes]
    if len(set(wholes)) < len(options):
        raise BadConfig(
            "the model's tokenizer does not tell two options apart. Do: choose other words for them"
        )
    at = common(*wholes)
    return Encoded(wholes[0][:at], tuple(ids[at:] for ids in wholes))


def render(loaded: Loaded, messages: Sequence[Message]) -> tuple[str, str]:
    """The prompt as text, and what stands between it and an answer.

    Raises BadConfig where the model's chat template takes no such turns.
    """
    turns = [{"role": m.role, "content": harmless(loaded, m.content)} for m in messages]
    if not _templated(loaded):
        return _plain(turns), " "
    from jinja2 import TemplateError

    for form in (turns, _merged(turns)):
        try:
            text: str = loaded.tokenizer.apply_chat_template(
                form, tokenize=False, add_generation_prompt=True, **_FIXED
            )
        except TemplateError:
            continue
        return text, ""
    raise BadConfig(
        f"the chat template of {loaded.name} takes no such sequence of turns ({', '.join(m.role for m in messages)})"
    )


def harmless(loaded: Loaded, text: str) -> str:
    """A text whose control tokens are written apart (`< |im_end|>`)."""
    text = text.encode("utf-8", "replace").decode()
    for token in loaded.control:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def common(*sequences: Sequence[int]) -> int:
    """How many tokens all sequences begin with."""
    size = 0
    for tokens in zip(*sequences, strict=False):
        if len(set(tokens)) > 1:
            break
        size += 1
    return size


def _templated(loaded: Loaded) -> bool:
    return bool(getattr(loaded.tokenizer, "chat_template", None))


def _merged(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    """Instructions before the first turn."""
    if len(turns) < 2 or turns[0]["role"] != "system":
        return turns
    first = {**turns[1], "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
    return [first, *turns[2:]]


def _plain(turns: list[dict[str, str]]) -> str:
    said = [
        {"system": "{}\n\n", "user": f"{{}}\n{_ANSWER}", "assistant": " {}\n\n"}[turn["role"]].format(
            turn["content"]
        )
        for turn in turns
    ]
    return "".join(said)


def _end(loaded: Loaded) -> int:
    """A token that ends an answer."""
    given = loaded.tokenizer.eos_token_id
    if given is None and not loaded.ends:
        raise BadConfig(f"{loaded.name} has no token that ends an answer, and one option begins another")
    return int(min(loaded.ends) if given is None else given)
