"""`reappraise`: a language model tells the same situation from a steadier, a darker or a dangerous place.

Unlike a view, such a variant has a label of its own: the level that was asked for. It goes into a labelled set, made
by `mindrail.recipes.reappraise`. The idea is the emotion re-interpretation of arXiv 2509.04512, whose prompts were
never published; ours are in `augment/prompts/reappraise_*.yaml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, get_args

from mindrail import config, seeds
from mindrail.augment import prompt
from mindrail.augment._base import Wanted
from mindrail.augment.methods._asked import Asked
from mindrail.augment.prompt import Prompt
from mindrail.data.made import MODEL
from mindrail.files import digest
from mindrail.llm.chat import Request
from mindrail.records import Example

Level = Literal["safe", "borderline", "unsafe"]
LEVELS: tuple[Level, ...] = get_args(Level)
#: the tags of a variant: the level that is asked for, and its kind of harm, if any
LEVEL, HARM = "level", "kind_of_harm"


@dataclass(frozen=True)
class Reappraisal(Asked):
    """Costs one request per variant. Only the judged turn is told anew; those before it stay.

    `harms` says in words what each kind of harm means.
    """

    skips: ClassVar[frozenset[str]] = frozenset({"label", "meaning"})
    prompt: ClassVar[str] = "reappraise"
    temperature: float = 0.7
    top_p: float = 0.95
    context: int = 0
    harms: Mapping[str, str] = field(default_factory=dict)

    def identity(self) -> dict[str, Any]:
        """Model, prompts of all levels, and decoding."""
        words = digest([config.plain(_prompt(level)) for level in LEVELS])[:16]
        return {**super().identity(), "prompt": words, "harms": dict(self.harms)}

    @property
    def shown(self) -> tuple[str, ...]:
        """The texts of the examples in the prompts."""
        return tuple(text for level in LEVELS for text in vars(_prompt(level).example).values())

    def requests(self, wanted: Wanted) -> dict[int, Request]:
        """One request, in the words for the level that the example's tags ask for."""
        one, tags = wanted.example, wanted.example.tags
        if not one.text.strip():
            return {}
        words = _prompt(tags.get(LEVEL, "safe"))
        means = self.harms.get(tags.get(HARM, ""), "")
        harm = f"What it is about: {means}" if means else ""
        return {
            one.focus: Request(
                words.messages(one.turns[one.focus], harm=harm),
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                top_p=self.top_p,
                seed=seeds.derive(wanted.seed, one.focus),
            )
        }

    @property
    def _prompt(self) -> Prompt:
        """What answers are read by: the marker is the same at all levels."""
        return _prompt("safe")


def asked(post: Example, level: Level, harm: str = "") -> Example:
    """The post as a variant that is wanted: with the label that the variant will have, and where it comes from.

    It keeps the post's group, so that no split can put the two on different sides.
    """
    answers: dict[str, Any] = {"risk": level}
    if level == "safe" or harm:
        answers["harm"] = () if level == "safe" else (harm,)
    told = {"origin": MODEL, "of": post.id, "of_source": post.source, LEVEL: level}
    kind = {HARM: harm} if harm else {}
    return replace(
        post,
        answers=answers,
        group=post.group or post.id,
        source="reappraised",
        tags=told | kind,
        id=digest([post.id, level, harm])[:16],
    )


def _prompt(level: str) -> Prompt:
    return prompt.load(f"reappraise_{level}")


METHOD = Reappraisal
