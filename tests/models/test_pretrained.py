"""How long a window an encoder takes, and what is said where it is too long or too short."""

from pathlib import Path

import pytest
import torch
from transformers import AutoConfig

from helpers import tiny
from helpers.axes import TWO
from helpers.guards import tokenizer
from mindrail.errors import BadConfig
from mindrail.models import _pretrained
from mindrail.models._network import Network


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_longest_window_is_one_the_encoder_can_read(tmp_path: Path, architecture: str) -> None:
    where = str(tiny.encoder(tmp_path, architecture))
    with pytest.raises(BadConfig, match="a window of 1000 tokens is too long; this encoder reads") as caught:
        _pretrained.reader(where, 1000, 4, 6)
    longest = int(str(caught.value).split("reads ")[1].split()[0])
    assert _pretrained.reader(where, longest, 4, 6).reach.window == longest
    ids = torch.full((1, longest), 5)
    with torch.no_grad():
        assert (
            Network.pretrained(where, TWO, pooling=None, dropout=0.1, seed=0)
            .eval()(ids, torch.zeros_like(ids))
            .isfinite()
            .all()
        )


def test_an_encoder_without_a_longest_window_takes_any(tmp_path: Path) -> None:
    AutoConfig.for_model("xlnet").save_pretrained(tmp_path)
    tokenizer().save(str(tmp_path / "tokenizer.json"))
    assert _pretrained.reader(str(tmp_path), 1000).reach.window == 1000


@pytest.mark.parametrize(
    ("reach", "says"),
    [
        ((12, 4, 6), r"expected at least \d+: overlap 4, context 6, special tokens \d, and one of the text"),
        ((4, 4, 0), r"window of 4 tokens must be longer than overlap \(4\)"),
    ],
)
def test_window_without_room_is_refused(tmp_path: Path, reach: tuple[int, int, int], says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        _pretrained.reader(str(tiny.encoder(tmp_path)), *reach)
