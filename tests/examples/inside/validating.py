"""Run in the environment of the Guardrails AI example, `python validating.py EXAMPLE GUARD`; prints JSON.

What its own guards make of our validator: by exception, by fixing, in a conversation, in a stream, when it fails; and
where the process tried to connect to.
"""

import json
import logging
import sys

reached: list[str] = []
sys.addaudithook(lambda event, given: reached.append(event) if event.startswith("socket.getaddr") else None)
sys.path.insert(0, sys.argv[1])

from guardrails import Guard  # noqa: E402
from validator import KIND, MindrailGuard  # noqa: E402

CALM, STORM = "the soup is ready", "a storm and thunder"
logging.basicConfig(stream=sys.stderr)


def outcome(guard, text, **more):
    try:
        done = guard.validate(text, **more)
    except Exception as error:
        return [type(error).__name__, STORM in str(error)]
    return [done.validation_passed, done.validated_output]


def streamed(guard, *pieces):
    chunks = guard(
        lambda *given, **more: iter(pieces), messages=[{"role": "user", "content": CALM}], stream=True
    )
    return [chunk.validated_output for chunk in chunks]


strict = Guard().use(MindrailGuard(sys.argv[2]))
kind = Guard().use(MindrailGuard(sys.argv[2], on_fail="fix"))
before = {"messages": [{"role": "user", "content": "please come"}]}
found = {
    "kind": KIND,
    "calm": outcome(strict, CALM),
    "storm": outcome(strict, STORM),
    "fixed": outcome(kind, STORM),
    "conversation": outcome(strict, CALM, metadata=before),
    "nonsense before": outcome(strict, CALM, metadata={"messages": [{"role": "nobody", "content": CALM}]}),
    "stream": streamed(kind, "the soup is ready now. ", "come to the ", "storm. ", "we walk. "),
}
print(json.dumps(found | {"reached": reached}))
