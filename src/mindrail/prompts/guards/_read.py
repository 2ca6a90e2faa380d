"""From the answer of a guard model to a verdict: graded where log-probabilities were told, else as it was said."""

from collections.abc import Sequence
from dataclasses import dataclass

from mindrail.arrays import Float, ndarray
from mindrail.llm.chat import Failure, Place, Reply
from mindrail.llm.choose import Chosen, settled, smoothed
from mindrail.prompts.guards._base import Asked, Format


@dataclass(frozen=True)
class Verdict:
    """Log-probabilities over the format's words, in their order, and the codes that the answer named."""

    chosen: Chosen
    codes: tuple[str, ...] = ()


def read(answer: Reply | Failure, form: Format, asked: Asked, smoothing: float) -> Verdict | Failure:
    """The verdict of one answer; a Failure for one that has none.

    An answer that was cut off before it named its codes, where codes count, has none either.
    """
    if isinstance(answer, Failure):
        return answer
    words = list(form.words)
    said = _word(answer.text, asked.before, words)
    counts = asked.meaning is not None and asked.meaning.codes is not None
    if said is None or (counts and answer.finish == "length" and form.words[said]):
        return Failure("unparsable", f"{len(answer.text)} characters without a whole verdict")
    logprobs = _graded(answer, asked.before, words)
    if logprobs is None:
        plain = smoothed(words.index(said), len(words), smoothing)
        return Verdict(Chosen(plain, graded=False), form.codes(answer.text))
    return Verdict(Chosen(logprobs, graded=True), form.codes(answer.text))


def _word(text: str, before: str, words: Sequence[str]) -> str | None:
    """The verdict that stands right after `before`, as a whole word; None where none does."""
    _, found, rest = text.partition(before) if before else ("", "", text)
    if before and not found:
        return None
    rest = rest.lstrip()
    fits = [word for word in words if rest.startswith(word) and not rest[len(word) : len(word) + 1].isalnum()]
    return fits[0] if fits else None


def _graded(answer: Reply, before: str, words: Sequence[str]) -> Float[ndarray, " word"] | None:
    """Log-probabilities at the place where the verdict begins; None where they are not told or do not settle it."""
    places = answer.places or (Place(answer.text, answer.first_token),)
    said = ""
    for place in places:
        _, found, rest = said.partition(before) if before else ("", "", said)
        if (found or not before) and not rest.strip() and place.token.strip():
            return settled(place.likeliest, words) if place.likeliest else None
        said += place.token
    return None
