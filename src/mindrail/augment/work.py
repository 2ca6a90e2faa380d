"""Making views chunk by chunk: from the cache or by the method, then checked, then on disk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mindrail import files, seeds
from mindrail.augment._base import Made, Method, Wanted
from mindrail.augment.cache import Cache
from mindrail.augment.checks import Candidate, Check, Sifted, sift
from mindrail.augment.store import Outcome, Rejected, Store
from mindrail.errors import MindrailError, Stopped, Unreachable
from mindrail.records import Example
from mindrail.records.views import View
from mindrail.train.progress import Stepped

#: one text in so many may be lost to requests that fail again and again while others are answered
_LOST = 50


@dataclass(frozen=True)
class Work:
    """A method with the checks its views have to pass. `name` is the method's."""

    name: str
    method: Method
    checks: Sequence[Check]
    cached: bool = True

    def run(self, examples: Sequence[Example], views: int, seed: int, store: Store) -> Iterator[Stepped]:
        """Make `views` of each example that the store does not have yet, yielding progress in views.

        A text counts as done when all its views were made or failed for good. Raises Unreachable where a language
        model stops answering and Stopped where its allowance is spent; texts done until then are kept. Single
        requests that go unanswered are tried once more at the end, and then counted as `down`.
        """
        done = {outcome.of: len(outcome.views) for outcome in store.outcomes()}
        for last in (False, True):
            left = [example for example in examples if example.id not in done]
            if last and len(left) > len(examples) // _LOST:
                raise self._down(len(done), len(examples))
            for some in self._chunks(left, views):
                outcomes, error = self._chunk(some, views, seed, last)
                store.add(outcomes)
                done |= {outcome.of: len(outcome.views) for outcome in outcomes}
                if error is not None:
                    raise error
                if not outcomes:  # nobody answers
                    break
                yield _progress(done, examples, views)

    def _chunks(self, examples: Sequence[Example], views: int) -> Iterator[Sequence[Example]]:
        size = max(1, self.method.chunk // views)
        return (examples[start : start + size] for start in range(0, len(examples), size))

    def _chunk(
        self, examples: Sequence[Example], views: int, seed: int, last: bool
    ) -> tuple[list[Outcome], MindrailError | None]:
        """What came of the texts that are done, and the error that has to be raised once that is kept."""
        wanted = [_wanted(example, number, seed) for example in examples for number in range(views)]
        results, error = self._made(wanted)
        if error is None and any(made.reason == "budget" for made in results.values()):
            error = self._spent()
        passing = {"budget"} if last else {"budget", "down"}
        missing = {
            one.example.id
            for place, one in enumerate(wanted)
            if place not in results or results[place].reason in passing
        }
        ready = [place for place, one in enumerate(wanted) if one.example.id not in missing]
        return self._outcomes([wanted[place] for place in ready], [results[place] for place in ready]), error

    def _made(self, wanted: Sequence[Wanted]) -> tuple[dict[int, Made], MindrailError | None]:
        """What came of each, by position; the cache has each as soon as it is there, whatever ends the work."""
        results = self._cache.find(wanted) if self._cache else {}
        places = [place for place in range(len(wanted)) if place not in results]
        asked = [wanted[place] for place in places]
        try:
            for place, one in self.method.make(asked) if asked else ():
                results[places[place]] = one
                if self._cache:
                    self._cache.keep(asked[place], one)
        except MindrailError as error:
            return results, error
        return results, None

    def _outcomes(self, wanted: Sequence[Wanted], results: Sequence[Made]) -> list[Outcome]:
        """Checked, text by text."""
        candidates = {
            place: Candidate(one.example, View(one.example.id, made.turns, self.name).example(one.example))
            for place, (one, made) in enumerate(zip(wanted, results, strict=True))
            if made.turns is not None
        }
        sifted = dict(zip(candidates, sift(list(candidates.values()), self.checks), strict=True))
        found: dict[str, tuple[list[View], list[Rejected]]] = {}
        for place, (one, made) in enumerate(zip(wanted, results, strict=True)):
            kept, rejected = found.setdefault(one.example.id, ([], []))
            verdict = sifted.get(place, Sifted(made.reason or "junk", {}))
            if made.turns is not None and verdict.reason is None:
                kept.append(View(one.example.id, made.turns, self.name, self._made_by(one, verdict)))
            else:
                rejected.append(_rejected(one, made, verdict))
        return [Outcome(of, tuple(kept), tuple(rejected)) for of, (kept, rejected) in found.items()]

    def _made_by(self, one: Wanted, verdict: Sifted) -> dict[str, object]:
        return {"by": self._by, "number": one.number, "seed": one.seed, **verdict.facts}

    @cached_property
    def _by(self) -> str:
        return files.digest(self.method.identity())[:16]

    @cached_property
    def _cache(self) -> Cache | None:
        return Cache.of(self.method) if self.cached and not self.method.cheap else None

    def _down(self, done: int, texts: int) -> MindrailError:
        return Unreachable(
            f"the language model of '{self.name}' stopped answering after {done} of {texts} texts, which are kept. "
            "Do: see that it runs, then give the same command again"
        )

    def _spent(self) -> MindrailError:
        return Stopped(
            f"the allowance for '{self.name}' is spent; what was made is kept. Do: allow more and give the same "
            "command again, or be content with fewer texts (--limit, in another folder)"
        )


def _wanted(example: Example, number: int, seed: int) -> Wanted:
    return Wanted(example, number, seeds.derive(seed, "view", example.id, number))


def _progress(done: Mapping[str, int], examples: Sequence[Example], views: int) -> Stepped:
    made = len(done) * views
    return Stepped(made, len(examples) * views, {"kept": sum(done.values()) / made})


def _rejected(one: Wanted, made: Made, verdict: Sifted) -> Rejected:
    length = None if made.turns is None else sum(len(turn.text) for turn in made.turns)
    before = sum(len(turn.text) for turn in one.example.turns)
    return Rejected(one.example.id, one.number, verdict.reason or "junk", before, length)
