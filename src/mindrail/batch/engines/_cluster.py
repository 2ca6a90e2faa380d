"""A connection to Ray, or a Ray of this machine's cores for as long as something takes."""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mindrail import machine
from mindrail.errors import MissingExtra


@contextmanager
def cluster(address: str | None, cores: int | None) -> Iterator[Any]:
    """The module `ray`, connected to the cluster at `address`, or to one of `cores` (default: all) started here.

    What workers print is not sent here, and nothing is told to Ray's makers. Raises MissingExtra.
    """
    if importlib.util.find_spec("ray") is None:
        raise MissingExtra("ray", "ray", "the engine 'ray'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read when Ray is imported
    os.environ.setdefault(
        "RAY_worker_niceness", "0"
    )  # otherwise its workers stand back behind everything else
    import ray

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
