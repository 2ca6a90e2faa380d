"""A long example as several short ones, so that every prompt stays within a length and nothing is truncated."""

from dataclasses import dataclass, replace
from typing import Any

from mindrail.errors import BadConfig
from mindrail.records import Example, Turn
from mindrail.runtime.local import cuts


@dataclass(frozen=True)
class Reach:
    """How much of an example one prompt shows, in tokens of the model's own tokenizer."""

    window: int = 256  # of the text under judgement; longer ones are read in several
    overlap: int = 32  # that neighbouring windows share
    context: int = 128  # of what was said before, the latest; older is not read, by design

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.window or self.context < 0:
            raise BadConfig(
                f"window {self.window}, overlap {self.overlap}, context {self.context}; expected an overlap shorter "
                "than the window, and nothing below 0"
            )


def pieces(example: Example, tokenizer: Any, reach: Reach) -> list[Example]:
    """The example itself where it is short enough, else overlapping windows of its judged text, in order.

    Each piece carries the example's id and answers, and the latest of what was said before.
    """
    spans = _spans(example.text, tokenizer)
    before = _latest(example.context, tokenizer, reach.context)
    if len(spans) <= reach.window and before == example.context:
        return [example]
    judged = example.turns[example.focus]
    made = []
    for start, end in cuts(len(spans), reach.window, reach.overlap):
        # the first and last pieces keep what tokens do not cover, such as space at the ends
        first = spans[start][0] if start else 0
        last = spans[end - 1][1] if end < len(spans) else len(judged.text)
        part = Turn(judged.speaker, judged.text[first:last])
        made.append(replace(example, turns=(*before, part), focus=len(before)))
    return made


def _latest(turns: tuple[Turn, ...], tokenizer: Any, room: int) -> tuple[Turn, ...]:
    """The last turns that fit, the first of them from where it fits on."""
    kept: list[Turn] = []
    for turn in reversed(turns):
        spans = _spans(turn.text, tokenizer)
        if len(spans) > room:
            if room:
                kept.append(Turn(turn.speaker, turn.text[spans[-room][0] :]))
            break
        kept.append(turn)
        room -= len(spans)
    return tuple(reversed(kept))


def _spans(text: str, tokenizer: Any) -> list[tuple[int, int]]:
    """Where each token stands in the text."""
    read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    spans: list[tuple[int, int]] = read["offset_mapping"]
    return spans
