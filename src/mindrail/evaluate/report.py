"""An evaluation in three forms that agree: a page for people, Markdown for reviews, JSON for programs."""

from pathlib import Path

from mindrail import config, files
from mindrail.evaluate import html, markdown
from mindrail.evaluate.results import Evaluation
from mindrail.evaluate.sections import document


def write(evaluation: Evaluation, folder: Path) -> Path:
    """Write `report.html` (one file, no network, no script), `report.md` and `report.json`; return the page.

    Each file is written atomically; other files of the folder stay as they are.
    """
    told, data = document(evaluation), config.plain(evaluation)
    files.write_json(folder / "report.json", data)
    files.write_text(folder / "report.md", markdown.text(told))
    files.write_text(folder / "report.html", html.page(told, data))
    return folder / "report.html"


def read(path: Path) -> Evaluation:
    """The evaluation that `report.json` holds. Raises BadFile or BadConfig."""
    return config.build(Evaluation, files.read_json(path), where=path.name)
