"""Guard models that others trained (Llama Guard, ShieldGemma, Qwen3Guard, Granite Guardian, WildGuard), as scorers.

On this machine through transformers, or behind a server. Nothing is trained, and nothing can be exported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mindrail import config, files, plugins
from mindrail.causal import chats
from mindrail.errors import BadConfig
from mindrail.llm import open as opening
from mindrail.llm.choose import Choosing
from mindrail.llm.open import ModelSettings
from mindrail.models._base import Job
from mindrail.prompts.guards._base import Format
from mindrail.prompts.guards._scorer import GuardModelScorer
from mindrail.records import Example
from mindrail.taxonomy import Axis
from mindrail.train.progress import Stepped

SETTINGS = "guard_model.json"


@dataclass(frozen=True)
class GuardModelConfig:
    """Which model, and in what format it is asked.

    `chat` names it as in docs/language-models.md: `provider: local` with the id or folder of the model, or `openai`
    with a server that runs it. `format_settings` are the format's own.
    """

    format: str = ""
    chat: ModelSettings | None = None
    format_settings: Mapping[str, Any] = field(default_factory=dict)
    choosing: Choosing = field(default_factory=Choosing)


class GuardModelFamily:
    """Keeps the settings; the model stays where it is."""

    runtime = None
    algorithms = ("supervised",)
    Config = GuardModelConfig

    def train(self, job: Job, config: GuardModelConfig, place: Path) -> Iterator[Stepped]:
        """Nothing is learned. Raises what `scorer` would raise of the format, before anything is asked."""
        form_of(config).ask(Example.of("?"), job.axis)
        _chat_of(config)
        with files.new_folder(place) as folder:
            files.write_json(folder / SETTINGS, _plain(config))
        yield Stepped(1, 1)

    def scorer(self, axis: Axis, place: Path) -> GuardModelScorer:
        """The model as a scorer. Raises BadConfig, UnknownName, MissingExtra."""
        return open_scorer(axis, config.build(GuardModelConfig, files.read_json(place / SETTINGS)))


def form_of(settings: GuardModelConfig) -> Format:
    """The format with its settings. Raises UnknownName, and BadConfig where none is named."""
    known = plugins.names("guard-format")
    if not settings.format:
        raise BadConfig(
            f"no format is named. Do: --set settings.format=NAME, one of {', '.join(known)}, as the model's name says"
        )
    cls = plugins.get("guard-format", settings.format).FORMAT
    form: Format = config.build(
        cls, settings.format_settings, where=f"format_settings of '{settings.format}'"
    )
    return form


def open_scorer(axis: Axis, settings: GuardModelConfig) -> GuardModelScorer:
    """The model behind its format, with its allowance, and its cache outside of that."""
    form, wanted = form_of(settings), _chat_of(settings)
    asked = form.ask(Example.of("?"), axis)
    bare = chats.bare(wanted)
    for one in asked:
        chats.refuse_deaf(bare, one.messages, one.template)
    chat, _ = opening.around(bare, wanted)
    return GuardModelScorer(axis, form, chat, settings.choosing)


def _chat_of(settings: GuardModelConfig) -> ModelSettings:
    if settings.chat is None:
        raise BadConfig(
            "no model is named. Do: --set settings.chat.provider=local and settings.chat.settings.model=FOLDER, or "
            "the provider openai and the address of a server that runs it"
        )
    return settings.chat


def _plain(settings: GuardModelConfig) -> dict[str, Any]:
    told: dict[str, Any] = config.plain(settings)
    return told


FAMILY = GuardModelFamily()
