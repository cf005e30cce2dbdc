"""State stores with clusters that pass for kops', and runs over them."""

import gzip
import hashlib
import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions, RunResult
from kled.snapshot.documents.keys import Keys
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotStore
from kled.storage.base import Location, ObjectStore
from kled.storage.memory import MemoryStore
from tests import key_pairs
from tests.stores import Watched

START = datetime.now(UTC) - timedelta(hours=1)
"""When stores in memory begin. It is not now, so that what takes it for now fails at once, and not
where a run of all tests lasts long."""
API = "apiVersion: kops.k8s.io/v1alpha2\n"
BACKUP = "backups/etcd/main/2026-11-24T23:45:00Z-000075"


def name(number: int) -> str:
    return f"c{number:03d}.example.com"


def etcd_backup(text: str) -> bytes:
    """What passes for an etcd backup until it is opened: gzip around sectors and their SHA-256."""
    sectors = text.encode().ljust(512, b"\0")
    return gzip.compress(sectors + hashlib.sha256(sectors).digest(), 1, mtime=0)


def group(spec: str) -> bytes:
    """An instance group `nodes` as kops stores it, of the fields of its spec."""
    return f"{API}kind: InstanceGroup\nmetadata: {{name: nodes}}\nspec: {{{spec}}}\n".encode()


def objects(
    number: int, *, backups: int = 2, backup: Callable[[str], bytes] = etcd_backup
) -> dict[str, bytes]:
    """One cluster's objects by relative key; different for each number."""
    found = {
        "config": f"{API}kind: Cluster\nmetadata: {{name: {name(number)}}}\n"
        "spec: {kubernetesVersion: 1.35.5}\n".encode(),
        "instancegroup/nodes": group(f"maxSize: {number}"),
        "clusteraddons/default": b"",
        "kops-version.txt": b"1.36.2",
        "addons/a.addons.k8s.io/v1.yaml": b"kind: Deployment\n" * (number % 7 + 1),
        "secrets/admin": b'{"Data":"c2VjcmV0"}',
        "backups/etcd/main/control/etcd-cluster-created": b'{"timestamp":1}',
        "backups/etcd/main/control/lock": b"live",
    }
    for keyset in (
        "kubernetes-ca",
        "service-account",
        "apiserver-aggregator-ca",
        "etcd-clients-ca",
    ):
        found[f"pki/private/{keyset}/keyset.yaml"] = key_pairs.keyset((str(number), keyset))
    for at in range(backups):
        place = f"backups/etcd/main/2026-11-24T{at:02d}:00:00Z-{at:06d}"
        found[f"{place}/_etcd_backup.meta"] = f'{{"n":{number},"at":{at}}}'.encode()
        found[f"{place}/etcd.backup.gz"] = backup(f"backup {at} of {number}")
    return found


def state(clusters: int, *, backups: int = 2) -> MemoryStore:
    store = MemoryStore()
    for number in range(clusters):
        for key, body in objects(number, backups=backups).items():
            store.put(f"{name(number)}/{key}", body)
    return store


class DatedByMachine(MemoryStore):
    """A directory in memory: what is written has the date of the machine's clock, right or wrong.

    The machine is the one `Runs` that writes here, and its clock is off by `later`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._location = Location(self._location.url.replace("memory://", "file:///in-memory-"))


_attached: "dict[str, list[Runs]]" = {}


def started(store: ObjectStore, runs: "Runs") -> datetime:
    """Return when the runs begin: now where the store has a clock, at START where it is in memory.

    A store in memory dates its objects by the clock of the runs, the latest of them.
    """
    while isinstance(store, Watched):
        store = store.inner
    if not isinstance(store, MemoryStore):
        return datetime.now(UTC)
    attached = _attached.setdefault(store.location.url, [])
    attached.append(runs)
    store._now = lambda: _dated(attached)
    return START


def _dated(attached: "Sequence[Runs]") -> datetime:
    """Return what time it is for a store: that of its latest runs, however long a test takes."""
    passed = max(one.seconds for one in attached)
    return START + timedelta(seconds=passed) + max(one.later for one in attached)


class Runs:
    """Makes snapshots; each run a second after the one before."""

    def __init__(
        self, state: ObjectStore, store: ObjectStore, keys: Keys | None = None, *, at: int = 0
    ) -> None:
        self.state = state
        self.store = store
        self.keys = keys or Keys()
        self.seconds = at
        self._chance = itertools.count(at % 10_000)
        self.later = timedelta()
        self.start = started(store, self)

    def copy(self) -> "Runs":
        """Return runs that go on from here into a store of their own, which holds the same."""
        assert isinstance(self.store, MemoryStore)
        store = MemoryStore(name=self.store.location.url.removeprefix("memory://"))
        store._states = {key: [*states] for key, states in self.store._states.items()}
        store._writes = itertools.count(1 << 20)
        _attached.pop(store.location.url)
        runs = Runs(self.state, store, self.keys, at=self.seconds)
        runs.later = self.later
        return runs

    @property
    def snapshots(self) -> SnapshotStore:
        return SnapshotStore(self.store, self.keys, now=self._now, chance=self._random)

    def run(self, clusters: Sequence[str] | None = None) -> RunResult:
        return self.run_by("kled test", clusters)

    def run_by(self, by: str, clusters: Sequence[str] | None = None) -> RunResult:
        options = CreateOptions(by=by)
        return create(self.state, self.snapshots, clusters, options=options, progress=Quiet())

    def _now(self) -> datetime:
        self.seconds += 1
        return self.start + timedelta(seconds=self.seconds) + self.later

    def _random(self, size: int) -> bytes:
        return next(self._chance).to_bytes(size, "big")


def restored(snapshots: SnapshotStore, cluster: str, at: str = "latest") -> dict[str, bytes]:
    """Restore into an empty store, with control markers; return what is there."""
    from kled.snapshot.restore.restore import apply_restore
    from kled.snapshot.restore.restore_plan import plan_restore

    target = MemoryStore()
    manifest = snapshots.manifest(choose(snapshots, cluster, at))
    plan = plan_restore(snapshots, manifest, target, with_control=True)
    apply_restore(plan, snapshots, target)
    prefix = f"{cluster}/"
    return {
        entry.key.removeprefix(prefix): target.get(entry.key).body
        for entry in target.entries(prefix)
    }


def expected(
    number: int, *, backups: int = 2, backup: Callable[[str], bytes] = etcd_backup
) -> dict[str, bytes]:
    """What a restore of one cluster's snapshot brings: all but `lock` and older backups."""
    newest = f"backups/etcd/main/2026-11-24T{backups - 1:02d}:"
    return {
        key: body
        for key, body in objects(number, backups=backups, backup=backup).items()
        if not key.endswith("/lock") and ("/2026-" not in key or key.startswith(newest))
    }


def each_failure(attempt: Callable[[int], int]) -> int:
    """Call `attempt` with 1, 2, … until it says that it made fewer calls; return how many."""
    for number in itertools.count(1):
        if attempt(number) < number:
            return number - 1
    raise AssertionError
