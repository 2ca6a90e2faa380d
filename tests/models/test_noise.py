"""What dropout draws for a text depends on seed, step and text, and not on what is read beside it."""

import torch

from mindrail.models._noise import Noise, SeededDropout

ONE, TWO, LONG = [4, 5, 6], [4, 5, 7], [4, 8, 9, 10, 11]


def masks(rows: list[list[int]], seed: int = 0, step: int = 0, width: int = 6) -> list[torch.Tensor]:
    """For each row what two layers keep of [row, token, 8] and [row, 8], without the padding."""
    noise = Noise()
    noise.start(seed, step, rows)
    dropout = SeededDropout(0.5, noise).train()
    layers = [dropout(torch.ones(len(rows), width, 8)), dropout(torch.ones(len(rows), 8))]
    return [torch.cat([layers[0][i, : len(row)].flatten(), layers[1][i]]) for i, row in enumerate(rows)]


def test_neighbours_and_padding_change_nothing() -> None:
    alone = [masks([row], width=len(row))[0] for row in (ONE, TWO, LONG)]
    together = masks([LONG, ONE, TWO])
    for mine, there in zip(alone, (together[1], together[2], together[0]), strict=True):
        assert torch.equal(mine, there)


def test_other_texts_steps_and_seeds_are_other_noise() -> None:
    drawn = [masks([ONE])[0], masks([TWO])[0], masks([ONE], step=1)[0], masks([ONE], seed=1)[0]]
    assert len({tuple(one.tolist()) for one in drawn}) == 4


def test_the_share_that_is_kept_is_the_one_asked_for() -> None:
    kept = torch.cat(masks([[i] * 40 for i in range(50)], width=40))
    assert abs(float((kept > 0).float().mean()) - 0.5) < 0.02
    assert set(kept.tolist()) == {0.0, 2.0}


def test_what_is_shared_by_all_rows_has_one_mask_for_whoever_reads() -> None:
    found = []
    for rows in ([ONE, TWO], [LONG, TWO, ONE]):
        noise = Noise()
        noise.start(0, 0, rows)
        found.append(SeededDropout(0.5, noise).train()(torch.ones(7, 8)))
    assert torch.equal(found[0], found[1])
