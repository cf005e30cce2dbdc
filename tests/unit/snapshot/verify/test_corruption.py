"""Damage of every kind to a snapshot store: found, survived, and never restored."""

import random

import pyrage
import pytest

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.documents.keys import Keys
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.restore.restore import apply_restore
from kled.snapshot.restore.restore_plan import plan_restore
from kled.snapshot.verify.verify import find_lost, verify
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.fleets import Runs, name, state

KINDS = ("flip", "truncate", "swap", "delete")


@pytest.fixture(scope="module", params=["plain", "sealed"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Some snapshots of three clusters."""
    recipients: tuple[str, ...] = ()
    identity = None
    if request.param == "sealed":
        key = pyrage.x25519.Identity.generate()
        identity = tmp_path_factory.mktemp("keys") / "identity"
        identity.touch(mode=0o600)
        identity.write_text(str(key))
        recipients = (str(key.to_public()),)
    runs = Runs(state(3), MemoryStore(), Keys(recipients, identity))
    for at in range(3):
        runs.state.put(f"{name(0)}/addons/a.addons.k8s.io/v1.yaml", f"n: {at}".encode())
        runs.run().require()
    return runs


def corrupt(store: MemoryStore, chance: random.Random) -> str:
    """Damage one manifest, archive or blob; return what was done."""
    found = [
        key
        for key in keys(store)
        if key.endswith("/manifest.json") or "/state.tar.zst" in key or key.startswith("blobs/")
    ]
    key, kind = chance.choice(found), chance.choice(KINDS)
    body = store.get(key).body
    match kind:
        case "flip":
            at = chance.randrange(len(body))
            changed = body[:at] + bytes([body[at] ^ 1 << chance.randrange(8)]) + body[at + 1 :]
        case "truncate":
            changed = body[: chance.randrange(len(body))]
        case "swap":
            others = [one for one in found if store.get(one).body != body]
            changed = store.get(chance.choice(others)).body
        case _:
            store.delete(key)
            return f"delete {key}"
    store.put(key, changed)
    return f"{kind} {key}"


def copied(store: ObjectStore) -> MemoryStore:
    copy = MemoryStore()
    for key in keys(store):
        copy.put(key, store.get(key).body)
    return copy


def check(world: Runs, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for keys
    store = copied(world.store)
    what = corrupt(store, chance)
    snapshots = Runs(world.state, store, world.keys, at=3600).snapshots
    present = list(snapshots.list())

    bad = [ref for ref in present if not trusted(snapshots, ref)]

    assert bad or find_lost(snapshots, present), f"{seed}: {what} was not found"
    for ref in bad:
        with pytest.raises((SnapshotNotTrustworthy, SnapshotMissing)):
            restore(snapshots, ref)


def trusted(snapshots: SnapshotStore, ref: SnapshotRef) -> bool:
    return verify(snapshots, ref, level=1, by="test", record=False).trustworthy


def restore(snapshots: SnapshotStore, ref: SnapshotRef) -> None:
    """Restore, and show that nothing was written where that failed."""
    target = MemoryStore()
    try:
        apply_restore(plan_restore(snapshots, snapshots.manifest(ref), target), snapshots, target)
    except Exception:
        assert keys(target) == []
        raise


@pytest.mark.parametrize("seed", range(0, 300, 50))
def test_each_damage_is_found_at_level_0_or_1_and_never_restored(world: Runs, seed: int) -> None:
    for one in range(seed, seed + 50):
        check(world, one)
