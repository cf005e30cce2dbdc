"""A snapshot store: where snapshots, runs and epochs are found and written.

Reading trusts nothing that is stored: a manifest counts when it decodes, is the one that was asked
for, has its own digest and, where a verification key is configured, its signature.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial

from kled.errors import InvalidInput, KledError, ObjectMissing, SnapshotMissing
from kled.snapshot.documents import names, signed, signing
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.manifest import LIMIT, Manifest, decode, encode
from kled.snapshot.documents.root import RootState, look
from kled.snapshot.documents.sealing import Opener, Sealer
from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True, order=True)
class SnapshotRef:
    """The cluster and the id of a snapshot, as a listing shows them."""

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
        """Opening a snapshot store sends it no request.

        `now` gives the time with its time zone, `chance` as many random bytes as asked for.
        """
        self.store = store
        self.keys = keys
        self.now = now
        self.chance = chance

    @property
    def url(self) -> str:
        """Where the store is."""
        return self.store.location.url

    @cached_property
    def verification_keys(self) -> tuple[str, ...]:
        """The public keys that signatures must be made with; raises `InvalidInput` (`signing`)."""
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
        return names.new_id(self.now(), self.chance(2))

    def at(self, store: ObjectStore) -> "SnapshotStore":
        """Return the snapshot store in `store`, with the same keys, clock and chance."""
        return SnapshotStore(store, self.keys, now=self.now, chance=self.chance)

    @cached_property
    def root(self) -> RootState:
        """What `kled.json` said when it was looked at first; `root.ensure` looks again."""
        return look(self)

    def require(self) -> None:
        """Raise `SnapshotMissing` where this place holds no snapshot store.

        A store whose `kled.json` is gone or damaged counts as long as it holds any cluster.
        """
        if self.root.missing and next(iter(self.store.entries(names.CLUSTERS)), None) is None:
            raise self.nothing() from None

    def nothing(self, cluster: str | None = None) -> SnapshotMissing:
        """Return the error of a store, or of a cluster, that has no snapshot.

        An unmounted directory and a bucket that was mistaken for another one look like that.
        """
        if cluster is not None:
            return SnapshotMissing(
                f'there is no snapshot of cluster "{cluster}" in {self.url}',
                hint="kled snapshot list shows the clusters that have one",
            )
        return SnapshotMissing(
            f"{self.url} holds no snapshots",
            hint="is it mounted, and is it the right one? the first snapshots:"
            " kled snapshot create --all",
        )

    def list(self, cluster: str | None = None) -> Iterator[SnapshotRef]:
        """Yield the snapshots of one cluster or of all, by cluster and age, oldest first."""
        for entry in self.store.entries(names.snapshots_prefix(cluster)):
            pair = names.snapshot_of(entry.key)
            if pair:
                yield SnapshotRef(*pair)

    def manifest(self, ref: SnapshotRef) -> Manifest:
        """Return the manifest, checked. Raises `SnapshotMissing` and `SnapshotNotTrustworthy`."""
        return self.manifest_as_stored(ref)[0]

    def manifest_as_stored(self, ref: SnapshotRef) -> tuple[Manifest, bytes]:
        """Return the manifest, checked, and its stored bytes; raises as `manifest` does."""
        key = names.manifest_key(ref.cluster, ref.id)
        try:
            body, _ = signed.read_bounded(self.store, key, LIMIT)
        except ObjectMissing:
            raise SnapshotMissing(
                f'there is no snapshot {ref.id} of cluster "{ref.cluster}" in {self.url}',
                hint=f"kled snapshot list --name={ref.cluster} shows those that are there",
            ) from None
        keys = self.verification_keys
        if not keys:
            return decode(body, ref.cluster, ref.id), body
        what = f"the manifest of {ref.cluster} {ref.id}"
        checked = partial(signing.require_signature, what=what, keys=keys)
        return decode(body, ref.cluster, ref.id, checked), body

    def commit(self, manifest: Manifest, *, retain_until: datetime | None = None) -> Manifest:
        """Sign where a key is configured, and write the manifest, which makes it a snapshot.

        Never overwrites: raises `PreconditionFailed` where a snapshot of that id exists, and
        `KledError` for a manifest that would be too large to be read again.
        """
        if self.keys.signing_key:
            manifest = signing.sign(manifest, self.keys.signing_key)
        key, body = names.manifest_key(manifest.cluster, manifest.id), encode(manifest)
        if len(body) > LIMIT:
            raise KledError(
                f'a snapshot of cluster "{manifest.cluster}" would need a manifest of {len(body)}'
                f" bytes, and one of more than {LIMIT} is read by nobody",
                hint="some 50,000 objects have room: move out of the cluster's directory what kops"
                " does not keep there",
            )
        self.store.put_if_absent(key, body, retain_until=retain_until)
        return manifest


def parse_time(text: str, field: str) -> datetime:
    """Return the moment of ISO 8601 text; raise `InvalidInput` unless it has a time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - without a zone, so refused below
    if moment.tzinfo is None:
        raise InvalidInput(field, f"{text!r} is not a time with a time zone")
    return moment
