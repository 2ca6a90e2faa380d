"""A guard as a validator of Guardrails AI, in its process.

    pip install mindrail guardrails-ai
    echo enable_metrics=false >> ~/.guardrailsrc     # otherwise it reports each validation, textless, to its makers
    export LITELLM_LOCAL_MODEL_COST_MAP=True         # otherwise LiteLLM, which comes with it, fetches a list at start

    from guardrails import Guard
    from validator import MindrailGuard
    checked = Guard().use(MindrailGuard("guards/replies", on_fail="exception"))
    checked.validate(reply, metadata={"messages": conversation})

A text that may pass is a PassResult; one that is stopped, and one on which the guard fails, is a FailResult.
"""

import logging
from typing import Any

from guardrails.validator_base import FailResult, PassResult, ValidationResult, Validator, register_validator

from mindrail import Guard

KIND = (
    "I would rather not go on with this here. If you are in danger, call your local emergency number; "
    "if you want to talk to somebody: https://findahelpline.com"
)

log = logging.getLogger(__name__)


@register_validator(name="mindrail/guard", data_type="string")
class MindrailGuard(Validator):
    """Judges a text in the conversation of `metadata["messages"]`, if there is one.

    The text is what the guard is made for: a person's message, or a reply. `on_fail="fix"` puts KIND in its place.
    """

    def __init__(self, folder: str, on_fail: Any = "exception") -> None:
        super().__init__(on_fail=on_fail, folder=folder, use_local=True)
        self._guard = Guard.load(folder, self_test=True)

    def _validate(self, value: Any, metadata: dict[str, Any]) -> ValidationResult:
        try:
            said = {"role": self._guard.side, "content": value}
            answer = self._guard([*metadata.get("messages", []), said])
        except Exception as error:
            log.error("the guard failed: %s", type(error).__name__)  # never the error's text
            return FailResult(error_message="the guard failed", fix_value=KIND)
        if answer.decision == "allow":
            return PassResult()
        return FailResult(error_message=f"{answer.label}, {answer.decision}", fix_value=KIND)
