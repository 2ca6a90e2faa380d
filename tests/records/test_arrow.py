"""Examples in an Arrow file are those that were written, wherever one looks."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mindrail.errors import BadFile
from mindrail.records import Example, Turn, arrow, jsonl

WORDS = st.text(min_size=1, max_size=8)
EXAMPLES = st.builds(
    Example,
    turns=st.lists(
        st.builds(Turn, st.sampled_from(["user", "assistant"]), WORDS), min_size=1, max_size=3
    ).map(tuple),
    answers=st.dictionaries(WORDS, st.one_of(WORDS, st.lists(WORDS, max_size=2).map(tuple)), max_size=2),
    group=st.none() | WORDS,
    source=WORDS,
    tags=st.dictionaries(WORDS, WORDS, max_size=2),
)


@given(st.lists(EXAMPLES, max_size=9))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_what_was_written(tmp_path: Path, examples: list[Example]) -> None:
    assert arrow.write(tmp_path / "some.arrow", iter(examples)) == len(examples)
    read = arrow.Examples(tmp_path / "some.arrow")
    assert list(read) == examples and len(read) == len(examples)
    jsonl.write(tmp_path / "some.jsonl", examples)
    assert list(read) == jsonl.read(tmp_path / "some.jsonl")


@pytest.fixture
def several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Example], arrow.Examples]:
    """Ten examples in blocks of four."""
    monkeypatch.setattr(arrow, "BLOCK", 4)
    examples = [Example.of(f"a walk in the park, number {i}") for i in range(10)]
    arrow.write(tmp_path / "ten.arrow", examples)
    return examples, arrow.Examples(tmp_path / "ten.arrow")


def test_every_place_holds_what_a_list_holds_there(several: tuple[list[Example], arrow.Examples]) -> None:
    examples, read = several
    assert [read[i] for i in range(-10, 10)] == [examples[i] for i in range(-10, 10)]
    for part in (slice(2, 7), slice(None, 3), slice(8, 99), slice(None, None, -3)):
        assert read[part] == examples[part]
    for outside in (10, -11):
        with pytest.raises(IndexError):
            read[outside]


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.arrow"
    arrow.write(path, [Example.of("a walk in the park")])
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(BadFile, match="not a whole Arrow file"):
        arrow.Examples(path)
