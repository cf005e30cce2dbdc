"""Claims on payloads that no manifest refers to yet, and sweeps that respect them.

A run or a mirror may reuse an old payload that no manifest refers to while a prune on another
machine is about to collect it. So it first writes a claim and then looks for sweeps; a prune first
writes what it is about to sweep and then looks for claims and manifests. At least one of them sees
the other: the prune leaves the payload alone, or the other one fails and is run again. A payload
that was just written is younger than the grace, and needs no claim.

A sweep's document is deleted when the sweep ends; that of a killed prune counts until the grace is
over.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from kled.errors import BeingCollected, ObjectMissing, SnapshotNotTrustworthy
from kled.snapshot.documents import names, signed
from kled.snapshot.documents.manifest import first_line
from kled.snapshot.retention.retention import GRACE
from kled.storage.base import Entry, ObjectStore
from kled.storage.bounded import written

_FORMAT: Final = 1
_LIMIT: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class _Keys:
    """A claim or a sweep. Neither is signed, since either can only prevent a deletion."""

    keys: tuple[str, ...] = ()


_model: Final = TypeAdapter(_Keys)


def claim(store: ObjectStore, key: str, claim_id: str, now: datetime) -> None:
    """Keep prunes from collecting `key` for the grace; `claim_id` is a new id.

    Raises `BeingCollected` where a prune may be deleting it at this moment. Safe to repeat.
    """
    claim = names.claim_key(claim_id)
    store.put_if_absent(claim, _document([key]))
    today = min(now, written(store, claim) or now)  # to a clock that is ahead no sweep is young
    if key in read_swept(store, today - GRACE):
        raise BeingCollected(key)


def read_claimed(store: ObjectStore, now: datetime, since: datetime) -> set[str]:
    """Return the keys of all claims that are dated after `since`.

    Raises `SnapshotNotTrustworthy` where one of them is damaged: nothing may be collected until it
    has expired, since what it claims is unknown.
    """
    return _keys(store, names.CLAIMS, since, damaged_until=now + GRACE)


def read_swept(store: ObjectStore, since: datetime, *, but: str | None = None) -> set[str]:
    """Return the keys of all sweeps that are dated after `since`, except the sweep `but`."""
    return _keys(store, names.SWEEPS, since, but=but and names.sweep_key(but))


def announce(store: ObjectStore, sweep_id: str, keys: Collection[str]) -> None:
    """Announce that `keys` are about to be swept. Look for claims and manifests only afterwards."""
    store.put_if_absent(names.sweep_key(sweep_id), _document(keys))


def find_outdated(store: ObjectStore, since: datetime) -> list[str]:
    """Return the keys of claims and sweeps that expired long before `since`."""
    oldest = since - GRACE
    return [
        entry.key
        for prefix in (names.CLAIMS, names.SWEEPS)
        for entry in store.entries(prefix)
        if (date := _date_of(entry, prefix)) is not None and date < oldest
    ]


def _document(keys: Collection[str]) -> bytes:
    body = json.dumps({"format": _FORMAT, "keys": sorted(keys)}, separators=(",", ":"))
    return body.encode() + b"\n"


def _keys(
    store: ObjectStore,
    prefix: str,
    since: datetime,
    *,
    but: str | None = None,
    damaged_until: datetime | None = None,
) -> set[str]:
    """Return the keys in documents dated after `since`; raise for damage up to `damaged_until`."""
    keys: set[str] = set()
    for entry in store.entries(prefix):
        date = _date_of(entry, prefix)
        if entry.key == but or date is None or date < since:
            continue
        try:
            body, _ = signed.read_bounded(store, entry.key, _LIMIT)
            keys |= set(_decode(entry.key, body))
        except ObjectMissing:
            continue  # withdrawn meanwhile
        except SnapshotNotTrustworthy:
            if damaged_until and names.moment(_id_of(entry, prefix)) <= damaged_until:
                raise
    return keys


def _id_of(entry: Entry, prefix: str) -> str:
    return entry.key.removeprefix(prefix).removesuffix(".json")


def _date_of(entry: Entry, prefix: str) -> datetime | None:
    """Return the later of a document's two dates, by its id and by the store; None for others.

    The clock of the machine that wrote it may have been behind.
    """
    document_id = _id_of(entry, prefix)
    if not names.is_id(document_id):
        return None
    moment = names.moment(document_id)
    return max(moment, entry.modified or moment)


def _decode(key: str, body: bytes) -> tuple[str, ...]:
    if signed.parse_object(body, key, _LIMIT).get("format") != _FORMAT:
        raise SnapshotNotTrustworthy(f"{key} has another format than {_FORMAT}")
    try:
        return _model.validate_json(body, strict=True).keys
    except ValueError as error:
        raise SnapshotNotTrustworthy(f"{key} is damaged: {first_line(error)}") from error
