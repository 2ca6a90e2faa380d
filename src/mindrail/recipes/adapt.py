"""`adapt`: an encoder reads a split's texts before any label is learned. Resumable."""

import time
from collections.abc import Iterator
from pathlib import Path

from mindrail import config, files, machine
from mindrail.errors import BadConfig, BadSplit
from mindrail.models._masked import Adapt
from mindrail.models._masked import adapt as read_on
from mindrail.recipes.split import Split
from mindrail.train import environment
from mindrail.train.progress import Stepped

ABOUT = "adapted.json"


def adapt(split: Split, settings: Adapt, folder: Path) -> Iterator[Stepped]:
    """Read the labelled and unlabelled texts, yielding progress; then `folder/model` can be named as a model.

    Labels are not used, and neither dev nor test is read. A folder that holds the same result is left as it is.
    """
    texts = [*split.part("labelled"), *split.part("unlabelled")]
    if not texts:
        raise BadSplit(f"there is no text to read in {split.folder}")
    ids = files.digest(sorted(example.id for example in texts))
    identity = files.digest([config.plain(settings), ids])
    if (folder / ABOUT).is_file():
        if files.read_json(folder / ABOUT)["identity"] != identity:
            raise BadConfig(f"{folder} holds another encoder. Do: choose another folder, or delete this one")
        return
    began = time.monotonic()
    history = []
    steps = read_on(texts, settings, folder / "model", checkpoints=folder / "checkpoints", identity=identity)
    for stepped in steps:
        history.append({"step": stepped.step} | stepped.report)
        if stepped.fresh:
            yield stepped
    if environment.main():
        files.write_jsonl(folder / "history.jsonl", history)
        about = {
            "identity": identity,
            "settings": config.plain(settings),
            "texts": len(texts),
            "split": split.digest,
            "licences": split.about["licences"],
            "seconds": round(time.monotonic() - began, 1),
            "machine": machine.describe(),
        }
        files.write_json(folder / ABOUT, about)
