"""Work that stops, fails, is cached and goes on: nothing is lost and nothing is done twice."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mindrail import seeds
from mindrail.augment._base import Made, Wanted
from mindrail.augment.cache import Cache
from mindrail.augment.checks import Checks, chosen
from mindrail.augment.store import Outcome, Rejected, Store
from mindrail.augment.work import Work
from mindrail.errors import BadConfig, BadFile, MissingExtra, Stopped, Unreachable
from mindrail.records import Example, Turn
from mindrail.records.views import View

CANARY = "zq-canary-text"


@dataclass(frozen=True)
class Told:
    """A method that does what `answer` says; `asked` remembers."""

    answer: Callable[[Wanted], Made]
    cheap: ClassVar[bool] = False
    skips: ClassVar[frozenset[str]] = frozenset({"meaning"})
    chunk: int = 4
    name: str = "told"
    asked: list[tuple[str, int]] = field(default_factory=list)

    def identity(self) -> dict[str, Any]:
        return {"method": self.name}

    def make(self, wanted: Sequence[Wanted]) -> Iterator[tuple[int, Made]]:
        for place, one in reversed(list(enumerate(wanted))):
            self.asked.append((one.example.id, one.number))
            yield place, self.answer(one)


def good(one: Wanted) -> Made:
    words = ("a fine day", "some fresh bread", "the old river", "one more song")[one.number % 4]
    return Made((Turn("user", f"{words} {one.example.text[-2:]}"),))


def but(reason: str, *of: int) -> Callable[[Wanted], Made]:
    """Everything is good but texts with these numbers."""
    return lambda one: Made(None, reason) if int(one.example.text.split()[1]) in of else good(one)  # type: ignore[arg-type]


def texts(size: int) -> list[Example]:
    return [Example.of(f"soup {i} {CANARY}") for i in range(size)]


def run(
    method: Told, size: int, place: Path, *, views: int = 2, cached: bool = False
) -> dict[str, tuple[int, list[str]]]:
    """Text to (views kept, reasons of the others), after all the work."""
    store = Store(place, {"job": 1})
    work = Work("told", method, chosen(Checks(), method.skips), cached)
    steps = [stepped.step for stepped in work.run(texts(size), views, 0, store)]
    assert steps == sorted(steps)
    return {o.of: (len(o.views), [one.reason for one in o.rejected]) for o in store.outcomes()}


def test_every_text_gets_its_views(tmp_path: Path) -> None:
    found = run(Told(good), 5, tmp_path / "v")
    assert set(found) == {text.id for text in texts(5)} and set(map(str, found.values())) == {"(2, [])"}


def test_failures_are_counted_and_do_not_stop(tmp_path: Path) -> None:
    found = run(Told(but("junk", 1, 3)), 5, tmp_path / "v")
    assert sorted(reasons for _, reasons in found.values()) == [[], [], [], ["junk"] * 2, ["junk"] * 2]


def test_views_repeat_neither_their_text_nor_each_other(tmp_path: Path) -> None:
    found = run(Told(lambda one: good(replace(one, number=0))), 1, tmp_path / "v", views=3)
    assert list(found.values()) == [(1, ["near_copy"] * 2)]


def test_a_model_that_goes_down_leaves_what_was_made_and_goes_on_there(tmp_path: Path) -> None:
    broken = Told(but("down", *range(5, 12)))
    with pytest.raises(Unreachable, match="after 5 of 12 texts") as stopped:
        run(broken, 12, tmp_path / "v")
    assert CANARY not in str(stopped.value) and stopped.value.exit_code == 5
    again = Told(good)
    assert len(run(again, 12, tmp_path / "v")) == 12
    assert {name for name, _ in again.asked} == {text.id for text in texts(12)[5:]}
    idle = Told(good)
    run(idle, 12, tmp_path / "v")
    assert not idle.asked


def test_a_dead_model_is_not_asked_about_everything(tmp_path: Path) -> None:
    dead = Told(but("down", *range(100)))
    with pytest.raises(Unreachable, match="after 0 of 100"):
        run(dead, 100, tmp_path / "v")
    assert len(dead.asked) == 4


def test_one_request_that_always_fails_is_tried_twice_and_counted(tmp_path: Path) -> None:
    poisoned = Told(but("down", 7))
    found = run(poisoned, 60, tmp_path / "v")
    assert sum(kept for kept, _ in found.values()) == 118 and found[texts(8)[7].id] == (0, ["down"] * 2)
    assert len(poisoned.asked) == 122


def test_a_spent_allowance_stops_at_once(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="allowance") as stopped:
        run(Told(but("budget", 3, 4, 5, 6, 7)), 8, tmp_path / "v")
    assert type(stopped.value) is Stopped
    assert len(run(Told(good), 8, tmp_path / "v")) == 8


def test_an_error_half_way_keeps_whole_texts(tmp_path: Path) -> None:
    def answer(one: Wanted) -> Made:
        if one.example.text.startswith("soup 0"):
            raise MissingExtra("x", "train", "this")
        return good(one)

    with pytest.raises(MissingExtra):
        run(Told(answer), 4, tmp_path / "v")
    assert [o.of for o in Store(tmp_path / "v", {"job": 1}).outcomes()] == [texts(2)[1].id]


def test_the_same_wording_is_asked_for_once_across_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINDRAIL_CACHE", str(tmp_path / "cache"))
    first, second, other = Told(but("junk", 2)), Told(good), Told(good, name="other")
    for number, method in enumerate((first, second, other)):
        run(method, 4, tmp_path / str(number), cached=True)
    assert (len(first.asked), len(second.asked), len(other.asked)) == (8, 0, 8)
    run(second, 6, tmp_path / "more", cached=True)
    assert len(second.asked) == 4
    (one, *_) = (tmp_path / "cache" / "views").glob("*.sqlite")
    assert (one.stat().st_mode & 0o077, one.parent.stat().st_mode & 0o077) == (0, 0)


def test_without_the_cache_nothing_is_kept_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINDRAIL_CACHE", str(tmp_path / "cache"))
    run(Told(good), 2, tmp_path / "v", cached=False)
    assert not (tmp_path / "cache").exists()


def test_what_says_nothing_about_a_text_is_asked_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "views" / "x.sqlite")
    wanted = [Wanted(text, 0, seeds.derive(0, text.id)) for text in texts(6)]
    reasons = ("down", "budget", "timeout", "junk", "refused")
    for one, made in zip(wanted, [*(Made(None, reason) for reason in reasons), good(wanted[5])], strict=True):
        cache.keep(one, made)
    assert cache.find(wanted) == {3: Made(None, "junk"), 4: Made(None, "refused"), 5: good(wanted[5])}
    assert cache.find([replace(wanted[5], seed=1)]) == {}


def test_a_broken_cache_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(os.urandom(4096))
    with pytest.raises(BadFile, match="delete it"):
        Cache(path).find([Wanted(texts(1)[0], 0, 0)])


def test_a_cache_cut_off_while_it_was_made_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    sqlite3.connect(path).close()
    path.touch()
    assert Cache(path).find([Wanted(texts(1)[0], 0, 0)]) == {}


def test_parts_are_read_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "v", {"a": 1})
    some = Outcome(
        "x",
        (View("x", (Turn("user", "soup"),), "edit", {"number": 0}),),
        (Rejected("x", 1, "junk", 4, None),),
    )
    store.add([some])
    store.add([])
    store.add([replace(some, of="y")])
    assert [o.of for o in Store(tmp_path / "v", {"a": 1}).outcomes()] == ["x", "y"]
    assert next(iter(store.outcomes())) == some
    store.clear()
    assert not list((tmp_path / "v").iterdir())


def test_another_job_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "v", {"a": 1})
    with pytest.raises(BadConfig, match="other views"):
        Store(tmp_path / "v", {"a": 2})
    with pytest.raises(BadConfig, match="something else"):
        Store(tmp_path, {"a": 1})


def test_a_damaged_part_is_refused_without_its_text(tmp_path: Path) -> None:
    store = Store(tmp_path / "v", {"a": 1})
    (tmp_path / "v" / "parts" / "000000-x.jsonl").write_text(f'{{"of": "{CANARY}"}}\n')
    with pytest.raises(BadFile) as refused:
        list(store.outcomes())
    assert CANARY not in str(refused.value) and refused.value.line == 1
