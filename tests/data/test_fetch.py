"""Files come from the mirror or their public address, are what the card says, or are not kept at all."""

import gzip
import hashlib
import io
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mindrail.data import fetch
from mindrail.data.card import Card, Source
from mindrail.errors import BadFile, Unreachable

CONTENT = b"text,label\nhello,fine\n"


def card(*names: str, content: bytes = CONTENT) -> Card:
    digest = hashlib.sha256(content).hexdigest()
    files = tuple(Source(f"data/{name}", digest, len(content)) for name in names)
    return Card("A set", "us/set", "0" * 40, "MIT", ("en",), 1, "none", "none", files)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINDRAIL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    folder = tmp_path / "mirror"
    (folder / "toy").mkdir(parents=True)
    monkeypatch.setenv("MINDRAIL_DATA", str(folder))
    return folder / "toy"


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Callable[[Callable[[], object]], list[str]]:
    """Answer every request with what the given function makes; returns the addresses asked for."""
    monkeypatch.delenv("MINDRAIL_DATA", raising=False)
    asked: list[str] = []

    def answer_with(make: Callable[[], object]) -> list[str]:
        def opener(request: urllib.request.Request, timeout: float) -> object:
            asked.append(request.full_url)
            return make()

        monkeypatch.setattr(urllib.request, "urlopen", opener)
        return asked

    return answer_with


def test_a_mirror_is_copied(mirror: Path, cache: Path) -> None:
    (mirror / "a.csv").write_bytes(CONTENT)
    folder = fetch.fetch("toy", card("a.csv"))
    assert folder == cache / "sets" / "toy"
    assert (folder / "a.csv").read_bytes() == CONTENT


def test_a_packed_mirror_is_unpacked(mirror: Path, cache: Path) -> None:
    (mirror / "a.csv.gz").write_bytes(gzip.compress(CONTENT))
    assert (fetch.fetch("toy", card("a.csv")) / "a.csv").read_bytes() == CONTENT


def test_what_is_packed_in_the_repository_stays_packed(mirror: Path, cache: Path) -> None:
    packed = gzip.compress(CONTENT)
    (mirror / "a.csv.gz").write_bytes(packed)
    assert (fetch.fetch("toy", card("a.csv.gz", content=packed)) / "a.csv.gz").read_bytes() == packed


def test_a_packed_mirror_that_is_cut_off_is_refused(mirror: Path, cache: Path) -> None:
    (mirror / "a.csv.gz").write_bytes(gzip.compress(CONTENT)[:-9])
    with pytest.raises(BadFile, match="not a whole gzip file"):
        fetch.fetch("toy", card("a.csv"))


def test_other_bytes_are_refused_and_nothing_is_kept(mirror: Path, cache: Path) -> None:
    (mirror / "a.csv").write_bytes(CONTENT + b"x")
    with pytest.raises(BadFile, match=r"sha256 .* with 23 bytes, expected .* with 22; nothing was kept"):
        fetch.fetch("toy", card("a.csv"))
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_what_is_there_is_not_fetched_again(mirror: Path, cache: Path) -> None:
    (mirror / "a.csv").write_bytes(CONTENT)
    fetch.fetch("toy", card("a.csv"))
    (mirror / "a.csv").unlink()
    assert (fetch.fetch("toy", card("a.csv")) / "a.csv").is_file()


def test_what_was_changed_in_the_cache_is_fetched_again(mirror: Path, cache: Path) -> None:
    (mirror / "a.csv").write_bytes(CONTENT)
    (fetch.fetch("toy", card("a.csv")) / "a.csv").write_bytes(b"tampered")
    assert (fetch.fetch("toy", card("a.csv")) / "a.csv").read_bytes() == CONTENT


def test_a_set_without_files_needs_nothing(cache: Path) -> None:
    assert fetch.fetch("toy", card()) == cache / "sets" / "toy"


def test_a_mirror_that_is_no_folder_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINDRAIL_DATA", "/nowhere/at/all")
    with pytest.raises(Unreachable, match="MINDRAIL_DATA names /nowhere/at/all"):
        fetch.fetch("toy", card("a.csv"))


def test_without_a_mirror_the_pinned_address_is_asked(
    internet: Callable[..., list[str]], cache: Path
) -> None:
    asked = internet(lambda: io.BytesIO(CONTENT))
    fetch.fetch("toy", card("a b.csv"))
    assert asked == [f"https://raw.githubusercontent.com/us/set/{'0' * 40}/data/a%20b.csv"]


def test_other_bytes_from_the_network_are_refused(internet: Callable[..., list[str]], cache: Path) -> None:
    internet(lambda: io.BytesIO(b"something else"))
    with pytest.raises(BadFile, match="nothing was kept"):
        fetch.fetch("toy", card("a.csv"))


def test_a_missing_page_is_unreachable(internet: Callable[..., list[str]]) -> None:
    def missing() -> object:
        raise urllib.error.HTTPError("https://x", 404, "gone", {}, None)  # type: ignore[arg-type]

    internet(missing)
    with pytest.raises(Unreachable, match=r"HTTP 404.*Do: connect to the network"):
        fetch.fetch("toy", card("a.csv"))


def test_silence_is_noticed_within_seconds(
    internet: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "PATIENCE", 0.2)
    done = threading.Event()
    internet(lambda: done.wait(30))
    start = time.monotonic()
    try:
        with pytest.raises(Unreachable, match="no answer within seconds"):
            fetch.fetch("toy", card("a.csv"))
    finally:
        done.set()
    assert time.monotonic() - start < 2


def test_a_slow_source_is_not_cut_off(
    internet: Callable[..., list[str]], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "PATIENCE", 0.6)

    class Slow(io.BytesIO):
        parts: Iterator[bytes] = iter([CONTENT[:5], CONTENT[5:11], CONTENT[11:17], CONTENT[17:], b""])

        def read(self, _size: int | None = -1, /) -> bytes:
            time.sleep(0.25)
            return next(self.parts)

    internet(Slow)
    assert (fetch.fetch("toy", card("a.csv")) / "a.csv").read_bytes() == CONTENT


def test_the_network_is_out_of_reach_for_tests(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINDRAIL_DATA", raising=False)
    with pytest.raises(Unreachable):
        fetch.fetch("toy", card("a.csv"))
