"""A language model that is asked, with or without shots: nothing is learned but which examples to show.

On this machine the options are scored by their tokens (`causal.score`); behind a server they are read from
log-probabilities or chosen under constraint (`llm.choose`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mindrail import config, files
from mindrail.arrays import Float, ndarray
from mindrail.errors import BadConfig, BadFile, WrongTaxonomy
from mindrail.llm import open as opening
from mindrail.llm.chat import Failure
from mindrail.llm.choose import Choosing, Chosen, Outcome
from mindrail.llm.open import LOCAL, ModelSettings
from mindrail.models._base import Job
from mindrail.models._preview import preview
from mindrail.prompts import Form, Question, Shot, Wording, shots
from mindrail.prompts.asked import Ask, AskedScorer, Calibration, same, through
from mindrail.prompts.contextual import Blank
from mindrail.prompts.preview import Preview
from mindrail.records import Example, jsonl
from mindrail.taxonomy import Axis
from mindrail.train import environment
from mindrail.train.progress import Stepped

PROMPT, EXAMPLES, VECTORS = "prompt.json", "examples.jsonl", "vectors.npy"

Choice = Literal["balanced", "similar", "fixed"]


@dataclass(frozen=True)
class PromptedConfig:
    """Settings of the prompted family.

    `model` is an id or folder of a model on this machine, or a mapping as in docs/language-models.md; with `provider:
    local` its settings are those of `causal.score.ScoreSettings`. `choice` of shots: `balanced` over labels, the
    labelled examples most `similar` to each text, or `fixed` by `ids`.
    """

    model: ModelSettings | str = "smollm2"
    shots: int = 0  # shown in every prompt; with ids, as many as these
    choice: Choice = "balanced"
    ids: tuple[str, ...] = ()
    calibration: Calibration = "contextual"
    wording: Wording = field(default_factory=Wording)
    choosing: Choosing = field(default_factory=Choosing)  # behind a server
    embedder: str = "minilm"  # of similar shots: or a Hugging Face id, or a folder

    def __post_init__(self) -> None:
        if self.shots < 0:
            raise ValueError(f"shots is {self.shots}, expected 0 or more")
        if bool(self.ids) != (self.choice == "fixed"):
            raise ValueError("fixed shots are named by ids, and no others are (choice=fixed with ids=[…])")

    @property
    def chat(self) -> ModelSettings:
        """The model as recipes name it."""
        if isinstance(self.model, str):
            return ModelSettings(LOCAL, {"model": self.model})
        return self.model


@dataclass(frozen=True)
class Prompted:
    """What a run's folder holds beside the examples: how the axis is asked, and which examples are shown."""

    axis: str
    digest: str
    asks: str
    judges: Literal["message", "response"]
    config: PromptedConfig
    questions: tuple[
        int, ...
    ] = ()  # the question that each example is shown with; none where each text has its own

    def form(self, axis: Axis, shown: Sequence[Shot] = ()) -> Form:
        """The questions. Raises BadConfig where the wording gives two labels the same word."""
        try:
            return Form(axis, self.asks, self.judges, self.config.wording, tuple(shown))
        except ValueError as error:
            raise BadConfig(f"wording: {error}") from None


class PromptedFamily:
    """Chooses shots; the model stays where it is."""

    runtime = None
    algorithms = ("supervised",)
    Config = PromptedConfig

    def train(self, job: Job, config: PromptedConfig, place: Path) -> Iterator[Stepped]:
        """Write the prompt and the examples it takes. Asks the model nothing."""
        about, examples = chosen(job, config)
        with files.new_folder(place) as folder:
            files.write_json(folder / PROMPT, _plain(about))
            jsonl.write(folder / EXAMPLES, examples)
            if config.choice == "similar" and config.shots:
                np.save(folder / VECTORS, embedded(config, examples), allow_pickle=False)
        yield Stepped(1, 1)

    def preview(
        self, job: Job, config: PromptedConfig, texts: Sequence[Example], *, show_text: bool
    ) -> Preview:
        """What would be asked about `texts`, and its cost; nothing is asked."""
        about, examples = chosen(job, config)
        forms = forms_of(about, job.axis, examples, lambda: embedded(config, examples))

        def blank(some: Sequence[Form]) -> list[tuple[Question, ...]]:
            contextual = config.calibration == "contextual"
            return [asked for _, asked in Blank().questions(some)] if contextual else []

        return preview(forms, config.chat, texts, blank, show_text=show_text)

    def scorer(self, axis: Axis, place: Path) -> AskedScorer:
        """The model with its prompt. Raises BadFile, WrongTaxonomy, and what opening the model raises."""
        about = read(place, axis)
        examples = jsonl.read(place / EXAMPLES)
        forms = forms_of(about, axis, examples, _vectors(place))
        ask, name = open_model(about.config)
        return AskedScorer(
            axis, forms, ask, calibration=about.config.calibration, how=about.config.choosing, name=name
        )


def chosen(job: Job, settings: PromptedConfig) -> tuple[Prompted, Sequence[Example]]:
    """The prompt, and the examples that it shows or, for similar shots, chooses from.

    Raises BadSplit where labels are too few, BadConfig for an unknown id.
    """
    about = Prompted(job.axis.name, job.axis.digest, job.asks, job.judges, settings)
    form = about.form(job.axis)
    if settings.choice == "similar":
        return about, job.labelled if settings.shots else ()
    if settings.choice == "fixed":
        found = shots.fixed(form, job.labelled, settings.ids)
    else:
        found = shots.balanced(form, job.labelled, settings.shots, job.seed)
    return replace(about, questions=tuple(shot.question for shot in found)), [s.example for s in found]


def forms_of(
    about: Prompted, axis: Axis, examples: Sequence[Example], vectors: Callable[[], ndarray]
) -> Callable[[Sequence[Example]], Sequence[Form]]:
    """The form of each text: the same for all, or with the examples that are most like it."""
    if about.config.choice != "similar" or not about.config.shots:
        found = [Shot(one, question) for one, question in zip(examples, about.questions, strict=True)]
        return same(about.form(axis, found))
    bare, count = about.form(axis), about.config.shots

    def own(texts: Sequence[Example]) -> Sequence[Form]:
        known, near = vectors(), embedded(about.config, texts)
        return [
            replace(bare, shots=shots.similar(bare, examples, known, text, vector, count))
            for text, vector in zip(texts, near, strict=True)
        ]

    return own


def embedded(settings: PromptedConfig, examples: Sequence[Example]) -> Float[ndarray, "n width"]:
    """Examples as vectors of length one, what was said before included."""
    from mindrail.models._embed import Embedder

    return Embedder(settings.embedder).embed(["\n".join(filter(None, one.rendered())) for one in examples])


def open_model(settings: PromptedConfig) -> tuple[Ask, str]:
    """Who answers, and what to call it. Raises BadConfig, UnknownName, MissingExtra."""
    if settings.chat.provider == LOCAL:
        return _local(settings.chat)
    chat, _ = opening.around(opening.bare(settings.chat), settings.chat)
    return through(chat, settings.choosing), chat.name


def read(place: Path, axis: Axis) -> Prompted:
    """What `train` wrote. Raises BadFile where nothing is, WrongTaxonomy for another axis."""
    if not (place / PROMPT).is_file():
        raise BadFile(place / PROMPT, "no prompt is here. Do: train again")
    about = config.build(Prompted, files.read_json(place / PROMPT), where=PROMPT)
    if about.digest != axis.digest:
        raise WrongTaxonomy(
            f"the prompt in {place} asks about '{about.axis}' ({about.digest}), expected '{axis.name}' "
            f"({axis.digest}). Do: train again with the present taxonomy"
        )
    return about


def _local(wanted: ModelSettings) -> tuple[Ask, str]:
    environment.settle()
    from mindrail.causal.load import load
    from mindrail.causal.score import OptionScorer, ScoreSettings

    settings = config.build(ScoreSettings, wanted.settings, where=LOCAL)
    loaded = load(settings.model, settings.dtype, settings.device, settings.quantize)
    scorer = OptionScorer(loaded, settings)

    def ask(asked: Sequence[Sequence[Question]]) -> list[list[Outcome]]:
        encoded = [scorer.encode(questions) for questions in asked]
        fit = [i for i, one in enumerate(encoded) if one.size <= scorer.context]
        answers = dict(zip(fit, scorer.score([encoded[i] for i in fit]), strict=True))
        full = Failure("too_long", f"more than {scorer.context} tokens")
        return [
            [Chosen(row, graded=True) for row in answers[i]] if i in answers else [full] * len(questions)
            for i, questions in enumerate(asked)
        ]

    return ask, loaded.name


def _vectors(place: Path) -> Callable[[], ndarray]:
    def load() -> ndarray:
        vectors: ndarray = np.load(place / VECTORS, allow_pickle=False)
        return vectors

    return load


def _plain(about: Prompted) -> dict[str, Any]:
    told: dict[str, Any] = config.plain(about)
    return told


FAMILY = PromptedFamily()
