"""An encoder in ONNX: each window of a text in a forward pass of its own, on one core.

Small batches of one are as fast as larger ones on a CPU, waste nothing on padding, and keep one person's
score apart from another's text. Several cores work on several windows.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mindrail.arrays import Float, Int, ndarray
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime.eight import fitted
from mindrail.runtime.local import LocalScorer, Score, Spread
from mindrail.runtime.onnx_rules import check
from mindrail.runtime.parts import Files, json_of, need, settings_of, tokenizer_of
from mindrail.runtime.scorer import worst
from mindrail.taxonomy import Axis
from mindrail.text.lexicon import Lexicon
from mindrail.text.windows import Reach, Reader, Window

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL, REACH = "model.onnx", "reach.json"

#: slower on a CPU than the plain operators it replaces
_SLOW = ["SkipLayerNormFusion"]
_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})


#: one window, by the model's inputs
Feed = dict[str, Int[ndarray, "1 _"]]


class OnnxScorer(LocalScorer):
    """Scores with one session, shared by `threads` workers of one core each."""

    def __init__(self, axis: Axis, session: "InferenceSession", reader: Reader, threads: int = 1) -> None:
        super().__init__(axis, threads)
        self._session, self._reader = session, reader
        self._inputs = _inputs(session, len(axis.names))

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of the tokenizer."""
        return Lexicon.of_tokenizer(self._reader.tokenizer.to_str())

    def one(self, example: Example, spread: Spread) -> Score:
        """Score one text."""
        reading = self._reader.read(*example.rendered(), mark=example.mark)
        scores = np.concatenate(list(spread(self._logits, reading.windows)))
        return Score(worst(self.axis, scores), reading.coverage, len(reading.windows))

    def knows(self, token: int) -> None:
        """Raise BrokenGuard where the model has no embedding for a token: its tokenizer is another's."""
        try:
            self._logits(Window((token,), (0,)))
        except BrokenGuard:
            raise BrokenGuard(f"the model cannot read token {token} of the tokenizer", file=MODEL) from None

    def feeds(self, example: Example) -> list[Feed]:
        """What the model is fed for each window of a text."""
        return [self._feed(window) for window in self._reader.read(*example.rendered()).windows]

    def _feed(self, window: Window) -> Feed:
        given = {"input_ids": window.ids, "token_type_ids": window.segments}
        one = (1,) * len(window.ids)  # nothing is padded
        return {name: np.array([given.get(name, one)], dtype=np.int64) for name in self._inputs}

    def _logits(self, window: Window) -> Float[ndarray, "1 k"]:
        length = len(window.ids)
        feed = self._feed(window)
        try:
            logits: ndarray = self._session.run(["logits"], feed)[0]
        except Exception as error:  # onnxruntime's own, one class per status
            raise BrokenGuard(f"the model failed on {length} tokens: {type(error).__name__}") from None
        if logits.shape != (1, len(self.axis.names)):
            raise BrokenGuard(f"logits {logits.shape} for {len(self.axis.names)} labels", file=MODEL)
        if not np.isfinite(logits).all():  # in any window: the worst one might hide it
            raise BrokenGuard(
                "the model gave NaN or infinity, from which no decision can be made", file=MODEL
            )
        return logits


def load(files: Files, axis: Axis, threads: int = 1) -> OnnxScorer:
    """A scorer from the three files. Raises BrokenGuard for a model that breaks a rule or another axis."""
    model = need(files, MODEL)
    check(model, MODEL)
    about = json_of(files, REACH)
    reach = settings_of(Reach, about.get("reach") if isinstance(about, dict) else about, REACH)
    try:
        reader = Reader(tokenizer_of(files), reach)
    except ValueError as error:
        raise BrokenGuard(f"tokenizer and reach do not fit: {error}", file=REACH) from None
    made = OnnxScorer(axis, session(model), reader, threads)
    made.knows(reader.tokenizer.get_vocab_size() - 1)
    return made


def session(model: bytes) -> "InferenceSession":
    """One core, no spinning while idle, nothing printed."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    settings: dict[str, Any] = {"providers": ["CPUExecutionProvider"], "disabled_optimizers": _SLOW}
    try:
        made = onnxruntime.InferenceSession(fitted(model), options, **settings)
        made._model_bytes = None  # kept for a second try with other providers, of which there are none: 23 MB
        return made
    except Exception as error:  # onnxruntime's own, one class per status
        reason = f"{type(error).__name__} in onnxruntime {onnxruntime.__version__}"
        raise BrokenGuard(f"the model cannot be opened: {reason}", file=MODEL) from None


def _inputs(session: "InferenceSession", labels: int) -> tuple[str, ...]:
    """Which inputs the model takes. Raises BrokenGuard for others, and for another number of labels."""
    names = tuple(given.name for given in session.get_inputs())
    if "input_ids" not in names or not set(names) <= _INPUTS:
        raise BrokenGuard(
            f"expected input_ids among its inputs, and no others than {sorted(_INPUTS)}", file=MODEL
        )
    made = {given.name: given.shape for given in session.get_outputs()}
    if "logits" not in made:
        raise BrokenGuard("expected an output named logits", file=MODEL)
    last = made["logits"][-1] if made["logits"] else None
    if isinstance(last, int) and last != labels:
        raise BrokenGuard(f"logits for {last} labels, the axis has {labels}", file=MODEL)
    return names
