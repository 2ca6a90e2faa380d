"""An extra label that is always wrong, to learn how large the margin of a wrong guess grows (MarginMatch, AUM).

A few texts of the pool, drawn anew from time to time, are trained towards the extra label. Their margins for
it are those of wrong labels; a guess whose average margin is smaller than most of these is not trusted.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mindrail import seeds
from mindrail.semisup._margins import Margins
from mindrail.semisup._parts import expect


@dataclass(frozen=True)
class Drawn:
    """The texts that stand for wrong labels, their average margins for the extra label, and the cutoff so far."""

    chosen: Bool[Tensor, " pool"]
    margins: Margins
    cutoff: float
    draw: int  # -1 before the first

    @classmethod
    def start(cls, pool: int, cutoff: float) -> "Drawn":
        """Nothing is drawn yet."""
        return cls(torch.zeros(pool, dtype=torch.bool), Margins.start(pool, 1), cutoff, -1)

    def after(self, margins: Float[Tensor, " row"], index: Int[Tensor, " row"], smoothing: float) -> "Drawn":
        """The memory once these margins of chosen texts have been seen."""
        return replace(self, margins=self.margins.after(margins[:, None], index, smoothing))


@dataclass(frozen=True)
class ErroneousClass:
    """When texts are drawn, how many, and which of their margins is the cutoff. Shares of steps are of the whole run.

    The paper's run of 2^20 steps has first 0.076, redraw 0.048, settle 0.001 and recompute 0.0002; the defaults
    leave a short run time to see what it drew.
    """

    share: float = 0.01  # of the pool, in (0, 1]; never more than an even share for every label
    quantile: float = 0.95  # in [0, 1]: the share of wrong labels' margins that the cutoff exceeds
    percentile_divided_twice: bool = False  # the paper's code: about the top hundredth of them
    first: float = 0.08  # share of the steps before anything is drawn or filtered by margin, in [0, 1]
    last: float = 0.9  # share of the steps after which nothing is drawn and the cutoff stays, in [0, 1]
    redraw: float = 0.1  # share of the steps after which other texts are drawn, in (0, 1]
    settle: float = 0.02  # share of the steps between a draw and its first cutoff, in [0, 1]
    recompute: float = 0.005  # share of the steps between cutoffs, in (0, 1]
    seed: int = 0  # of the draws

    def __post_init__(self) -> None:
        for name in ("share", "redraw", "recompute"):
            expect(0 < getattr(self, name) <= 1, name, getattr(self, name), "a share in (0, 1]")
        for name in ("quantile", "first", "last", "settle"):
            expect(0 <= getattr(self, name) <= 1, name, getattr(self, name), "a share in [0, 1]")

    def turn(self, drawn: Drawn, labels: int, *, step: int, steps: int) -> Drawn:
        """The memory as a step begins: drawn anew, dropped, or with a new cutoff where it is time."""
        first, last = round(self.first * steps), round(self.last * steps)
        if step < first:
            return drawn
        if step >= last:
            return replace(drawn, chosen=torch.zeros_like(drawn.chosen))
        draw, since = divmod(step - first, max(1, round(self.redraw * steps)))
        if draw != drawn.draw:
            return self._draw(drawn, labels, draw)
        settled = since - round(self.settle * steps)
        if settled < 0 or settled % max(1, round(self.recompute * steps)):
            return drawn
        return replace(drawn, cutoff=self.cutoff(drawn))

    def cutoff(self, drawn: Drawn) -> float:
        """The margin that `quantile` of those seen since the draw stay below; as before where none was seen."""
        margins = drawn.margins.average[drawn.chosen & (drawn.margins.seen > 0), 0]
        if not len(margins):
            return drawn.cutoff
        if self.percentile_divided_twice:
            return margins.sort(descending=True).values[int(len(margins) * self.quantile // 100)].item()
        return margins.quantile(self.quantile).item()

    def _draw(self, drawn: Drawn, labels: int, draw: int) -> Drawn:
        pool = len(drawn.chosen)
        many = max(1, min(int(self.share * pool), pool // labels))
        rows = seeds.stream(self.seed, "erroneous", draw).permutation(pool)[:many]
        chosen = torch.zeros_like(drawn.chosen)
        chosen[torch.from_numpy(rows).to(chosen.device)] = True
        fresh = Margins(torch.zeros_like(drawn.margins.average), torch.zeros_like(drawn.margins.seen))
        return Drawn(chosen, fresh, drawn.cutoff, draw)
