"""Asking engines: each distinct text once, answers in place, and nothing lost with a worker that dies."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest

from helpers.guards import STORM, examples, tiny_guard
from helpers.scanning import Here
from mindrail import Guard
from mindrail.batch.answers import Answered, Outcome, answer
from mindrail.batch.blocks import Block, blocks
from mindrail.batch.engines._base import WorkerLost
from mindrail.batch.rows import Row, Said
from mindrail.batch.scoring import Memory, answered
from mindrail.runtime.local import LocalScorer


def row(text: str, number: int = 1) -> Row:
    return Row("a", number, str(number), None, None, (("user", text),))


def echo(said: Said) -> Outcome:
    """An answer that tells whose it is."""
    return Outcome("allow", said[-1][1], 1.0, (), 1.0, "clear")


class Fragile:
    """Answers by `echo`; dies whenever `dies` says so, before it answers."""

    def __init__(self, dies: Callable[[Sequence[Said]], bool] = lambda _: False) -> None:
        self.dies, self.asked = dies, Counter[str]()

    def submit(self, asked: Sequence[Said]) -> Future[list[Answered]]:
        done: Future[list[Answered]] = Future()
        self.asked.update(said[-1][1] for said in asked)
        if self.dies(asked):
            done.set_exception(WorkerLost())
        else:
            done.set_result([echo(said) for said in asked])
        return done


def run(cut: list[Block], engine: Fragile | Here, room: int = 1000) -> list[list[Answered]]:
    found = list(answered([(block, False) for block in cut], engine, Memory(room)))
    assert [block for block, _, _ in found] == cut
    return [answers for _, answers, _ in found if answers is not None]


def cut(texts: Sequence[str], size: int = 50) -> list[Block]:
    return list(blocks([row(text, i) for i, text in enumerate(texts)], size))


@pytest.mark.parametrize("room", [0, 1, 7, 1000])
def test_every_row_gets_its_own_answer(room: int) -> None:
    draw = random.Random(room)
    texts = [str(draw.randrange(60)) for _ in range(1000)]
    engine = Fragile()
    found = run(cut(texts), engine, room)
    assert [one.label for answers in found for one in answers if isinstance(one, Outcome)] == texts
    if room == 1000:
        assert set(engine.asked.values()) == {1}, "each distinct text is asked once"
    if room == 0:
        assert engine.asked == Counter(texts), "without dedup, every row is asked"


def test_memory_keeps_what_came_last_and_no_more() -> None:
    memory = Memory(2)
    keys = [memory.key((("user", text),)) for text in "abc"]
    memory.learn({key: echo((("user", "x"),)) for key in keys[:2]})
    assert memory.get(keys[0]) is not None
    memory.learn({keys[2]: echo((("user", "x"),))})
    assert memory.get(keys[1]) is None and memory.get(keys[0]) is not None and memory.get(keys[2]) is not None


def test_texts_are_the_same_only_in_the_same_conversation() -> None:
    memory = Memory(10)
    said: list[Said] = [
        (("user", "a"),),
        (("assistant", "a"),),
        (("user", "b"), ("user", "a")),
        (("user", "b', 'a"),),
        (("user", "A"),),
    ]
    assert len({memory.key(one) for one in said}) == len(said)
    assert memory.key((("user", "a"),)) == memory.key((("user", "a"),))


def test_blocks_that_are_done_are_passed_over() -> None:
    parts, engine = cut([str(i) for i in range(100)], 20), Fragile()
    found = list(answered([(b, b.number in (1, 3)) for b in parts], engine, Memory(10)))
    assert [answers is None for _, answers, _ in found] == [True, False, True, False, False]
    assert [asked for _, _, asked in found] == [0, 20, 0, 20, 20]


def test_what_lost_workers_were_asked_is_asked_again() -> None:
    draw = random.Random(0)
    texts = [str(i) for i in range(500)]
    found = run(cut(texts), Fragile(lambda _: draw.random() < 0.3))
    assert [one.label for answers in found for one in answers if isinstance(one, Outcome)] == texts


def test_a_text_that_kills_every_worker_is_found_and_harms_no_other() -> None:
    texts = [str(i) for i in range(500)]
    engine = Fragile(lambda asked: any(said[-1][1] == "77" for said in asked))
    (found,) = run(cut(texts, 500), engine)
    assert [i for i, one in enumerate(found) if one == "worker-died"] == [77]
    assert sum(isinstance(one, Outcome) for one in found) == 499
    assert engine.asked["77"] <= 12


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    return Guard.load(tiny_guard(tmp_path_factory.mktemp("guard") / "guard"), threads=2)


def test_answers_have_the_bits_of_the_guard_itself(guard: Guard) -> None:
    asked = examples(60)
    said = [tuple((turn.speaker, turn.text) for turn in one.turns) for one in asked]
    for one, found in zip(asked, answer(guard, said), strict=True):
        own = guard(one)
        chances = tuple(own.probabilities[name] for name in guard.axis.names)
        assert found == (own.decision, own.label, own.probability, chances, own.coverage, own.code)


def test_a_text_on_which_the_model_fails_fails_alone(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = type(guard.scorer)
    real = scorer.one

    def one(self: LocalScorer, example: object, spread: object) -> object:
        if example.text == "please":  # type: ignore[attr-defined]
            raise RuntimeError("please")
        return real(self, example, spread)  # type: ignore[arg-type]

    monkeypatch.setattr(scorer, "one", one)
    found = answer(guard, [(("user", text),) for text in ("the soup is ready", "please", STORM)])
    first, second, third = found
    assert isinstance(first, Outcome) and second == "guard-failed"
    assert isinstance(third, Outcome) and third.decision == "block"
