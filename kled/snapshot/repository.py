"""A snapshot store: where snapshots, runs and epochs are found and written.

Reading trusts nothing that is stored: a manifest counts when it decodes, is the one that was asked
for, has its own digest and, where a verification key is configured, its signature.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from kled.errors import (
    InvalidInput,
    ObjectMissing,
    PreconditionFailed,
    SnapshotMissing,
    SnapshotNotTrustworthy,
)
from kled.snapshot import names, signing
from kled.snapshot.keys import Keys
from kled.snapshot.manifest import FORMAT, Manifest, decode, encode
from kled.snapshot.sealing import Opener, Sealer
from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True, order=True)
class SnapshotRef:
    """A snapshot by name; its manifest was listed, not read."""

    cluster: str
    id: str

    @property
    def created(self) -> datetime:
        """When it was made, in UTC, to the second."""
        return names.moment(self.id)


class SnapshotStore:
    """One snapshot store. Safe for threads where the store below is."""

    def __init__(
        self,
        store: ObjectStore,
        keys: Keys,
        *,
        now: Callable[[], datetime],
        chance: Callable[[int], bytes],
    ) -> None:
        """Nothing is asked of the store yet.

        `now` gives the time with its time zone, `chance` as many random bytes as asked for.
        """
        self.store = store
        self.keys = keys
        self.now = now
        self._chance = chance

    @property
    def url(self) -> str:
        """Where the store is."""
        return self.store.location.url

    @cached_property
    def verification_keys(self) -> tuple[str, ...]:
        """The public keys that signatures count for; raises `InvalidInput` (`signing`)."""
        return signing.verification_keys(self.keys)

    @cached_property
    def sealer(self) -> Sealer:
        """Encrypts to the recipients of the keys."""
        return Sealer(self.keys.recipients)

    @cached_property
    def opener(self) -> Opener:
        """Decrypts with the identity of the keys."""
        return Opener(self.keys.identity)

    def new_id(self) -> str:
        """Return an id for now."""
        return names.new_id(self.now(), self._chance(2))

    def open_or_create(self) -> Mapping[str, Any]:
        """Return what `kled.json` says; write it where there is none yet.

        Safe to repeat and from two machines at once: of two writers one wins, and both read that
        one's. Raises `SnapshotNotTrustworthy` where it is of a format that this kled does not know.
        """
        try:
            return self._root()
        except ObjectMissing:
            document = {"format": FORMAT, "created": _time(self.now()), **self.keys.describe()}
        try:
            self.store.put_if_absent(names.ROOT, _json(document))
        except PreconditionFailed:
            return self._root()
        return document

    def require(self) -> Mapping[str, Any]:
        """Return what `kled.json` says; raise `SnapshotMissing` where there is none."""
        try:
            return self._root()
        except ObjectMissing:
            raise SnapshotMissing(
                f"{self.url} holds no snapshots",
                hint="kled snapshot create makes the first, and the store with it",
            ) from None

    def list(self, cluster: str | None = None) -> Iterator[SnapshotRef]:
        """Yield the snapshots of one cluster or of all, by cluster and age, oldest first."""
        prefix = names.cluster_prefix(cluster) if cluster else names.CLUSTERS
        for entry in self.store.entries(prefix):
            found = names.snapshot_of(entry.key)
            if found:
                yield SnapshotRef(*found)

    def manifest(self, ref: SnapshotRef) -> Manifest:
        """Return the manifest, checked. Raises `SnapshotMissing` and `SnapshotNotTrustworthy`."""
        return self.manifest_as_stored(ref)[0]

    def manifest_as_stored(self, ref: SnapshotRef) -> tuple[Manifest, bytes]:
        """Return the manifest, checked, and its very bytes; raises as `manifest` does."""
        try:
            body = self.store.get(names.manifest_key(ref.cluster, ref.id)).body
        except ObjectMissing:
            raise SnapshotMissing(
                f'there is no snapshot {ref.id} of cluster "{ref.cluster}" in {self.url}',
                hint=f"kled snapshot list --name={ref.cluster} shows those that are there",
            ) from None
        found = decode(body, ref.cluster, ref.id)
        if self.verification_keys:
            signing.require(found, self.verification_keys)
        return found, body

    def commit(self, manifest: Manifest, *, retain_until: datetime | None = None) -> Manifest:
        """Sign where a key is configured, and write the manifest: from here on it is a snapshot.

        Never overwrites: raises `PreconditionFailed` where one of that id exists.
        """
        if self.keys.signing_key:
            manifest = signing.sign(manifest, self.keys.signing_key)
        key = names.manifest_key(manifest.cluster, manifest.id)
        self.store.put_if_absent(key, encode(manifest), retain_until=retain_until)
        return manifest

    def _root(self) -> Mapping[str, Any]:
        body = self.store.get(names.ROOT).body
        try:
            document = read_json(body, names.ROOT)
        except SnapshotNotTrustworthy as error:
            error.hint = (
                f"look whether {self.url} is the snapshot store; if it is, put {names.ROOT} back"
                " from a second site or an older version of the object"
            )
            raise
        if document.get("format") != FORMAT:
            raise SnapshotNotTrustworthy(
                f"{self.url} has format {document.get('format')!r}, and this kled reads {FORMAT}",
                hint="a newer kled made it: upgrade this one",
            )
        return document


def read_json(body: bytes, key: str) -> dict[str, Any]:
    """Return the JSON object in `body`; raise `SnapshotNotTrustworthy` where there is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise SnapshotNotTrustworthy(f"{key} holds no JSON object")
    return document


def require_text(document: Mapping[str, Any], field: str, key: str) -> str:
    """Return a text field; raise `SnapshotNotTrustworthy` where it is none."""
    value = document.get(field)
    if not isinstance(value, str):
        raise SnapshotNotTrustworthy(f"{key} has no {field}")
    return value


def parse_time(text: str, field: str) -> datetime:
    """Return the moment that ISO 8601 text with a time zone tells; raise `InvalidInput`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901 - without a zone, so refused below
    if found.tzinfo is None:
        raise InvalidInput(field, f"{text!r} is no time with its time zone")
    return found


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
