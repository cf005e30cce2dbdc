"""Claims on objects that nothing refers to yet, and sweeps that heed them.

Whoever makes or mirrors a snapshot may find an old payload that no manifest refers to, while a
prune on another machine is about to collect it. So the finder writes a claim first, and looks for
sweeps then; a prune writes what it is about to sweep first, and looks for claims and manifests
then. At least one of them sees the other: the prune leaves the object, or the finder fails and is
run again. What is written, not found, needs no claim: it is younger than the grace.

A sweep's document is deleted at its end. That of a killed prune counts until the grace is over.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from kled.errors import BeingCollected, ObjectMissing, SnapshotNotTrustworthy
from kled.snapshot import names, signed
from kled.snapshot.manifest import first_line
from kled.snapshot.retention import GRACE
from kled.storage.base import ObjectStore

_FORMAT: Final = 1
_LIMIT: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class _Keys:
    """A claim or a sweep. Neither is signed: all that it can do is to keep things from deletion."""

    keys: tuple[str, ...] = ()


_model: Final = TypeAdapter(_Keys)


def claim(store: ObjectStore, key: str, claim_id: str, now: datetime) -> None:
    """Keep prunes from collecting `key` for the grace; `claim_id` is a new id.

    Raises `BeingCollected` where a prune may be deleting it at this moment. Safe to repeat.
    """
    store.put_if_absent(names.claim_key(claim_id), _document([key]))
    if key in swept(store, now, GRACE):
        raise BeingCollected(key)


def claimed(store: ObjectStore, now: datetime, grace: timedelta) -> set[str]:
    """Return the keys of all claims younger than `grace`.

    Raises `SnapshotNotTrustworthy` where one of them is damaged: what it claims is not known, so
    nothing may be collected until the grace is over.
    """
    return _keys(store, names.CLAIMS, now, grace, damaged_counts=True)


def swept(
    store: ObjectStore, now: datetime, grace: timedelta, *, but: str | None = None
) -> set[str]:
    """Return the keys of all sweeps younger than `grace`, but for the sweep `but`."""
    return _keys(store, names.SWEEPS, now, grace, but=but and names.sweep_key(but))


def announce(store: ObjectStore, sweep_id: str, keys: Collection[str]) -> None:
    """Say that `keys` are about to be swept. Look for claims and manifests only after this."""
    store.put_if_absent(names.sweep_key(sweep_id), _document(keys))


def outdated(store: ObjectStore, now: datetime) -> list[str]:
    """Return the keys of claims and sweeps that have not counted for long."""
    oldest = names.new_id(now - 2 * GRACE, b"\0\0")
    return [
        entry.key
        for prefix in (names.CLAIMS, names.SWEEPS)
        for entry in store.entries(prefix)
        if entry.key < prefix + oldest
    ]


def _document(keys: Collection[str]) -> bytes:
    body = json.dumps({"format": _FORMAT, "keys": sorted(keys)}, separators=(",", ":"))
    return body.encode() + b"\n"


def _keys(
    store: ObjectStore,
    prefix: str,
    now: datetime,
    grace: timedelta,
    *,
    but: str | None = None,
    damaged_counts: bool = False,
) -> set[str]:
    found: set[str] = set()
    for entry in store.entries(prefix, start_after=prefix + names.new_id(now - grace, b"\0\0")):
        document_id = entry.key.removeprefix(prefix).removesuffix(".json")
        if entry.key == but or not names.is_id(document_id):
            continue
        try:
            body, _ = signed.bounded(store, entry.key, _LIMIT)
            found |= set(_decoded(entry.key, body))
        except ObjectMissing:
            continue  # withdrawn meanwhile
        except SnapshotNotTrustworthy:
            if damaged_counts and names.moment(document_id) <= now + GRACE:
                raise
    return found


def _decoded(key: str, body: bytes) -> tuple[str, ...]:
    if signed.parsed(body, key, _LIMIT).get("format") != _FORMAT:
        raise SnapshotNotTrustworthy(f"{key} has another format than {_FORMAT}")
    try:
        return _model.validate_json(body, strict=True).keys
    except ValueError as error:
        raise SnapshotNotTrustworthy(f"{key} is damaged: {first_line(error)}") from error
