"""Every command that the pages show is one that the command line takes."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from mindrail import plugins
from mindrail.cli import Command

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("studies/*/*.md"),
    *ROOT.glob("examples/*.md"),
]
#: in a line of code or within one of prose, which begins with the command or a shell's sign
_SHOWN = re.compile(r"`(mindrail [a-z][^`\n]+)`|^(?:    |\$ )(?:.*&& )?(mindrail [a-z].+)$", re.MULTILINE)
#: what stands between fences, where commands begin at the margin
_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: what a page writes for "and so on", and what a shell does with the rest of the line
_REST = re.compile(r"…|\s#\s.*|[|&;<>].*")


def commands(page: Path) -> list[str]:
    """The commands of one page, without what a shell or a reader adds."""
    text = page.read_text().replace("\\\n", " ")
    text = _FENCED.sub(lambda found: re.sub(r"^mindrail ", "$ mindrail ", found[1], flags=re.MULTILINE), text)
    return [" ".join(_REST.sub(" ", one or other).split()) for one, other in _SHOWN.findall(text)]


def refusal(command: str) -> str | None:
    """What is wrong with the options of a command; whether it has all it needs is not asked."""
    words = shlex.split(command)[1:]
    if words[0] not in plugins.names("command"):
        return f"no command '{words[0]}'"
    known: Command = plugins.get("command", words[0]).COMMAND
    parser = argparse.ArgumentParser(exit_on_error=False)
    known.configure(parser)
    parser.add_argument("--json", action="store_true")
    for action in parser._actions:
        action.required = False
    try:
        parser.parse_args(words[1:])
    except argparse.ArgumentError as error:
        return None if "expected one argument" in str(error) else str(error)  # an option by its name alone
    except SystemExit:
        return "unknown options"
    return None


def test_pages_show_commands() -> None:
    assert len(PAGES) > 30 and sum(len(commands(page)) for page in PAGES) > 100


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_commands_of_a_page_are_taken(page: Path) -> None:
    assert {command: said for command in commands(page) if (said := refusal(command))} == {}
