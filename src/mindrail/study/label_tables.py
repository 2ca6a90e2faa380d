"""A study of label budgets as Markdown tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from mindrail.study.numbers import points
from mindrail.study.readme import table

Group = Mapping[str, Any]


def tables(summary: Mapping[str, Any]) -> str:
    """For each task what was reached, what unlabelled texts added at what cost, and what holds elsewhere."""
    groups = summary["groups"]
    lines = [
        f"{summary['finished']} of {summary['cells']} cells are finished. F1 × 100, 95 % intervals.",
        "",
    ]
    for task in dict.fromkeys(group["task"] for group in groups):
        mine = [group for group in groups if group["task"] == task]
        lines += [f"### {task}", "", *_reached(mine), *_gained(mine), *_elsewhere(mine)]
    return "\n".join(lines).rstrip() + "\n"


def _named(group: Group) -> list[str]:
    labels = group["labels"] if group["labels"] != "all" else f"all {group['labelled']:,}"
    how = group["algorithm"] if group["family"] == "encoder" else f"{group['family']}, {group['algorithm']}"
    views = "" if group["views"] == "none" else f", {group['views']}"
    return [f"{labels}", f"{how}{views}", "" if group["arm"] == "main" else group["arm"]]


def _reached(groups: Sequence[Group]) -> list[str]:
    clean = any(group["clean"] for group in groups)
    head = ["labels", "learned by", "arm", "seeds", "dev", "test", *(["clean rows"] if clean else [])]
    return table(
        [*head, "AUROC, test", "minutes"],
        [
            [
                *_named(group),
                str(len(group["seeds"])),
                f"{100 * group['dev']:.1f}",
                points(group["test"]),
                *([points(group["clean"])] if clean else []),
                _auroc(group),
                f"{group['seconds'] / 60:.1f}",
            ]
            for group in groups
        ],
    )


def _auroc(group: Group) -> str:
    found = group["measures"].get("auroc")
    return "–" if found is None else f"{100 * found:.1f}"


def _gained(groups: Sequence[Group]) -> list[str]:
    rows = [
        [
            *_named(group),
            points(group["gain"], signed=True),
            f"{group['gain']['p_rows']:.3f}",
            points(group["gain_dev"], signed=True),
            *("–" if found is None else points(found, signed=True) for found in group["auroc_gain"].values()),
            "–" if group["sure"] is None else f"{100 * group['sure']:.0f}",
            f"{group['more_seconds'] / 60:+.1f}",
            _price(group),
        ]
        for group in groups
        if group["gain"] is not None
    ]
    head = ["labels", "learned by", "arm", "F1 gained, test", "p of rows", "… dev"]
    return table([*head, "AUROC gained, test", "… dev", "sure, %", "minutes more", "minutes per point"], rows)


def _price(group: Group) -> str:
    found = group["seconds_per_point"]
    return "nothing gained" if found is None else f"{found / 60:.1f}"


def _elsewhere(groups: Sequence[Group]) -> list[str]:
    names = list(dict.fromkeys(name for group in groups for name in group["transfer"]))
    rows = [[*_named(group), *(points(group["transfer"][name]) for name in names)] for group in groups]
    return table(["labels", "learned by", "arm", *names], rows if names else [])
