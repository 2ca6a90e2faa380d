"""What an operator may choose; everything else follows from the machine."""

from dataclasses import dataclass, field

from mindrail.errors import BadConfig
from mindrail.web.limits import Limits


@dataclass(frozen=True)
class Settings:
    """Sizes in bytes, times in seconds.

    Requests of up to `quick_bytes` are quick and the others slow: they wait in lanes of their own, of
    `quick_wait` and `slow_wait` seconds of work, and a slow text lets quick ones pass between its windows. What
    does not fit is refused at once, with `shed_status` (503, or 429 behind a load balancer that takes servers
    out of service on 5xx). `deadline` is what an answer may take; a request may ask for less in
    `x-request-timeout-ms`. `rate` is requests per second and key, twice as many at once; 0 is no limit.
    """

    text_bytes: int = 64 * 1024
    quick_bytes: int = 4 * 1024
    quick_wait: float = 0.25
    slow_wait: float = 5.0
    deadline: float = 10.0
    shed_status: int = 503
    rate: float = 0.0
    receiving_bytes: int = 32 * 1024 * 1024
    threads: int = 0  # 0: all usable cores
    lame_duck: float = 1.0
    drain: float = 15.0
    audit_bytes: int = 64 * 1024 * 1024
    page: bool = True  # the browser page at /
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.shed_status not in (429, 503):
            raise BadConfig(f"found shed_status {self.shed_status}, expected 503 or 429")
        if min(self.text_bytes, self.quick_bytes, self.deadline, self.quick_wait) <= 0:
            raise BadConfig("sizes and times must be positive")
