"""What one request and one connection may take before they are cut off."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes, lines, seconds and connections. Times run from the first byte of what they bound.

    `peer_connections` is for one address on the network; on loopback a proxy speaks for many people, so
    only `connections` counts there.
    """

    header_bytes: int = 16 * 1024
    header_lines: int = 100
    header_seconds: float = 10.0
    body_bytes: int = 1024 * 1024
    body_seconds: float = 15.0
    idle_seconds: float = 75.0
    connections: int = 512
    peer_connections: int = 64
