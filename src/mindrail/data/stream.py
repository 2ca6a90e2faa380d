"""A user's own table of millions of rows as examples, one after the other: none of them is held."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from mindrail.data import corpus, table
from mindrail.data.near import Near
from mindrail.errors import BadConfig
from mindrail.records.example import Example
from mindrail.taxonomy.axis import Axis, Taxonomy


def read(name: str, taxonomy: Taxonomy, axis: Axis, *, labelled: bool) -> Iterator[Example]:
    """What `corpus.read` gives of a table in Parquet or Arrow; with `labelled` only examples that have an answer.

    Ids are not compared, and whether there are more bad rows than the card allows shows at the end. Raises what
    `corpus.read` raises, and BadConfig for what is no card of such a table.
    """
    card = table.load_card(Path(name)) if name.endswith(".yaml") else None
    if card is None or card.file.suffix not in table.STREAMED:
        raise BadConfig(
            f"'{name}' cannot be streamed; expected the .yaml card of a table in {' or '.join(table.STREAMED)}. "
            "Do: convert the table, or name it under train or unlabelled"
        )
    rows = table.stream(card, axis if labelled and card.axis == taxonomy.id else None)
    crosswalks = {card.axis: card.crosswalk} if card.axis else {}
    for example in corpus.examples(name, card.source, rows, crosswalks, taxonomy, axis, labelled=labelled):
        if axis.name in example.answers or not labelled:
            yield example


def new(
    examples: Iterable[Example], seen: set[int], judged: Near, left_out: Counter[str]
) -> Iterator[Example]:
    """Each text once, if it is not `seen`, and neither stands among the `judged` ones nor nearly.

    `seen` grows by every text, about 140 bytes each; `left_out` counts what is not given, by reason.
    """
    for example in examples:
        text = example.normalised()
        key = fingerprint(text)
        if key in seen:
            left_out["repeated"] += 1
        elif judged.holds(text):
            left_out["near dev or test"] += 1
        else:
            seen.add(key)
            yield example


def fingerprint(text: str) -> int:
    """64 bits of a normalised text; that any two of ten million different ones agree has odds of 1 in 400,000."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
