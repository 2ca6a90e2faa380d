"""What this server refuses beyond what every web app does. See docs/serve.md for the whole table."""

from mindrail.web.problems import Kind

INVALID_KEY = Kind(401, "invalid_api_key", "Send a valid key, once, as Authorization: Bearer or x-api-key.")
WRONG_SCOPE = Kind(403, "insufficient_scope", "This key may not ask for that.")
WRONG_INPUT = Kind(400, "invalid_request", "What is to be judged is missing or has the wrong type.")
EMPTY_INPUT = Kind(400, "empty_input", "The list of inputs is empty.")
NO_IMAGES = Kind(400, "unsupported_input_type", "Only text is judged; nothing is ever fetched.")
WRONG_MODEL = Kind(400, "invalid_request", "The model is named by a string.")
UNKNOWN_MODEL = Kind(404, "model_not_found", "No guard of that name is served; see /v1/models.")
UNKNOWN_STREAM = Kind(404, "stream_not_found", "There is no such stream; it may have ended or expired.")
BUSY_STREAM = Kind(409, "stream_busy", "Another chunk of this stream is being read; send them in turn.")
TOO_MANY_INPUTS = Kind(413, "too_many_inputs", "More than {most} inputs in one request.", retry=False)
TEXT_TOO_LARGE = Kind(413, "input_too_large", "One input is larger than {most} bytes.", retry=False)
RATE_LIMITED = Kind(429, "rate_limit_exceeded", "This key asks more often than {most} times a second.")
TOO_MANY_STREAMS = Kind(429, "too_many_streams", "This key has {most} streams open. Finish some first.")
OVERLOADED = Kind(503, "server_is_overloaded", "There is more to do than can be done in time.", retry=True)
OVERLOADED_429 = Kind(429, "slow_down", "There is more to do than can be done in time.", retry=True)
SHUTTING_DOWN = Kind(503, "server_shutting_down", "This server is ending; ask another.", retry=True)
NOT_READY = Kind(503, "not_ready", "The guard does not score as it should.", retry=True)
NO_AUDIT = Kind(503, "not_ready", "The audit cannot be written, so nothing is decided.", retry=True)
EXPIRED = Kind(503, "deadline_exceeded", "The answer would come too late, so it was not made.", retry=True)
