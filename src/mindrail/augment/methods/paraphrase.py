"""`paraphrase`: a language model says the text in other words.

The study's general method. Its decoding is the default here: what Llama-3.2-3B-Instruct brings along (temperature
0.6, top_p 0.9), with 512 tokens.
"""

from dataclasses import dataclass
from typing import ClassVar

from mindrail.augment.methods._asked import Asked


@dataclass(frozen=True)
class Paraphrase(Asked):
    """Costs one request per view and reworded turn."""

    prompt: ClassVar[str] = "paraphrase"


METHOD = Paraphrase
