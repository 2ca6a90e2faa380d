"""How likely a language model finds each of a few options as the answer: log-probabilities, no free text, no parsing.

Four things make this faster than generating. What all prompts begin with (instructions and shots) is read once and
kept. What the questions about one text share, and the options of several tokens, make a tree of tokens that is read
in one pass (`causal.tree`). Texts of like length are read together. Of the output matrix only the rows of the options
are used, in float32: in bfloat16, logits near 16 lie 1/8 apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindrail.arrays import Float, log_softmax, ndarray
from mindrail.causal import _forest
from mindrail.causal._forest import Forest, Prefix
from mindrail.causal.asked import Asked, Encoder
from mindrail.causal.load import DType, Loaded
from mindrail.causal.quantize import Quantize
from mindrail.errors import BadConfig
from mindrail.prompts import Question

#: what lies between two layers should stay in a processor's cache
_BATCH_TOKENS = {"cpu": 384}


@dataclass(frozen=True)
class ScoreSettings:
    """Which model, and how much of it at once."""

    model: str = "smollm2"  # or a Hugging Face id, or a folder
    dtype: DType = "auto"
    device: str = "auto"
    quantize: Quantize = "none"
    batch: int = 16  # texts read together, at most; 1: the same bits whatever else is asked
    batch_tokens: int | None = (
        None  # of these texts, prefix aside; None: 384 on a CPU, for its cache, else 8,192
    )
    context: int | None = None  # tokens of prompt and option; None: what the model was made for

    def __post_init__(self) -> None:
        if min(self.batch, self.batch_tokens or 1, self.context or 1) < 1:
            raise BadConfig("batch, batch_tokens and context must be at least 1")


class OptionScorer:
    """Scores by a loaded model. For one thread at a time.

    In float32 a question gets what a plain forward over its whole prompt would give (within 1e-4), whatever is asked
    beside it; in bfloat16 close calls may tip. With `batch` 1 the same questions get the same bits. Models of
    architectures that the tests do not know (`_forest.TESTED`) are read prompt by prompt, each from its beginning:
    right, and slow.
    """

    def __init__(self, loaded: Loaded, settings: ScoreSettings | None = None) -> None:
        self.loaded, self.settings = loaded, settings or ScoreSettings()
        self.reuses = _forest.trusted(loaded.model)
        self._encoder = Encoder(loaded, begins_alike=self.reuses)
        self._kept: tuple[Prefix, ...] = ()  # the last instructions, and the last shots behind them

    @property
    def context(self) -> int:
        """Tokens that prompt and option may have together."""
        return min(self.loaded.context, self.settings.context or self.loaded.context)

    def encode(self, questions: Sequence[Question]) -> Asked:
        """Questions about one text as tokens. Raises what `causal.encode` raises."""
        return self._encoder.encode(questions)

    def log_probabilities(self, asked: Sequence[Sequence[Question]]) -> list[list[Float[ndarray, " _"]]]:
        """For each text, and each question about it, log-probabilities of the options among themselves.

        Raises BadConfig where a prompt does not fit the context: nothing is cut.
        """
        return self.score([self.encode(questions) for questions in asked])

    def score(self, asked: Sequence[Asked]) -> list[list[Float[ndarray, " _"]]]:
        """The same for questions that are encoded already."""
        longest = max((one.size for one in asked), default=0)
        if longest > self.context:
            raise BadConfig(f"a prompt of {longest} tokens does not fit the model's {self.context}")
        # without a common beginning there is nothing to hang a tree on
        parts = [[one] if one.prefix else one.apart() for one in asked]
        sums = iter(self._sums([part for some in parts for part in some]))
        return [_together(one, [next(sums) for _ in some]) for one, some in zip(asked, parts, strict=True)]

    def _sums(self, asked: Sequence[Asked]) -> list[list[Float[ndarray, " _"]]]:
        """Log-probabilities of options, short by what all options of a question have in common."""
        found: dict[int, list[ndarray]] = {}
        for batch in self._batches(asked):
            rows = [asked[i] for i in batch]
            prefix = self._prefix(rows[0]) if rows[0].prefix else None
            forest = Forest([row.tree for row in rows], [row.steps() for row in rows])
            found |= zip(batch, forest.read(self.loaded.model, prefix), strict=True)
        return [found[i] for i in range(len(asked))]

    def _batches(self, asked: Sequence[Asked]) -> list[list[int]]:
        """Places of texts with the same prefix and of like length."""
        size, prefix = [len(one.tree.tokens) for one in asked], [one.prefix for one in asked]
        most = self.settings.batch_tokens or _BATCH_TOKENS.get(self.loaded.device.type, 8192)
        batches: list[list[int]] = []
        for i in sorted(range(len(asked)), key=lambda i: (prefix[i], size[i])):
            room = min(self.settings.batch, most // size[i])
            if not batches or len(batches[-1]) >= room or prefix[batches[-1][0]] != prefix[i]:
                batches.append([])
            batches[-1].append(i)
        return batches

    def _prefix(self, row: Asked) -> Prefix:
        """What attention keeps of the prefix; read only where it is not the last one."""
        known = Prefix()
        kept = []
        for level, size in enumerate(row.levels):
            tokens = row.prefix[:size]
            same = level < len(self._kept) and self._kept[level].tokens == tokens
            known = self._kept[level] if same else known.followed(self.loaded.model, tokens)
            kept.append(known)
        self._kept = tuple(kept)
        return known


def _together(one: Asked, sums: Sequence[Sequence[Float[ndarray, " _"]]]) -> list[Float[ndarray, " _"]]:
    """The options of each question, which were read as one tree or each alone, normalised among themselves."""
    flat = iter(np.concatenate([np.concatenate(row) for row in sums]))
    rows = [np.array([next(flat) for _ in question.options]) for question in one.questions]
    return [log_softmax(row[None])[0] for row in rows]
