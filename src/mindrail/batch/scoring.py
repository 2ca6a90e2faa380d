"""Every text of a block answered, each distinct one once; what dies on the way is asked again."""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from mindrail.batch.answers import Answered, Outcome
from mindrail.batch.blocks import Block
from mindrail.batch.engines._base import Engine, Promised, WorkerLost
from mindrail.batch.rows import Said

#: texts and characters that travel together
_MOST_TEXTS, _MOST_CHARACTERS = 64, 64_000
#: blocks that are worked on while the first of them is waited for
_AHEAD = 3
#: how often one text may take its worker with it
_TRIES = 5

#: what a text is known by: its hash, or without dedup a number of its own
Key = bytes | int


class Memory:
    """Answers to the texts that came last, so many at most; with room for none, every text is a new one."""

    def __init__(self, room: int) -> None:
        self.room, self._known, self._new = room, OrderedDict[Key, Outcome](), count()

    def key(self, said: Said) -> Key:
        """The same for the same turns."""
        return hashlib.blake2b(repr(said).encode(), digest_size=16).digest() if self.room else next(self._new)

    def get(self, key: Key) -> Outcome | None:
        """The answer if it is known, which keeps it longer."""
        if key in self._known:
            self._known.move_to_end(key)
        return self._known.get(key)

    def learn(self, answers: dict[Key, Answered]) -> None:
        """Remember answers; failures are none."""
        if self.room:
            self._known |= {key: found for key, found in answers.items() if isinstance(found, Outcome)}
        while len(self._known) > self.room:
            self._known.popitem(last=False)


class _Asked(NamedTuple):
    """A block on its way. `answers` has room for its keys; what an earlier block asks is found in `elsewhere`."""

    block: Block
    keys: list[Key]
    answers: dict[Key, Answered]
    elsewhere: dict[Key, dict[Key, Answered]]
    pieces: list[tuple[list[Key], list[Said], Promised]]


def answered(
    todo: Iterable[tuple[Block, bool]], engine: Engine, memory: Memory
) -> Iterator[tuple[Block, list[Answered] | None, int]]:
    """The blocks in order, with an answer to each row and how many texts the engine was asked about.

    Blocks whose flag is set are done already: they pass without an answer.
    """
    under_way: deque[_Asked | Block] = deque()
    asking: dict[Key, dict[Key, Answered]] = {}
    for block, done in todo:
        under_way.append(block if done else _ask(block, engine, memory, asking))
        if len(under_way) > _AHEAD:
            yield _finished(under_way.popleft(), engine, memory, asking)
    while under_way:
        yield _finished(under_way.popleft(), engine, memory, asking)


def _ask(block: Block, engine: Engine, memory: Memory, asking: dict[Key, dict[Key, Answered]]) -> _Asked:
    """Submit what is not known, and not being asked for an earlier block."""
    asked = _Asked(block, [memory.key(row.said) for row in block.rows], {}, {}, [])
    new: dict[Key, Said] = {}
    for key, row in zip(asked.keys, block.rows, strict=True):
        if key in asking:
            asked.elsewhere[key] = asking[key]
        elif (known := memory.get(key)) is not None:
            asked.answers[key] = known
        else:
            new[key] = row.said
    for keys in _pieces(new):
        said = [new[key] for key in keys]
        asked.pieces.append((keys, said, engine.submit(said)))
    asking |= dict.fromkeys(new, asked.answers)
    return asked


def _pieces(new: dict[Key, Said]) -> Iterator[list[Key]]:
    """Keys of texts that travel together."""
    piece: list[Key] = []
    characters = 0
    for key, said in new.items():
        length = sum(len(text) for _, text in said)
        if piece and (len(piece) == _MOST_TEXTS or characters + length > _MOST_CHARACTERS):
            yield piece
            piece, characters = [], 0
        piece.append(key)
        characters += length
    if piece:
        yield piece


def _finished(
    asked: "_Asked | Block", engine: Engine, memory: Memory, asking: dict[Key, dict[Key, Answered]]
) -> tuple[Block, list[Answered] | None, int]:
    if isinstance(asked, Block):
        return asked, None, 0
    fresh: dict[Key, Answered] = {}
    for keys, said, promised in asked.pieces:
        fresh |= zip(keys, _collected(engine, said, promised), strict=True)
    for key in fresh:
        del asking[key]
    memory.learn(fresh)
    asked.answers.update(fresh)
    for key, elsewhere in asked.elsewhere.items():
        asked.answers[key] = elsewhere[key]
    return asked.block, [asked.answers[key] for key in asked.keys], len(fresh)


def _collected(engine: Engine, said: Sequence[Said], promised: Promised, tries: int = 1) -> list[Answered]:
    """Wait for answers. What a lost worker had is asked again in halves, so that a text that kills is found."""
    try:
        return promised.result()
    except WorkerLost:
        if len(said) == 1 and tries == _TRIES:
            return ["worker-died"]
        middle = len(said) // 2
        halves = [half for half in (said[:middle], said[middle:]) if half]
        again = [engine.submit(half) for half in halves]
        tries = tries + 1 if len(said) == 1 else 1
        return [
            one
            for half, more in zip(halves, again, strict=True)
            for one in _collected(engine, half, more, tries)
        ]
