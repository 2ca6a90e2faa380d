"""Causal language models on this machine: loading, generating, scoring."""

from typing import Literal

#: what the numbers of a written model can be
Number = Literal["float32", "bfloat16", "float16"]
