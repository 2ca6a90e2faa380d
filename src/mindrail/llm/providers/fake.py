"""A model that says what it was told to: for tests, examples and dry runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from mindrail import files, seeds
from mindrail.errors import BadConfig
from mindrail.llm.chat import Failure, FailureCode, Reply, Request

Answer = str | Reply | Failure


def play(
    requests: Sequence[Request], answer: Callable[[Request], Answer]
) -> Iterator[tuple[int, Reply | Failure]]:
    """Answer in a shuffled order, as servers do, the same one each time; words count as tokens."""
    for position in seeds.stream(0, "fake", len(requests)).permutation(len(requests)):
        made = answer(requests[position])
        if isinstance(made, str):
            asked = sum(len(message.content.split()) for message in requests[position].messages)
            made = Reply(made, prompt_tokens=asked, completion_tokens=len(made.split()))
        yield int(position), made


@dataclass(frozen=True)
class Fake:
    """Canned replies. Which one a request gets depends on the request alone, as does whether it fails."""

    replies: tuple[str, ...] = ("This is a canned reply.",)
    failing: Mapping[FailureCode, float] = field(default_factory=dict)  # share of the requests, by code

    def __post_init__(self) -> None:
        if not self.replies or not 0 <= sum(self.failing.values()) <= 1:
            raise BadConfig("a fake needs at least one reply, and shares of failures between 0 and 1 in all")

    @property
    def name(self) -> str:
        """Changes with what it says."""
        return f"fake#{files.digest([self.replies, dict(self.failing)])[:12]}"

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply | Failure]]:
        """Replies and failures in a shuffled order."""
        return play(requests, self._answer)

    def _answer(self, request: Request) -> Answer:
        random = seeds.stream(request.seed, "fake", files.digest(asdict(request)))
        chance = random.random()
        for code, share in self.failing.items():
            chance -= share
            if chance < 0:
                return Failure(code, "planned")
        return self.replies[int(random.integers(len(self.replies)))]


@dataclass(frozen=True)
class Answering:
    """A double for tests: `answer` makes each reply (or failure), `asked` remembers the requests in order."""

    answer: Callable[[Request], Answer]
    name: str = "double"
    asked: list[Request] = field(default_factory=list)

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply | Failure]]:
        """What `answer` makes, in a shuffled order."""
        self.asked.extend(requests)
        return play(requests, self.answer)


PROVIDER = Fake
