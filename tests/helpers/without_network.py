"""Run inside a network namespace of its own, `python without_network.py GUARD`: a server, its client, no network.

Prints JSON: whether a storm was flagged; the interfaces; the server's exit code; how often anything tried to leave,
as the kernel counted it; and the same after an attempt made on purpose, which shows that it counts.
"""

import contextlib
import fcntl
import json
import socket
import struct
import subprocess
import sys
import urllib.request
from pathlib import Path

_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41


def attempts() -> int:
    lines = Path("/proc/net/snmp").read_text().splitlines()
    names, values = (line.split() for line in lines if line.startswith("Ip:"))
    return int(values[names.index("OutNoRoutes")])


def main(guard: str) -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", b"lo", _UP_AND_RUNNING))
    command = [sys.executable, "-m", "mindrail", "serve", "--guard", guard, "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    url = f"{server.stderr.readline().split()[-1]}/v1/moderations"
    asked = urllib.request.Request(url, b'{"input": "a storm"}', {"content-type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        flagged = json.load(answer)["results"][0]["flagged"]
    server.terminate()
    code, tried = server.wait(), attempts()
    with contextlib.suppress(OSError):
        socket.create_connection(("192.0.2.1", 9), timeout=1)
    interfaces = [name for _, name in socket.if_nameindex()]
    print(json.dumps([flagged, interfaces, code, tried, attempts()]))


if __name__ == "__main__":
    main(sys.argv[1])
