"""`mindrail train` under torchrun goes on where one process stopped; one process speaks and writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import splits, tiny
from mindrail import config
from mindrail.recipes.train import Train, train
from mindrail.train import environment


def history(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def test_two_processes_finish_what_one_began(tmp_path: Path) -> None:
    own = tiny.SETTINGS | {"model": str(tiny.encoder(tmp_path / "bert")), "precision": "float32"}
    settings = Train(settings=own | {"save_every": 1, "learning_rate": 1e-4})
    split = splits.split(tmp_path / "split", labelled=12)
    for _ in train(split, settings, tmp_path / "whole"):
        pass
    for stepped in train(split, settings, tmp_path / "run"):
        if stepped.step == 3:
            break
    (tmp_path / "train.yaml").write_text(json.dumps(config.plain(settings)))
    words = ["--nproc-per-node", "2", "--standalone", "-m", "mindrail", "train"]
    words += ["--config", tmp_path / "train.yaml", "--split", split.folder, "--out", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *map(str, words)],
        env=os.environ
        | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("trained encoder") == 1
    assert "step 4 of 6" not in done.stdout and done.stderr.count("step 6 of 6") == 1
    one, two = history(tmp_path / "whole"), history(tmp_path / "run")
    assert two == [pytest.approx(row, rel=0, abs=1e-6) for row in one] and len(one) == 6
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted(
        path.name for path in (tmp_path / "whole").iterdir()
    )


@pytest.mark.parametrize(
    ("told", "lone"),
    [
        ({"ACCELERATE_USE_CPU": "True", "MASTER_ADDR": "127.0.0.1"}, True),  # accelerate launch --cpu
        ({"ACCELERATE_USE_CPU": "True", "MASTER_ADDR": "127.0.0.1", "RANK": "0"}, False),  # with MPI
        ({"MASTER_ADDR": "127.0.0.1", "RANK": "0"}, False),  # torchrun
        ({}, False),
    ],
)
def test_a_launcher_that_starts_one_process_for_several_is_noticed(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], lone: bool
) -> None:
    for name in ("ACCELERATE_USE_CPU", "MASTER_ADDR", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert environment.meant_for_several() == lone
