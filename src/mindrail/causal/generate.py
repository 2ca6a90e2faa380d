"""A language model on this machine as a `Chat`: no server, no network, several requests at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mindrail import config, files
from mindrail.causal._decode import Prompt, decode
from mindrail.causal.encode import harmless
from mindrail.causal.load import DType, Loaded, load
from mindrail.errors import BadConfig
from mindrail.llm import Failure, Reply, Request

#: how templates speak of the parts of a message
_PARTS = re.compile(r"content\[['\"](type|text)['\"]\]|content\.(type|text)\b|selectattr\(['\"]type")


@dataclass(frozen=True)
class LocalSettings:
    """Which model, and how much of it at once."""

    model: str = "smollm2"  # or a Hugging Face id, or a folder
    dtype: DType = "auto"
    device: str = "auto"
    batch: int = 16  # requests computed together; 1: the same text whatever else is asked
    batch_tokens: int = 16_384  # prompts, answers and padding of one batch; about 400 MB for SmolLM2
    context: int | None = None  # tokens of prompt and answer; None: what the model was made for
    chat_template: Path | None = None  # a Jinja file in place of the model's own

    def __post_init__(self) -> None:
        if self.batch < 1 or self.batch_tokens < 1 or (self.context is not None and self.context < 1):
            raise BadConfig("batch, batch_tokens and context must be at least 1")


class LocalChat:
    """Answers by a loaded model.

    Greedy at temperature 0. Above it, each request draws from its own stream of random numbers, which depends on its
    seed and prompt alone. Its text is then the same in every run, in float32 nearly always whatever shares its batch:
    padding changes the last bits of the logits, and where two tokens are almost equally likely, most of all in
    bfloat16, the other one may win. With `batch` 1 nothing shares, and the text depends on the request alone (on one
    kind of machine, with one number of threads).

    Control tokens within a message are written apart (`< |im_end|>`), so that no text can end its own turn. A prompt
    that leaves no room for `max_tokens` fails as `too_long`; nothing is cut. For one thread at a time.
    """

    def __init__(self, loaded: Loaded, settings: LocalSettings) -> None:
        if not getattr(loaded.tokenizer, "chat_template", None):
            raise BadConfig(
                f"'{settings.model}' has no chat template; expected a model trained for conversations, "
                "mostly named '-Instruct' or '-Chat'"
            )
        self.loaded, self.settings = loaded, settings

    @property
    def name(self) -> str:
        """Model, version and precision."""
        return self.loaded.name

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply | Failure]]:
        """Answers batch by batch, short prompts first."""
        prompts: list[Prompt] = []
        for position, request in enumerate(requests):
            made = self._prompt(position, request)
            if isinstance(made, Failure):
                yield position, made
            else:
                prompts.append(made)
        for batch in self._batches(prompts):
            replies = decode(self.loaded, batch)
            yield from ((prompt.position, reply) for prompt, reply in zip(batch, replies, strict=True))

    def _prompt(self, position: int, request: Request) -> Prompt | Failure:
        """The request as tokens, through the model's chat template."""
        from jinja2 import TemplateError

        try:
            text = self.rendered(request)
        except TemplateError:
            return Failure("junk", "the model's chat template takes no such sequence of roles")
        ids = self.loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        room = self.settings.context or self.loaded.context
        if len(ids) + request.max_tokens > room:
            return Failure("too_long", f"{len(ids)} tokens and {request.max_tokens} to answer, of {room}")
        return Prompt(position, request, tuple(ids))

    def rendered(self, request: Request) -> str:
        """The whole prompt as the model's chat template writes it. Raises jinja2.TemplateError."""
        turns = [(m.role, harmless(self.loaded, m.content)) for m in request.messages]
        listed = [{"role": role, "content": self._content(text)} for role, text in turns]
        text: str = self.loaded.tokenizer.apply_chat_template(
            listed, tokenize=False, add_generation_prompt=True, **request.template
        )
        return text

    def _content(self, text: str) -> str | list[dict[str, str]]:
        """Text as it is, or as the one part of a message, for templates that read nothing else."""
        return [{"type": "text", "text": text}] if self._in_parts else text

    @cached_property
    def _in_parts(self) -> bool:
        """Whether the template reads contents of several parts only: those of models that see pictures."""
        template = str(self.loaded.tokenizer.chat_template)
        return bool(_PARTS.search(template)) and "content is string" not in template

    def _batches(self, prompts: list[Prompt]) -> Iterator[list[Prompt]]:
        """Neighbours in length, so that little is padded."""
        batch: list[Prompt] = []
        for prompt in sorted(prompts, key=lambda prompt: prompt.size):
            full = len(batch) == self.settings.batch
            if batch and (full or (len(batch) + 1) * prompt.size > self.settings.batch_tokens):
                yield batch
                batch = []
            batch.append(prompt)
        if batch:
            yield batch


def open_chat(settings: LocalSettings | Mapping[str, Any] | None = None) -> LocalChat:
    """Load the model that the settings (or a recipe's mapping of them) name.

    Takes two seconds for SmolLM2, and five more the first time ever. Raises BadConfig and MissingExtra.
    """
    given = settings or {}
    ready = given if isinstance(given, LocalSettings) else config.build(LocalSettings, given, where="local")
    loaded = load(ready.model, ready.dtype, ready.device)
    if ready.chat_template is not None:
        template = files.read_text(ready.chat_template)
        loaded.tokenizer.chat_template = template
        loaded = replace(loaded, name=f"{loaded.name} with template {files.digest(template)[:8]}")
    return LocalChat(loaded, ready)
