"""May this text pass? Asked with OpenAI's own client, of a guard on this machine.

    pip install openai
    mindrail serve --guard messages=guards/messages
    python openai_moderation.py < message.txt

For a server with keys, set MINDRAIL_KEY; for one elsewhere, MINDRAIL_URL.
"""

import logging
import os
import sys

from openai import OpenAI

log = logging.getLogger(__name__)


def guard_client() -> OpenAI:
    """The client. What is slower than two seconds has failed, and a failure is a stop."""
    url = os.environ.get("MINDRAIL_URL", "http://127.0.0.1:8000/v1")
    return OpenAI(base_url=url, api_key=os.environ.get("MINDRAIL_KEY", "none"), timeout=2.0, max_retries=1)


def allowed(client: OpenAI, text: str, guard: str = "messages") -> bool:
    """Whether the guard says that this text may pass; anything but its clear yes is a no."""
    try:
        results = client.moderations.create(input=text, model=guard).results
        return [result.flagged for result in results] == [False]  # one result, and not merely "nothing said"
    except Exception as error:
        log.error("the guard did not answer: %s", type(error).__name__)  # never the error's text
        return False


if __name__ == "__main__":
    passes = allowed(guard_client(), sys.stdin.read())
    print("allowed" if passes else "stopped")
    sys.exit(not passes)
