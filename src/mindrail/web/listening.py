"""Where a server listens: on this machine alone, unless somebody says otherwise and has a key."""

import ipaddress
import socket

from mindrail.errors import UsageError
from mindrail.web.origins import LOOPBACK

#: connections that wait in the kernel until they are taken
_BACKLOG = 1024


def is_loopback(host: str) -> bool:
    """Whether a host or address is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in LOOPBACK


def listen(host: str, port: int, *, network: bool = False) -> socket.socket:
    """A bound, listening socket; port 0 takes a free one.

    Raises UsageError for an address that other machines reach unless `network` allows it, and for one that
    cannot be had.
    """
    if not network and not is_loopback(host):
        raise UsageError(
            "this address can be reached from other machines, and nothing would ask them for a key. "
            "Do: listen on 127.0.0.1, or set up keys first"
        )
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        made = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UsageError(
            f"cannot listen on port {port}: {error.strerror}. Do: choose another with --port"
        ) from None
    made.setblocking(False)
    return made


def address(listener: socket.socket) -> str:
    """Where it can be reached, as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
