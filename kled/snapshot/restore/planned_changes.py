"""The changes of a restore plan as JSON: what its digest covers, and what of it is left to do.

A sequence of five: the digest of the manifest, the target's URL, the prefix in it, an array of
writes (key, SHA-256, the tag that it replaces or null), and the keys to delete. Pure.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

Changes = Sequence[Any]
_WRITES: Final = 3


def digest_of(changes: Changes) -> str:
    """Return the SHA-256 (hex) that approves them."""
    return hashlib.sha256(_text(list(changes)).encode()).hexdigest()


def size_of(changes: Changes) -> int:
    """Return how many characters they take."""
    return len(_text(list(changes)))


def are_rest(changes: Changes, earlier: Changes) -> bool:
    """Whether each of `changes` is one of `earlier`, a plan of the same that was begun meanwhile.

    Whatever JSON `earlier` is: it is on record in a store that others may write to.
    """
    place, earlier_place = list(changes[:_WRITES]), list(earlier[:_WRITES])
    mine, theirs = changes[_WRITES:], earlier[_WRITES:]
    if place != earlier_place or not all(isinstance(each, list) for each in theirs):
        return False
    return len(mine) == len(theirs) and all(
        set(map(_text, some)) <= set(map(_text, more))
        for some, more in zip(mine, theirs, strict=True)
    )


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
