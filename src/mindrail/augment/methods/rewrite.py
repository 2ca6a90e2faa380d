"""`rewrite`: a language model words the harmful fragments anew with the same intent, and the rest lightly.

The task-specific method of the study. Its decoding is the default here (Mistral-7B-Instruct: temperature 0.5, top_p
0.9, 1000 tokens); for judged answers it used Ministral-8B with 0.6, 0.95 and 1024. Unlike the study we send the text
as it is: it took quotes, apostrophes and backslashes out first. An answer that breaks the protocol is junk.
"""

from dataclasses import dataclass
from typing import ClassVar

from mindrail.augment.methods._asked import Asked


@dataclass(frozen=True)
class Rewrite(Asked):
    """Costs one request per view and reworded turn."""

    prompt: ClassVar[str] = "rewrite"
    temperature: float = 0.5
    top_p: float = 0.9
    max_tokens: int = 1000


METHOD = Rewrite
