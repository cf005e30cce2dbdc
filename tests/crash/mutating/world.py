"""A state store with two clusters and the snapshot store of its runs: every kind of document."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from kled.lease.document import Lease, Writer
from kled.lease.document import encode as encode_lease
from kled.lease.document import key as lease_key
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.rolled import Rolled
from kled.operations.records import (
    applied_definition,
    approved_plan,
    begun_deletion,
    open_restore,
    roll_journal,
    scale_journal,
)
from kled.operations.records.applied_definition import AppliedDefinitions
from kled.operations.records.open_restore import OpenRestore
from kled.operations.records.roll_journal import Journal, OpenRoll
from kled.operations.records.scale_journal import OpenScaleDown
from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions, RunResult
from kled.snapshot.documents import names
from kled.snapshot.documents.keys import Keys
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.retention import claims
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.retention.retention import RetentionPolicy
from kled.snapshot.verify.verify import verify
from kled.storage.base import Entry, Location, Stored
from kled.storage.memory import MemoryStore, _Reading, _State
from tests import key_pairs
from tests.unit.snapshot.etcd.backups import NAMES, backup
from tests.unit.snapshot.restoring import age_keys
from tests.unit.snapshot.signing_keys import signing_key

A, B = "demo.k8s.local", "other.example.com"
ONLY_LAST: Final = RetentionPolicy(last=1, hourly=0, daily=0, weekly=0, monthly=0, yearly=0)
BY: Final = "kled test"
ADDON: Final = "addons/limit-range.addons.k8s.io/v1.5.0.yaml"
Variant = Literal["plain", "signed", "sealed"]
VARIANTS: Final[tuple[Variant, ...]] = ("plain", "signed", "sealed")
_CAPTURED: Final = Path(__file__).parents[2] / "captures/kops/1.36.2/state-store-1cp-after-update"
DIGEST: Final = b"sha256 of a large object: "
_KEPT: Final = 64 << 10
_LARGE: Final = 16 << 20
_BACKUP: Final = "backups/etcd/main/2026-11-24T{:02d}:00:00Z-{:06d}"
_FLAT, _NODES = (
    "igconfig/control-plane/nodeupconfig.yaml",
    "igconfig/control-plane/a/nodeupconfig.yaml",
)


class Store(MemoryStore):
    """A store that can be copied with its tags and times, and hands out bytes of its own.

    `vast` are objects of many megabytes that nobody has to make: each is one chunk, over and over.
    """

    def __init__(self, name: str, now: Callable[[], datetime]) -> None:
        super().__init__(name=name, now=now)
        self._location = Location(f"s3://{name}")
        self.vast: dict[str, tuple[int, bytes]] = {}

    def fork(self, now: Callable[[], datetime]) -> "Store":
        other = Store(self.location.url.removeprefix("s3://"), now)
        other._states = {key: [*states] for key, states in self._states.items()}
        other._writes = itertools.count(100_000)
        return other

    def bodies(self) -> dict[str, bytes]:
        return {key: states[-1].body or b"" for key, states in self._states.items()}

    def forge(self, key: str, body: bytes | None) -> None:
        """Write as whoever may: below any key. None: the object goes."""
        if body is None:
            self._states.pop(key, None)
        else:
            self._states[key] = [_State(body, f"forged {next(self._writes)}", self._now())]

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        if key in self.vast:
            size, chunk = self.vast[key]
            return Stored(chunk * (size // len(chunk)), "vast")
        found = super().get(key, tag=tag, version=version)
        return Stored(bytes(bytearray(found.body)), found.tag)

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Any]:
        if key in self.vast:
            yield _Vast(*self.vast[key])
            return
        found = super().get(key, tag=tag, version=version)
        yield _Reading(found.body, found.tag, start)

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        """Keep of what is vast its size alone: this memory is the process's own."""
        size, kept = 0, bytearray()
        for chunk in chunks:
            size += len(chunk)
            kept += chunk if size <= _LARGE else b""
        if size > _LARGE:
            self.vast[key] = (size, bytes(kept[: 1 << 20]))
        body = b"" if size > _LARGE else bytes(kept)
        return super().write(key, [body], absent=absent, retain_until=retain_until)

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        """List what another tool wrote, too: a file system holds names that are no text."""
        for key in sorted(self._states, key=lambda one: one.encode(errors="surrogatepass")):
            if key.startswith(prefix) and key > start_after:
                state = self._states[key][-1]
                size, tag = len(state.body or b""), state.tag
                if key in self.vast:
                    size, tag = self.vast[key][0], "vast"
                yield Entry(key, size, tag, state.modified)


class Target(MemoryStore):
    """Where a restore goes; of what is larger than any object of the world it keeps the digest."""

    def _add(self, key: str, body: bytes | None) -> str:
        large = body is not None and len(body) > _KEPT
        return super()._add(key, told(body) if large and body is not None else body)


def told(body: bytes) -> bytes:
    """Return what stands for a body: itself, or its digest where it is large."""
    return DIGEST + hashlib.sha256(body).hexdigest().encode() if len(body) > _KEPT else body


def sha256(told: bytes) -> str:
    """Return the digest of what stands for a body."""
    if told.startswith(DIGEST):
        return told.removeprefix(DIGEST).decode()
    return hashlib.sha256(told).hexdigest()


@dataclass(frozen=True, slots=True)
class _Vast:
    size: int
    chunk: bytes
    tag: str = "vast"

    def chunks(self) -> Iterator[bytes]:
        for _ in range(self.size // len(self.chunk)):
            yield bytes(bytearray(self.chunk))


@dataclass
class Clock:
    """Each look at it is a second later."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Scene:
    """Both stores at one moment; a fork of it may be damaged."""

    state: Store
    kept: Store
    keys: Keys
    clock: Clock
    variant: Variant
    chances: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def snapshots(self) -> SnapshotStore:
        return SnapshotStore(
            self.kept,
            self.keys,
            now=self.clock,
            chance=lambda size: next(self.chances).to_bytes(size, "big"),
        )

    def fork(self) -> "Scene":
        clock = replace(self.clock)
        fresh = itertools.count(50_000)
        return Scene(
            self.state.fork(clock), self.kept.fork(clock), self.keys, clock, self.variant, fresh
        )

    def run(self) -> RunResult:
        options = CreateOptions(BY)
        return create(self.state, self.snapshots, None, options=options, progress=Quiet())

    def prune(self) -> None:
        plan = plan_prune(self.snapshots, ONLY_LAST, state=self.state)
        apply_prune(self.snapshots, plan, Quiet())


@dataclass(frozen=True)
class World:
    """A scene as it should be, and what may be restored from it."""

    scene: Scene
    good: Mapping[SnapshotRef, Mapping[str, bytes]]
    """What a restore of each snapshot writes, by whole key."""
    newest: Mapping[str, SnapshotRef]


def make_world(variant: Variant, directory: Path) -> World:
    """Four runs, a prune between them, checks of each level, and all that stands beside."""
    clock = Clock(datetime.now(UTC) - timedelta(days=20))
    scene = Scene(
        Store("state", clock), Store("kept", clock), _keys(variant, directory), clock, variant
    )
    for cluster in (A, B):
        for key, body in tree(cluster).items():
            scene.state.put(f"{cluster}/{key}", body)
    for number in range(3):
        scene.state.put(f"{A}/{ADDON}", f"kind: LimitRange\nnumber: {number}\n".encode())
        scene.run().require_whole()
        clock.now += timedelta(days=2)
        for cluster in (A, B):
            epoch.check(scene.snapshots, cluster, scene.state.location.url)
        if number == 1:
            scene.prune()
    scene.state.put(f"{A}/kops-version.txt", b"1.36.3")
    scene.run().require_whole()
    newest = {one: choose(scene.snapshots, one, "latest") for one in (A, B)}
    _stand_beside(scene, newest)
    good = {
        ref: {f"{ref.cluster}/{key}": body for key, body in held(scene, ref).items()}
        for ref in scene.snapshots.list()
    }
    return World(scene, good, newest)


def _stand_beside(scene: Scene, newest: Mapping[str, SnapshotRef]) -> None:
    """Write what checks, prunes, mirrors, leases and operations leave beside."""
    for ref in newest.values():
        verify(scene.snapshots, ref, level=4, by=BY)
    scene.kept.put(names.failed_key(A, newest[A].id), b"see verified/ of this snapshot\n")
    claims.announce(scene.kept, scene.snapshots.new_id(), ["blobs/aa/" + "a" * 64])
    claim = scene.snapshots.new_id()
    claims.claim(scene.kept, "blobs/bb/" + "b" * 64, claim, scene.clock())
    for cluster in (A, B):
        for key, body in records(cluster).items():
            scene.state.put(key, body)


def held(scene: Scene, ref: SnapshotRef) -> dict[str, bytes]:
    """What a snapshot holds, as a restore brings it."""
    from kled.snapshot.restore.restore import apply_restore, plan_restore

    target = MemoryStore()
    kept = scene.snapshots
    plan = plan_restore(kept, kept.manifest(ref), target, with_control=True)
    apply_restore(plan, kept, target)
    prefix = f"{ref.cluster}/"
    return {
        one.key.removeprefix(prefix): target.get(one.key).body for one in target.entries(prefix)
    }


def _with_keys(body: bytes) -> bytes:
    """Give a captured keyset, whose private halves were taken out, keys of its own."""
    document = yaml.safe_load(body)
    name = document["metadata"]["name"]
    items = (key_pairs.item(one["id"], *key_pairs.pair(name)) for one in document["spec"]["keys"])
    return key_pairs.keyset_of(items, document["spec"]["primaryId"], name)


def _without_certificates(body: bytes) -> bytes:
    """Leave out of the machines' configuration what names the captured keys by more than an id."""
    document = yaml.safe_load(body)
    del document["CAs"]
    return yaml.safe_dump(document).encode()


def tree(cluster: str) -> dict[str, bytes]:
    """A captured cluster under a name, with etcd backups that open."""
    found = {
        path.relative_to(_CAPTURED).as_posix(): path.read_bytes()
        for path in sorted(_CAPTURED.rglob("*"))
        if path.is_file()
    }
    found[_NODES] = _without_certificates(found.pop(_FLAT))
    found |= {key: _with_keys(found[key]) for key in found if key.endswith("/keyset.yaml")}
    for number, name in enumerate(NAMES[:2]):
        place = _BACKUP.format(number, number)
        found[f"{place}/etcd.backup.gz"] = backup(name)
        found[f"{place}/_etcd_backup.meta"] = b'{"etcdVersion":"3.6.12"}'
    renamed = {b"s3://kled-state": b"s3://state", A.encode(): cluster.encode()}
    for key, body in found.items():
        if not key.startswith("backups/"):
            for old, new in renamed.items():
                body = body.replace(old, new)  # noqa: PLW2901 - one after the other
            found[key] = body
    return found


def records(cluster: str) -> dict[str, bytes]:
    """What operations keep on record of a cluster, and its lease, by key."""
    plan = Plan(cluster, (Change("modify", "LaunchTemplate", "nodes", {"Type": "a -> b"}),))
    document = {"kind": "Cluster", "metadata": {"name": cluster}, "spec": {"cloudProvider": "aws"}}
    group = {"kind": "InstanceGroup", "metadata": {"name": "nodes"}, "spec": {"role": "Node"}}
    at = datetime(2026, 11, 1, 9, tzinfo=UTC)
    journal = Journal(
        OpenRoll(("node-1",), done=("nodes",)), (Rolled("nodes", "node", 3, 6.5, at),)
    )
    scale = OpenScaleDown("nodes", ("AZRebalance",), 1, 3, ("node-1",), ("i-1",))
    ids = ("20261101T090000Z-a1b2c3d4", "20261102T090000Z-a1b2c3d4")
    restore = OpenRestore(
        cluster, ids[0], ids[1], by_latest=True, aside=ids[1:], classes=("intent",), state="ended"
    )
    lease = Lease(cluster, Writer("ada", "run", "host", 7), timedelta(seconds=60), 3)
    applied = AppliedDefinitions({"config": "0a" * 32}, {"config": "0b" * 32})
    return {
        applied_definition.RECORD.key(cluster): applied_definition.RECORD.encode(applied),
        approved_plan.RECORD.key(cluster): approved_plan.RECORD.encode(plan),
        begun_deletion.RECORD.key(cluster): begun_deletion.RECORD.encode(
            Definition(document, (group,))
        ),
        open_restore.RECORD.key(cluster): open_restore.RECORD.encode(restore),
        roll_journal.RECORD.key(cluster): roll_journal.RECORD.encode(journal),
        scale_journal.RECORD.key(cluster): scale_journal.RECORD.encode(scale),
        lease_key(cluster): encode_lease(lease.released()),
    }


def _keys(variant: Variant, directory: Path) -> Keys:
    directory.mkdir(parents=True, exist_ok=True)
    sealing = age_keys(directory) if variant == "sealed" else Keys()
    signing = signing_key(directory) if variant != "plain" else None
    return Keys(sealing.recipients, sealing.identity, signing)


def json_of(body: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(body)
    return found
