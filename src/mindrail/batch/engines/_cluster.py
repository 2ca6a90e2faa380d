"""A connection to Ray, or a Ray of this machine's cores for as long as something takes."""

import importlib.util
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mindrail import machine
from mindrail.errors import MissingExtra

#: of a Ray that is started here: it listens on 127.0.0.1 alone, asks for a token, and its workers do not stand back
#: behind all other processes
_OWN = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token", "RAY_worker_niceness": "0"}


@contextmanager
def cluster(address: str | None, cores: int | None) -> Iterator[Any]:
    """The module `ray`, connected to the cluster at `address`, or to one of `cores` (default: all) started here.

    What workers print is not sent here, and nothing is told to Ray's makers. Raises MissingExtra.
    """
    if importlib.util.find_spec("ray") is None:
        raise MissingExtra("ray", "ray", "the engine 'ray'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address is None and "ray" not in sys.modules:
        os.environ.update(_OWN | {"RAY_AUTH_TOKEN": secrets.token_hex(32)})
    import ray  # reads the environment, once

    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    place = tempfile.mkdtemp(prefix="ray-")  # for its logs and sockets, to be removed
    try:
        if address is None:
            here = {"include_dashboard": False, "_temp_dir": place, "_node_ip_address": "127.0.0.1"}
            ray.init(num_cpus=cores or machine.cores(), **here, **quiet)
        else:
            ray.init(address, **quiet)
        yield ray
    finally:
        ray.shutdown()
        shutil.rmtree(place, ignore_errors=True)
