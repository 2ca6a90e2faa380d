"""What belongs together: groups, near copies, and chains of both; against a slow closure."""

from hypothesis import given
from hypothesis import strategies as st

from mindrail.data.together import components, together
from mindrail.records import Example

LONG = "we met by the old bridge on a windy morning and walked home slowly along the river"


def test_groups_and_near_copies_chain() -> None:
    many = [
        Example.of(f"{LONG} today", group="a"),
        Example.of("something else entirely", group="b"),
        Example.of("and one more thing", group="a"),
        Example.of(f"{LONG} again", group="b"),  # nearly the first text, in the group of the second
        Example.of("alone"),
    ]
    assert together(many, 0.7) == [0, 0, 0, 0, 1]
    assert together(many, 0.0) == [0, 1, 0, 1, 2]


def test_nobody_has_no_group() -> None:
    assert together([], 0.7) == []
    assert together([Example.of("one"), Example.of("two")], 0.7) == [0, 1]


@given(
    st.integers(1, 8).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))
    )
)
def test_components_are_the_closure(case: tuple[int, list[tuple[int, int]]]) -> None:
    size, links = case
    reach = [{i} for i in range(size)]
    for _ in range(size):
        for a, b in links:
            for one in range(size):
                if {a, b} & reach[one]:
                    reach[one] |= {a, b}
    found = components(size, links)
    assert [sorted(i for i in range(size) if found[i] == found[one]) for one in range(size)] == [
        sorted(r) for r in reach
    ]
    assert list(dict.fromkeys(found)) == list(range(max(found) + 1))
