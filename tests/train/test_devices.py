"""Two processes compute what one computes: the same losses, the same memory, the same weights."""

import json
import os
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from helpers import tiny
from helpers.axes import TWO
from mindrail import plugins
from mindrail.models import Job
from mindrail.train.devices import Devices

FAMILY = plugins.get("family", "encoder").FAMILY
#: algorithm, its settings, labelled texts, labelled texts per step
CASES = {
    "fixmatch": ("fixmatch", {"threshold": 0.5}, 11, 4),  # uneven at the end of every pass
    "multimatch": ("multimatch", {"momentum": 0.5}, 7, 4),  # memory, several heads, parts that nothing uses
    "one row": (
        "fixmatch",
        {"threshold": 1.0},
        5,
        4,
    ),  # at the end of every pass a single row, none for the other
}


def trained(case: str, folder: Path, model: Path) -> None:
    """Train into `folder`, and write what every step reported."""
    algorithm, settings, labelled, batch = CASES[case]
    texts = tiny.examples(TWO, 24)
    pool = texts[labelled:]
    views = {example.id: texts[i : i + 1] for i, example in enumerate(pool)}
    job = Job(TWO, texts[:labelled], pool, views, algorithm=algorithm, settings=settings)
    config = FAMILY.Config(
        **tiny.SETTINGS
        | {"model": str(model), "batch": batch, "dropout": 0.3, "precision": "float32", "learning_rate": 1e-4}
        | {"epochs_with_unlabelled": 2, "average": 0.5}
    )
    reports = [stepped.report for stepped in FAMILY.train(job, config, folder / "model")]
    told = {"processes": Devices("float32").count, "reports": reports}
    (folder / f"told-{os.environ.get('RANK', '0')}.json").write_text(json.dumps(told))


def launch(folder: Path, model: Path, processes: int) -> None:
    """This file as a program in several processes, with what torchrun tells them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    common |= {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes), "CUDA_VISIBLE_DEVICES": ""}
    common |= {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])}
    children = [
        subprocess.Popen(
            [sys.executable, __file__, str(folder), str(model)],
            env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]
    try:
        for child in children:
            _, said = child.communicate(timeout=240)
            assert child.returncode == 0, said[-2000:]
    finally:
        for child in children:
            child.kill()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    folder = tmp_path_factory.mktemp("together")
    launch(folder, model, 2)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_two_processes_learn_what_one_learns(tmp_path: Path, model: Path, together: Path, case: str) -> None:
    trained(case, tmp_path, model)
    alone = json.loads((tmp_path / "told-0.json").read_text())["reports"]
    for rank in range(2):
        told = json.loads((together / case / f"told-{rank}.json").read_text())
        assert told["processes"] == 2
        assert told["reports"] == [pytest.approx(report, rel=0, abs=1e-6) for report in alone]
    assert any(report["sure"] > 0 for report in alone) == (case != "one row")
    for path in (tmp_path / "model").glob("*.safetensors"):
        one, two = load_file(path), load_file(together / case / "model" / path.name)
        assert one.keys() == two.keys()
        for name, weights in one.items():
            if not name.endswith("key.bias"):  # without effect on any output: its gradient is rounding alone
                assert torch.allclose(weights, two[name], rtol=0, atol=1e-6), name


def of(rank: int, count: int) -> Devices:
    """One of several, for what it can say without the others."""
    devices = Devices("float32")
    devices.rank, devices.count = rank, count
    return devices


@pytest.mark.parametrize(("rows", "count"), [(8, 2), (7, 2), (7, 3), (3, 3), (32, 5)])
def test_shares_are_even_and_make_up_the_whole(rows: int, count: int) -> None:
    shares = [list(of(rank, count).share(range(rows))) for rank in range(count)]
    assert [row for share in shares for row in share] == list(range(rows))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all(a[-1] + 1 == b[0] for a, b in pairwise(shares))


def test_alone_nothing_is_changed() -> None:
    devices = Devices("float32")
    own = torch.randn(2, 5, 3, requires_grad=True)
    assert devices.main
    assert devices.share([3, 1, 2]) == [3, 1, 2]
    assert devices.whole(own, 5) is own
    layer = nn.Linear(2, 1)
    layer(torch.tensor([[3.0, 4.0]])).sum().backward()
    devices.sum_gradients(layer)
    devices.together()
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[3.0, 4.0]]


def test_precision_is_what_was_asked_for() -> None:
    product = {}
    for precision in ("float32", "bfloat16"):
        with Devices(precision).arithmetic():
            product[precision] = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    assert product == {"float32": torch.float32, "bfloat16": torch.bfloat16}
    assert Devices("auto").precision in product


if __name__ == "__main__":
    place, encoder = map(Path, sys.argv[1:])
    for name in CASES:
        (place / name).mkdir(exist_ok=True)
        trained(name, place / name, encoder)
