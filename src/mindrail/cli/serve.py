"""`mindrail serve`: a guard behind HTTP, in OpenAI's format and others."""

import argparse
import sys
from pathlib import Path

from mindrail.cli import _options
from mindrail.cli._command import Command, Result
from mindrail.errors import MissingExtra


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `serve`."""
    parser.add_argument(
        "--guard",
        action="append",
        required=True,
        metavar="[NAME=]DIR",
        help="a guard folder; repeatable, the first answers where no model is named",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; beyond this machine only with keys"
    )
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name it is reached by; repeatable",
    )
    parser.add_argument(
        "--keys", type=Path, metavar="FILE", help="one NAME KEY a line; or in the environment, MINDRAIL_KEYS"
    )
    parser.add_argument(
        "--audit", type=Path, metavar="DIR", help="keep a line of every decision there, without texts"
    )
    parser.add_argument(
        "--crosswalk",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="labels to other services' categories",
    )
    parser.add_argument(
        "--no-page", dest="page", action="store_const", const=False, help="no browser page at /"
    )
    _options.add_settings(parser, "settings of the server (docs/serve.md)")


def run(options: argparse.Namespace) -> Result:
    """Serves until SIGTERM or Ctrl-C, then ends with 0."""
    try:
        from mindrail.serve.settings import Settings
        from mindrail.serve.start import serve
    except ModuleNotFoundError as missing:
        raise MissingExtra(missing.name or "starlette", "serve", "serving") from None
    serve(
        options.guard,
        host=options.host,
        port=options.port,
        hosts=options.allow_host,
        keys=options.keys,
        audit=options.audit,
        crosswalks=options.crosswalk,
        settings=_options.settings(Settings, options, page=options.page),
        announce=lambda url: print(f"listening on {url}", file=sys.stderr, flush=True),
    )
    return Result({"stopped": True}, "")


COMMAND = Command("a guard behind HTTP, in OpenAI's format and others", configure, run)
