"""What is asked next: nobody twice, nobody the same unless it is meant, everything from a seed."""

import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotating import RISK, examples, project
from helpers.axes import SCALE, SEVERAL
from helpers.guards import tiny_guard
from mindrail import files
from mindrail.annotate import order, results, setup
from mindrail.annotate.desk import Desk
from mindrail.annotate.project import Project
from mindrail.annotate.settings import Settings
from mindrail.errors import BadSplit, UsageError
from mindrail.guard import Guard
from mindrail.records import Example, jsonl
from mindrail.records.targets import encode
from mindrail.text import hashed


def next_of(desk: Desk) -> str | None:
    asked = desk.next()
    return None if asked is None else asked.item.example.id


def label(desk: Desk, name: str, risk: str = "safe") -> None:
    desk.label(uuid.uuid4().hex, name, {"risk": risk})


def run(made: Project, people: list[str]) -> dict[str, list[str]]:
    """Everybody labels one item in turn until nothing is left."""
    done: dict[str, list[str]] = {who: [] for who in people}
    while True:
        before = sum(map(len, done.values()))
        for who in people:
            desk = Desk(made, who)
            if (name := next_of(desk)) is not None:
                label(desk, name)
                done[who].append(name)
        if sum(map(len, done.values())) == before:
            return done


def test_two_people_never_hold_the_same_item_unless_both_are_wanted(tmp_path: Path) -> None:
    alone = project(tmp_path / "alone", want=1)
    assert next_of(Desk(alone, "ana")) != next_of(Desk(alone, "ben"))
    both = project(tmp_path / "both", want=2)
    assert next_of(Desk(both, "ana")) == next_of(Desk(both, "ben"))


def test_each_item_is_labelled_as_often_as_it_is_wanted_and_by_different_people(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 11, want=2, people=("ana", "ben", "cleo"))
    done = run(made, ["ana", "ben", "cleo"])
    assert all(len(set(names)) == len(names) for names in done.values())
    counts = [sum(example.id in names for names in done.values()) for example in examples(11)]
    assert counts == [2] * 11


def test_an_item_that_is_left_lying_goes_to_somebody_else(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 2, lease=10.0)
    now = [1000.0]
    ana, ben = Desk(made, "ana", lambda: now[0]), Desk(made, "ben", lambda: now[0])
    first, second = next_of(ana), next_of(ben)
    assert first and second and first != second
    label(ben, second)
    assert next_of(ben) is None
    now[0] += 601
    assert next_of(ben) == first


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps_blocks_nothing(tmp_path: Path, jump: float) -> None:
    made = project(tmp_path / "p", 2)
    now = [1_000_000.0]
    ana, ben = Desk(made, "ana", lambda: now[0]), Desk(made, "ben", lambda: now[0])
    first = next_of(ana)
    now[0] += jump
    assert next_of(ben) == first
    label(ben, str(first))
    assert next_of(ana) not in (None, first)


def test_a_label_that_comes_late_still_counts(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1, lease=1.0)
    now = [0.0]
    ana, ben = Desk(made, "ana", lambda: now[0]), Desk(made, "ben", lambda: now[0])
    name = str(next_of(ana))
    now[0] = 120.0
    assert next_of(ben) == name
    label(ana, name)
    label(ben, name)
    with made.database.reading() as db:
        assert len(results.read(db)[0].labels) == 2


def test_a_skipped_item_goes_to_others_and_not_back(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1)
    ana, ben = Desk(made, "ana"), Desk(made, "ben")
    name = str(next_of(ana))
    ana.skip(uuid.uuid4().hex, name, "too close")
    assert next_of(ana) is None
    assert next_of(ben) == name


def test_nobody_sees_what_others_said(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1, want=2)
    ana, ben = Desk(made, "ana"), Desk(made, "ben")
    name = str(next_of(ana))
    ana.note(uuid.uuid4().hex, name, "hers")
    label(ana, name, "unsafe")
    asked = ben.next()
    assert asked is not None
    assert (asked.notes, asked.answers, asked.standing) == ((), None, None)


def lines(folder: Path, size: int) -> str:
    path = folder / "messages.txt"
    path.write_text("".join(f"{text} today\n" for text in (f"Walk number {n}" for n in range(size))))
    return str(path)


def test_the_same_seed_gives_the_same_project_and_another_seed_another(tmp_path: Path) -> None:
    data = [lines(tmp_path, 60)]

    def made(name: str, seed: int) -> list[tuple[str, str, int]]:
        done = setup.create(tmp_path / name, "emotional-risk", data, Settings(test=10, seed=seed))
        with done.project.database.reading() as db:
            return [(i.item.example.id, i.item.part, i.item.want) for i in results.read(db)]

    assert made("a", 0) == made("b", 0) != made("c", 1)


def test_the_test_sample_is_spread_and_of_its_size(tmp_path: Path) -> None:
    settings = Settings(test=10, test_every=3, test_overlap=1.0, overlap=0.0)
    done = setup.create(tmp_path / "p", "emotional-risk", [lines(tmp_path, 60)], settings)
    assert (done.pool, done.test, done.repeated) == (50, 10, 0)
    with done.project.database.reading() as db:
        items = [one.item for one in results.read(db)]
    assert [item.part for item in items[:7]] == ["test", "pool", "pool", "test", "pool", "pool", "test"]
    assert {item.want for item in items if item.part == "test"} == {2}
    assert {item.want for item in items if item.part == "pool"} == {1}


def test_the_test_sample_does_not_depend_on_the_order_of_asking(tmp_path: Path) -> None:
    data = [lines(tmp_path, 60)]
    guard = tiny_guard(tmp_path / "guard", "linear", axis=RISK.axes[0])

    def sample(ask: str) -> set[str]:
        settings = Settings(test=10, ask=ask)  # type: ignore[arg-type]
        made = setup.create(tmp_path / ask, "emotional-risk", data, settings, guard).project
        with made.database.reading() as db:
            return {one.item.example.id for one in results.read(db) if one.item.part == "test"}

    assert sample("random") == sample("uncertainty") == sample("diversity") == sample("disagreement")


def test_the_test_sample_keeps_groups_whole() -> None:
    made = [Example.of(f"m {n}", group=f"g{n // 5}") for n in range(50)]
    chosen = setup.test_sample(made, 12, seed=0)
    assert len(chosen) == 15
    assert {example.group for example in made if example.id in chosen}.isdisjoint(
        {example.group for example in made if example.id not in chosen}
    )


def test_a_test_sample_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSplit, match="leaves nothing else"):
        setup.create(tmp_path / "p", "emotional-risk", [lines(tmp_path, 5)], Settings(test=5))


def test_an_order_that_follows_a_guard_needs_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--guard DIR"):
        setup.create(tmp_path / "p", "emotional-risk", [lines(tmp_path, 5)], Settings(ask="uncertainty"))


def test_each_text_is_asked_once(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("Hello there\nhello  there\nGood bye\n")
    done = setup.create(tmp_path / "p", "emotional-risk", [str(tmp_path / "m.txt")], Settings())
    assert (done.pool, done.repeated) == (2, 1)


def test_messages_come_from_what_teams_have(tmp_path: Path) -> None:
    jsonl.write(tmp_path / "split.jsonl", examples(3))
    files.write_jsonl(tmp_path / "chat.jsonl", [{"messages": [{"role": "user", "content": "Good morning"}]}])
    (tmp_path / "table.csv").write_text("text,other\nGood night,1\n")
    (tmp_path / "card.yaml").write_text("file: table.csv\ntext: other\n")
    data = [str(tmp_path / name) for name in ("split.jsonl", "chat.jsonl", "table.csv", "card.yaml")]
    done = setup.create(tmp_path / "p", "emotional-risk", data, Settings())
    assert done.pool == 6


def test_uncertainty_asks_the_narrowest_margin_first() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.4, 0.35, 0.25], [0.5, 0.3, 0.2]])
    assert order.by_uncertainty(SCALE, probabilities, 0).tolist() == [1, 2, 0]
    several = np.array([[0.9, 0.1, 0.1], [0.45, 0.0, 0.0], [0.7, 0.9, 0.9]])
    assert order.by_uncertainty(SEVERAL, several, 0).tolist() == [1, 2, 0]


def test_disagreement_asks_contested_labels_first_then_uncertain_ones() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.2, 0.7], [0.4, 0.35, 0.25], [0.9, 0.05, 0.05]])
    said = encode(SCALE, ["unsafe", "safe", None, "safe"])
    assert set(order.by_disagreement(SCALE, probabilities, said, 0)[:2].tolist()) == {0, 1}
    assert order.by_disagreement(SCALE, probabilities, said, 0)[2:].tolist() == [2, 3]
    assert order.contested(SCALE, probabilities, said).tolist() == [True, True, False, False]


def test_a_contested_label_is_asked_once_more_of_somebody_else(tmp_path: Path) -> None:
    said = [Example.of("storm thunder storm"), Example.of("the soup is ready")]
    jsonl.write(tmp_path / "m.jsonl", said)
    guard = tiny_guard(tmp_path / "guard", "linear", axis=RISK.axes[0])
    odds = [Guard.load(guard)(one).probabilities for one in said]
    own = [max(chances, key=lambda name: chances[name]) for chances in odds]
    assert own[0] == "unsafe"
    data = [str(tmp_path / "m.jsonl")]
    made = setup.create(tmp_path / "p", "emotional-risk", data, Settings(overlap=0.0)).project
    for who in ("ana", "ben"):
        made.link(who)
    ana = Desk(made, "ana")
    while (name := next_of(ana)) is not None:
        label(ana, name, "safe" if name == said[0].id else own[1])
    assert next_of(Desk(made, "ben")) is None
    assert setup.rank(made, "disagreement", guard) == 1
    assert next_of(Desk(Project(tmp_path / "p"), "ben")) == said[0].id
    assert next_of(Desk(Project(tmp_path / "p"), "ana")) is None


def test_diversity_takes_one_of_each_before_a_second_of_any() -> None:
    texts = [f"{topic} {topic}s and {topic}ly" for topic in ("garden", "thunder", "soup") for _ in range(20)]
    first = order.by_diversity(texts, seed=0)[:3]
    assert {texts[place].split()[0] for place in first} == {"garden", "thunder", "soup"}


@given(st.integers(2, 30), st.integers(0, 5))
def test_k_centre_is_the_slow_greedy_choice(size: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(size, 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    chosen = [0]
    while len(chosen) < size // 2:
        gaps = [
            min(1 - points[i] @ points[c] for c in chosen) if i not in chosen else -1 for i in range(size)
        ]
        chosen.append(int(np.argmax(gaps)))
    assert order.k_centre(points, max(1, size // 2)).tolist() == chosen


def test_hashed_rows_have_length_one_and_tell_texts_apart() -> None:
    rows = hashed.rows(["a walk in the park", "the walk in a park", "今天去公园", ""])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1, 0])
    assert rows[0] @ rows[1] > 0.8 > rows[0] @ rows[2]


@given(st.lists(st.integers(0, 5), max_size=8), st.lists(st.integers(), max_size=12), st.integers(1, 5))
def test_interleaving_loses_nothing_and_keeps_both_orders(
    test: list[int], pool: list[int], every: int
) -> None:
    left, right = [f"t{n}{i}" for i, n in enumerate(test)], [f"p{n}{i}" for i, n in enumerate(pool)]
    mixed = order.interleave(left, right, every)
    assert [name for name in mixed if name.startswith("t")] == left
    assert [name for name in mixed if name.startswith("p")] == right
