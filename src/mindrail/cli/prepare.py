"""`mindrail prepare`: sets to a split of few labels, unlabelled text, dev and test."""

import argparse
from pathlib import Path

from mindrail.cli import _options
from mindrail.cli._command import Command, Result
from mindrail.recipes.prepare import DEV, Prepare, prepare


def _number_or_all(text: str) -> int | str:
    if text != "all" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number or all, found '{text}'")
    return text if text == "all" else int(text)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--taxonomy", help="what is asked: a taxonomy's id, or your own .yaml")
    parser.add_argument(
        "--train", action="append", metavar="SET", help="a set, or the .yaml card of your own table"
    )
    parser.add_argument("--test", action="append", metavar="SET")
    parser.add_argument(
        "--unlabelled", action="append", metavar="SET", help="more texts to learn from without labels"
    )
    parser.add_argument(
        "--labels",
        type=_number_or_all,
        metavar="N",
        help="how many examples keep their labels to learn from, or all (default: 200)",
    )
    parser.add_argument(
        "--dev-size",
        type=int,
        metavar="N",
        help=f"labelled examples for thresholds and the promise (default: {DEV}, or a third if that is less)",
    )
    parser.add_argument(
        "--leaks",
        choices=("refuse", "drop"),
        help="texts that stand on two sides: refuse them (default), or learn from none of them",
    )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, required=True, help="folder of the split")
    _options.add_settings(parser, "the settings of the split")


def _run(options: argparse.Namespace) -> Result:
    if options.labels == "all":
        options.labels = None
        options.set.append("labels=null")
    settings = _options.settings(
        Prepare,
        options,
        taxonomy=options.taxonomy,
        train=options.train,
        test=options.test,
        unlabelled=options.unlabelled,
        labels=options.labels,
        dev_size=options.dev_size,
        leaks=options.leaks,
        seed=options.seed,
    )
    split = prepare(settings, options.out)
    about = {key: split.about[key] for key in ("rows", "answers", "dropped", "leaks_allowed", "licences")}
    lines = [f"{name:<11} {count:>6} rows" for name, count in about["rows"].items()]
    lines += [
        f"{name:<11} " + ", ".join(f"{k} {v}" for k, v in c.items()) for name, c in about["answers"].items()
    ]
    lines += [f"dropped     {', '.join(f'{k} {v}' for k, v in about['dropped'].items())}"]
    lines += [
        f"near duplicates across {name}: {count}" for name, count in about["leaks_allowed"].items() if count
    ]
    lines += [f"licence     {name}: {terms['licence']}" for name, terms in about["licences"].items()]
    return Result(about | {"folder": str(options.out)}, "\n".join([*lines, f"split       {options.out}"]))


COMMAND = Command("sets to a split: few labels, unlabelled text, dev and test", _configure, _run)
