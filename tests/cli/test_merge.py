"""`mindrail merge` writes what it is asked for, says how large it is, and refuses in one line."""

import json
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from helpers import splits
from helpers.decoders import decoder
from mindrail.cli import main
from mindrail.recipes.train import Train, train


def merge(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["merge", *words])
    return ended.value.code


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("work")
    base = decoder(place / "base")
    settings = Train("causal-lora", {"model": str(base), "epochs": 1, "lora": {"rank": 2}})
    list(train(splits.split(place / "split"), settings, place / "run"))
    return place / "run"


def test_it_writes_a_folder_for_transformers(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert merge("--run", str(run), "--out", str(tmp_path / "out"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["form"] == "hf"
    assert told["merged"].startswith("base@")
    assert AutoModelForCausalLM.from_pretrained(told["folder"]).num_parameters() > 0


def test_what_cannot_be_written_is_refused_in_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert merge("--run", str(run), "--out", str(tmp_path / "out"), "--form", "gguf") == 2
    told = capsys.readouterr().err
    assert told.startswith("error[bad-config]: GGUF is written for smollm2 alone")
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_damaged_adapter_is_refused_with_its_code(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = run / "model" / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    try:
        assert merge("--run", str(run), "--out", str(tmp_path / "out")) == 4
    finally:
        weights.write_bytes(whole)
    assert capsys.readouterr().err.startswith("error[refused]: adapter_model.safetensors of the adapter")
