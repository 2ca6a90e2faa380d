"""What the pages say there is, is there; and the other way round."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGES = ("integrate.md", "deploy.md", "serve.md")


@pytest.mark.parametrize("page", _PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (_ROOT / "docs" / page).read_text())
    assert targets and [one for one in targets if not (_ROOT / "docs" / one).exists()] == []


def test_every_example_is_told_of() -> None:
    told = (_ROOT / "docs" / "integrate.md").read_text()
    entries = {path.name for path in (_ROOT / "examples").iterdir()} - {"README.md", "__pycache__"}
    assert [name for name in sorted(entries) if f"../examples/{name}" not in told] == []


def test_nothing_in_examples_is_shared() -> None:
    """Each is copied alone, so none imports another."""
    names = {path.stem for path in (_ROOT / "examples").rglob("*.py")}
    for path in (_ROOT / "examples").rglob("*.py"):
        imported = set(re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE))
        assert not imported & names, path
