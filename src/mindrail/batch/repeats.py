"""How many rows of a scan have an id that an earlier row has: exact, in memory that does not grow."""

import hashlib
from pathlib import Path

from mindrail.batch.schema import read_rows

#: ids that are held at once, as hashes of 8 bytes; more are counted in several passes
_AT_ONCE = 4_000_000


def repeated(folder: Path, rows: int) -> int:
    """Over all shards of a scan of so many rows."""
    passes = -(-rows // _AT_ONCE) or 1
    return sum(_repeated(folder, part, passes) for part in range(passes))


def _repeated(folder: Path, part: int, parts: int) -> int:
    """Of the ids whose hash falls into one part."""
    import numpy as np

    hashes = [np.zeros(0, np.uint64)]
    for table in read_rows(folder, ["id"]):
        said = (hashlib.blake2b(name.encode(), digest_size=8).digest() for name in table["id"].to_pylist())
        found = np.frombuffer(b"".join(said), np.uint64)
        hashes.append(found[found % parts == part])
    every = np.concatenate(hashes)
    return len(every) - len(np.unique(every))
