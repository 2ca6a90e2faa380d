"""How a project is run: how many label, in which order, and when people rest."""

from dataclasses import dataclass
from typing import Literal

Ask = Literal["random", "uncertainty", "diversity", "disagreement"]

WARNING = (
    "You are about to read messages that people wrote in distress. Some speak of self-harm, violence or abuse. "
    "You can cover the text, skip a message or stop at any time, and you owe nobody a reason."
)


@dataclass(frozen=True)
class Settings:
    """Shares are in [0, 1], times in minutes."""

    title: str = "Annotation"
    ask: Ask = "random"
    seed: int = 0
    overlap: float = 0.2  # share of the pool that several people label
    people: int = 2  # how many label an item of the overlap
    test: int = 0  # size of the pinned test sample
    test_overlap: float = 1.0  # share of it that several people label
    test_every: int = 3  # every so-manieth question is of the test sample, until it is used up
    lease: float = 30.0  # an item that is handed out waits so long before somebody else gets it
    rest: float = 25.0  # between two reminders to take a break
    relabel_below: float = 0.4  # agreement under which people meet and label again (arXiv 2307.16457)
    relabel_every: int = 200  # over how many items that is looked at
    warning: str = WARNING

    def __post_init__(self) -> None:
        for name in ("overlap", "test_overlap"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected a share from 0 to 1")
        if self.people < 2 or self.test < 0 or self.test_every < 1 or self.relabel_every < 1:
            raise ValueError(
                "people must be 2 or more, test 0 or more, test_every and relabel_every 1 or more"
            )
        if self.lease <= 0 or self.rest <= 0:
            raise ValueError("lease and rest must be more than 0 minutes")
