"""A study of sizes as Markdown tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mindrail.study.numbers import points
from mindrail.study.readme import table
from mindrail.study.scatter import short

Group = Mapping[str, Any]


def tables(summary: Mapping[str, Any], honest: Sequence[str]) -> str:
    """All tables: models, labels, sources, outside sets, arms and gains, per task."""
    groups = summary["groups"]
    lines = [
        f"{summary['finished']} of {summary['cells']} cells are finished. Values × 100, 95 % intervals.",
        "",
    ]
    for task in dict.fromkeys(group["task"] for group in groups):
        mine = [group for group in groups if group["task"] == task]
        main, arms = ([g for g in mine if (g["arm"] == "main") is is_main] for is_main in (True, False))
        lines += [f"### {task}", "", *_models(main), *_labels(main), *_sources(main, honest)]
        lines += [*_outside(main), *_arms(arms)]
    return "\n".join([*lines, *_gains(summary["gains"])]).rstrip() + "\n"


def _named(group: Group) -> list[str]:
    labels = group["labels"] if group["labels"] != "all" else f"all {group['labelled']:,}"
    return [group["model"], f"{labels}"]


def _models(groups: Sequence[Group]) -> list[str]:
    head = ["model", "labels", "seeds", "rows", "accuracy", "macro F1", "parameters", "peak MB"]
    return table(
        [*head, "ms for one", "CPU s per 1,000", "training s"],
        [
            [
                *_named(group),
                str(len(group["seeds"])),
                f"{group['rows']:,} of {group['of']:,}",
                points(group["test"]["accuracy"]),
                points(group["test"]["macro-f1"]),
                *_costs(group["costs"]),
                f"{group['training_s']:.0f}",
            ]
            for group in groups
        ],
    )


def _costs(costs: Mapping[str, Any]) -> list[str]:
    counted = "–" if costs["parameters"] is None else short(costs["parameters"])
    return [
        counted,
        f"{costs['peak_rss_mb']:,.0f}",
        f"{costs['single_ms']:.1f}",
        f"{costs['cpu_s_per_1000']:.1f}",
    ]


def _labels(groups: Sequence[Group]) -> list[str]:
    """F1, AUROC and false alarms of each label."""
    rows = []
    for group in groups:
        for label in dict.fromkeys(name.partition("/")[2] for name in group["test"] if "/" in name):
            measures = [points(group["test"][f"{name}/{label}"]) for name in ("f1", "auroc", "fpr-at-95-tpr")]
            rows.append([*_named(group), label, *measures])
    return table(["model", "labels", "label", "F1", "AUROC", "FPR at 95 % TPR"], rows)


def _sources(groups: Sequence[Group], honest: Sequence[str]) -> list[str]:
    """Macro F1 on sources that hold every label; accuracy on the others."""
    known = list(dict.fromkeys(source for group in groups for source in group["sources"]))
    if not known:
        return []
    whole = [source for source in known if source in honest]
    rest = [source for source in known if source not in honest]
    head = [f"{source}: {'macro F1' if source in honest else 'accuracy'}" for source in (*whole, *rest)]
    together = ["all labels: macro F1"] if whole else []
    return table(
        ["model", "labels", *together, *head],
        [
            [
                *_named(group),
                *([points(group["honest"]["macro-f1"])] if whole else []),
                *(points(group["sources"][source]["macro-f1"]) for source in whole),
                *(points(group["sources"][source]["accuracy"]) for source in rest),
            ]
            for group in groups
        ],
    )


def _outside(groups: Sequence[Group]) -> list[str]:
    rows = [
        [*_named(group), name, points(found["macro-f1"]), _mean_auroc(found)]
        for group in groups
        for name, found in group["outside"].items()
    ]
    return table(["model", "labels", "outside set", "macro F1", "AUROC, mean of labels"], rows)


def _mean_auroc(found: Mapping[str, Any]) -> str:
    values = [one["value"] for name, one in found.items() if name.startswith("auroc/")]
    return "–" if not values or None in values else f"{100 * sum(values) / len(values):.1f}"


def _arms(groups: Sequence[Group]) -> list[str]:
    rows = [
        [
            *_named(group),
            group["arm"],
            points(group["test"]["macro-f1"]),
            "–" if group["honest"] is None else points(group["honest"]["macro-f1"]),
            ", ".join(_label_f1(group)),
            ", ".join(f"{name} {points(found['macro-f1'])}" for name, found in group["outside"].items())
            or "–",
        ]
        for group in groups
    ]
    head = ["model", "labels", "arm", "macro F1", "sources with all labels", "F1 by label", "outside"]
    return table(head, rows)


def _label_f1(group: Group) -> Iterator[str]:
    for name, found in group["test"].items():
        if name.startswith("f1/") and found["value"] is not None:
            yield f"{name.removeprefix('f1/')} {100 * found['value']:.1f}"


def _gains(gains: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [
        [
            name,
            found["of"],
            found["over"],
            points(found, signed=True),
            f"{found['p_rows']:.3f}",
            f"{found['rows']:,}",
        ]
        for name, found in gains.items()
    ]
    return (
        ["### Gains in macro F1", "", *table(["gain", "of", "over", "points", "p of rows", "rows"], rows)]
        if rows
        else []
    )
