"""What CONTRIBUTING.md tells people who add a thing: where its file goes, and what it must define."""

import re
from pathlib import Path

import pytest

from mindrail import plugins

PAGE = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text()
#: kind: (folder, names that a module must define)
TOLD = {
    kind: (folder, re.findall(r"`(\w+)`", defines))
    for kind, folder, defines in re.findall(
        r"^\| `([\w-]+)`.* \| `(.+)/<name>.py` \| (.+) \|$", PAGE, re.MULTILINE
    )
}


def test_page_tells_of_every_kind() -> None:
    folders = {
        kind: package.removeprefix("mindrail.").replace(".", "/") for kind, package in plugins.KINDS.items()
    }
    assert {kind: folder for kind, (folder, _) in TOLD.items()} == folders


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_every_thing_defines_what_its_kind_must(kind: str) -> None:
    _, needed = TOLD[kind]
    assert needed and plugins.names(kind)
    missing = {
        name: lacking
        for name in plugins.names(kind)
        if (lacking := [one for one in needed if not hasattr(plugins.get(kind, name), one)])
    }
    assert not missing


def test_an_installed_package_adds_a_thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = plugins.names("metric")
    (tmp_path / "their_share.py").write_text("METRIC = 'theirs'\n")
    about = tmp_path / "their_package-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[mindrail.metric]\ntheir-share = their_share\n")
    monkeypatch.syspath_prepend(tmp_path)
    plugins._added.cache_clear()
    try:
        assert plugins.names("metric") == sorted([*known, "their-share"])
        assert plugins.get("metric", "their-share").METRIC == "theirs"
    finally:
        plugins._added.cache_clear()
