"""Whether a store can be written to, found out by doing all that kled does there to one object."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kled.errors import (
    CapabilityMissing,
    ObjectMissing,
    PreconditionFailed,
    StoreDenied,
    StoreError,
)
from kled.storage.base import ObjectStore
from kled.storage.bounded import get_bounded, written
from kled.storage.conditional_writes import NEVER, refused

KEY: Final = ".kled/doctor"
"""Of the probe in a state store: outside of every cluster, as leases are."""
_FIRST: Final = b"kled doctor tries whether it may write here\n"
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """What a store did with the probe."""

    conditional: bool
    """Whether writes were refused whose condition did not hold, and let through where it held."""
    removed: bool
    """False: who may write may not delete, or an object lock keeps the probe."""
    date: datetime | None
    """When the store says that the probe was written; None: it does not tell."""


def try_out(store: ObjectStore, key: str = KEY) -> Trial:
    """Write the object at `key`, read it back, and remove it.

    Safe to kill: what is left is written over and removed by the next trial. Two at once disturb
    each other; what they see then is tried again. Raises `StoreError` where the store refuses to
    write or to read, or gives back something else than was written.
    """
    for _ in range(_TRIES - 1):
        try:
            trial = _try_once(store, key)
        except (ObjectMissing, PreconditionFailed):
            continue
        if trial.conditional:
            return trial
    return _try_once(store, key)


def _try_once(store: ObjectStore, key: str) -> Trial:
    tag = store.put(key, _FIRST)
    try:
        second = _FIRST + os.urandom(16).hex().encode()
        conditional = _conditional(store, key, tag, second)
        _require_ours(store, key, second if conditional else None)
        date = written(store, key)
    finally:
        removed = _removed(store, key)
    return Trial(conditional, removed, date)


def _require_ours(store: ObjectStore, key: str, body: bytes | None) -> None:
    """Read the probe back; raise where it is not `body`, or none of any doctor's (None)."""
    present, where = get_bounded(store, key).body, f"{store.location.url}/{key}"
    if not present.startswith(_FIRST):
        raise StoreError(f"{where} is not what was just written there")
    if body is not None and present != body:
        raise PreconditionFailed(
            f"{where} was written by another doctor at the same moment", hint="run it again"
        )


def _conditional(store: ObjectStore, key: str, tag: str, body: bytes) -> bool:
    try:
        if not refused(lambda: store.put_if_absent(key, _FIRST + b"ignored")):
            return False
        if not refused(lambda: store.replace(key, _FIRST + b"ignored", NEVER)):
            return False
        store.replace(key, body, tag)
    except CapabilityMissing:
        return False
    return True


def _removed(store: ObjectStore, key: str) -> bool:
    try:
        store.delete(key)
    except StoreDenied:
        return False
    return True
