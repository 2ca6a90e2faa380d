"""NeMo Guardrails runs this when it opens the folder."""

import logging

# When a check fails, this logger writes down all that the check was given, and so what somebody said.
logging.getLogger("nemoguardrails.actions.action_dispatcher").disabled = True
