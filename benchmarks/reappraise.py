"""Reappraisals: what the embedded model makes of posts, and how far style gives away those that people wrote.

Posts are of depression-severity, its learning side. The SmolLM2 part takes some three minutes of processor time for
40 posts; wordings made before are read from the cache.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from _result import measure, write

from mindrail import files
from mindrail.augment import human
from mindrail.data import made
from mindrail.models._embed import Embedder
from mindrail.recipes.prepare import Prepare, prepare
from mindrail.recipes.reappraise import NEAREST, Reappraise, reappraise
from mindrail.recipes.split import Split

POSTS = Prepare(
    "emotional-risk",
    ("depression-severity",),
    test_share=0.2,
    dev_share=0.1,
    near=0.95,
    allow_leaks=("train/test", "dev/test", "train/dev"),
)
MODEL = {"chat": {"provider": "local", "settings": {"model": "smollm2"}}, "max_tokens": 200}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the split and the sets")
    parser.add_argument("--posts", type=int, default=40)
    options = parser.parse_args()
    split = options.work / "split"
    posts = Split.load(split) if (split / "split.json").is_file() else prepare(POSTS, split)
    by_model = levels(
        posts, Reappraise(MODEL, parts=("unlabelled",), limit=options.posts), options.work / "smollm2"
    )
    by_people = levels(None, Reappraise(human=tuple(human.SETS)), options.work / "human")
    measures: dict[str, Any] = {}
    for one in by_model:
        measures[f"kept_share_{one['name']}_smollm2"] = of(one["kept_share"], "share")
    for one in by_people:
        name = one["name"].removeprefix("safe, ").replace("-", "_")
        measures[f"style_auroc_{name}"] = of(one["style"], "AUROC")
        measures |= cosines(one["name"].removeprefix("safe, "), name)
    write("reappraise", measures, levels=[*by_model, *by_people], nearest=NEAREST)


def levels(split: Split | None, settings: Reappraise, folder: Path) -> list[dict[str, Any]]:
    for _ in reappraise(split, settings, folder):
        pass
    found: list[dict[str, Any]] = files.read_json(folder / made.ABOUT)["levels"]
    return found


def of(found: dict[str, Any], unit: str) -> dict[str, Any]:
    return measure(found["value"], (found["low"], found["high"]), unit)


def cosines(source: str, name: str, size: int = 300) -> dict[str, Any]:
    """How near people's reappraisals are to their posts (tenth), and to other posts (95 of 100 are below)."""
    drawn = sorted(human.pairs(source), key=lambda pair: pair[0].id)[:size]
    embedder = Embedder("minilm")
    posts = embedder.embed([wanted.text for wanted, _ in drawn])
    after = embedder.embed([outcome.views[0].turns[0].text for _, outcome in drawn])
    own, others = (posts * after).sum(axis=1), (np.roll(posts, 1, axis=0) * after).sum(axis=1)
    return {
        f"cosine_tenth_{name}": measure(np.quantile(own, 0.1), None, "cosine"),
        f"cosine_others_p95_{name}": measure(np.quantile(others, 0.95), None, "cosine"),
        f"nearest_passes_{name}": measure((own >= NEAREST).mean(), None, "share"),
    }


if __name__ == "__main__":
    main()
