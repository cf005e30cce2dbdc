"""Ten thousand ways to damage a snapshot store: each is found, none crashes, none restores."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents import names
from kled.snapshot.documents.keys import Keys
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.snapshot.verify.verify import find_lost, verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import etcd_backup
from tests.unit.snapshot.restore.test_restore_refuses import signing_keys
from tests.unit.snapshot.restoring import age_keys, put, read, snapshot_store, tree

pytestmark = pytest.mark.slow

ROUNDS = 2500  # of each of the four stores below
OTHER = "other.example.com"


@dataclass
class Kept:
    """A snapshot store as it was, and which objects which snapshots need."""

    objects: dict[str, bytes]
    keys: Keys
    needed: dict[str, set[SnapshotRef]]


def kept(keys: Keys) -> Kept:
    """Two clusters; of one two snapshots that share an archive, and one that shares nothing."""
    state = MemoryStore()
    snapshots = snapshot_store(keys=keys)
    put(state, tree())
    put(state, tree() | {"secrets/admin": b'{"Data":"b3RoZXI="}'}, f"{OTHER}/")
    backup = "backups/etcd/main/2026-11-24T00:00:00Z-000050"
    for changes in (
        {},
        {f"{backup}/etcd.backup.gz": etcd_backup("newer"), f"{backup}/_etcd_backup.meta": b"{}"},
        {"kops-version.txt": b"1.36.3"},
    ):
        put(state, changes)
        result = create(state, snapshots, None, options=CreateOptions("a test"), progress=Quiet())
        assert not [one for one in result.clusters if one.error]
    needed: dict[str, set[SnapshotRef]] = {}
    refs = list(snapshots.list())
    assert len(refs) == 4
    for ref in refs:
        manifest = snapshots.manifest(ref)
        for key in (
            names.manifest_key(ref.cluster, ref.id),
            *(payload.key for payload in manifest.payloads),
        ):
            needed.setdefault(key, set()).add(ref)
    return Kept(read(snapshots.store, ""), keys, needed)


def corruptions(
    chance: random.Random, found: Kept, rounds: int
) -> Iterator[tuple[str, bytes | None]]:
    """Yield a key and its new bytes; None: it is deleted."""
    keys = sorted(found.needed)
    for number in range(rounds):
        key = chance.choice(keys)
        body = bytearray(found.objects[key])
        match number % 5:
            case 0:
                body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
            case 1:
                del body[chance.randrange(len(body)) :]
            case 2:
                at, size = chance.randrange(len(body)), chance.randrange(1, 64)
                body[at : at + size] = chance.randbytes(size)
            case 3:
                body[:] = found.objects[chance.choice(keys)]
            case _:
                yield key, None
                continue
        if body != found.objects[key]:
            yield key, bytes(body)


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_every_damage_is_found_and_nothing_damaged_restores(
    tmp_path: Path, sealed: bool, signed: bool
) -> None:
    first = age_keys(tmp_path) if sealed else Keys()
    second = signing_keys(tmp_path / "signing") if signed else Keys()
    keys = Keys(first.recipients, first.identity, second.signing_key, second.verification_keys)
    found = kept(keys)
    chance = random.Random(f"{sealed} {signed}")  # noqa: S311
    count = 0
    for key, body in corruptions(chance, found, ROUNDS):
        snapshots = damaged(found, key, body)
        ref = chance.choice(sorted(found.needed[key]))
        where = f"{key}, {'deleted' if body is None else body[:40]!r}"

        if body is None and key.endswith("/manifest.json"):
            assert ref in find_lost(snapshots, list(snapshots.list())), where
        else:
            report = verify(snapshots, ref, level=count % 2, by="a test", record=False)
            assert report.findings, where
            assert report.level is None, where
        target = MemoryStore()
        with pytest.raises((SnapshotNotTrustworthy, SnapshotMissing)):
            plan = plan_restore(snapshots, snapshots.manifest(ref), target)
            apply_restore(plan, snapshots, target)
        assert read(target, "") == {}, where
        count += 1
    assert count > ROUNDS * 0.9


def damaged(found: Kept, key: str, body: bytes | None) -> SnapshotStore:
    store = MemoryStore()
    put(store, {k: v for k, v in found.objects.items() if k != key}, "")
    if body is not None:
        store.put(key, body)
    return snapshot_store(store, found.keys)
