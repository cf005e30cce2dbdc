"""Keysets that cannot be lived by stop every change, and the hint names one that is whole. K4."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from kled.models.rolling import Roll
from kled.operations import identity
from kled.operations.plan_update import judged
from kled.operations.reconcile_cluster import ReconcileCluster
from kled.operations.roll_cluster import RollCluster
from kled.operations.step import Operation
from kled.operations.update_cluster import UpdateCluster
from kled.snapshot.choosing import choose
from kled.snapshot.manifest import complete, encode
from kled.snapshot.repository import SnapshotRef
from tests.key_pairs import item, keyset_of, pair
from tests.unit.operations.test_identity import CA_KEY, C, World, world

__all__ = ["world"]

NOW = str(1_790_000_000_000_000_000 << 32)
OWN = pair("own")
WHOLE = keyset_of([item(NOW, *OWN)], NOW)
ETCD = "pki/private/etcd-clients-ca/keyset.yaml"
OPERATIONS = (UpdateCluster(C), ReconcileCluster(C), RollCluster(C, Roll()))
DAMAGE: dict[str, Callable[[], bytes]] = {
    "end cut off": lambda: b"".join(WHOLE.splitlines(keepends=True)[:-2]),
    "primaryId empty": lambda: keyset_of([item(NOW, *OWN)], ""),
    "primaryId of nothing": lambda: keyset_of([item(NOW, *OWN)], "8"),
    "key cut": lambda: keyset_of([item(NOW, OWN.certificate, OWN.key[:80])], NOW),
    "certificate cut": lambda: keyset_of([item(NOW, OWN.certificate[:80], OWN.key)], NOW),
    "another's key": lambda: keyset_of([item(NOW, OWN.certificate, pair("other").key)], NOW),
    "no private half": lambda: keyset_of([item(NOW, OWN.certificate, None)], NOW),
}


@pytest.fixture
def own(world: World) -> World:
    world.put(CA_KEY, WHOLE)
    world.put(ETCD, WHOLE)
    world.put(
        "igconfig/control-plane/nodeupconfig.yaml",
        f"KeypairIDs: {{kubernetes-ca: '{NOW}', etcd-clients-ca: '{NOW}'}}\n".encode(),
    )
    return world


def call_trusted(world: World, snapshot: str) -> None:
    """Write the snapshot as an earlier kled did, which looked at no key."""
    kept = world.session().snapshot_store
    manifest = kept.manifest(SnapshotRef(C, snapshot))
    proofs = [manifest.proofs[0], manifest.proofs[0].model_copy(update={"level": 1})]
    fields = manifest.model_dump(exclude={"digest", "signature"}) | {
        "findings": (),
        "proofs": [one.model_dump() for one in proofs],
    }
    key = next(one.key for one in kept.store.entries() if f"{snapshot}/manifest" in one.key)
    kept.store.delete(key)
    kept.store.put(key, encode(complete(fields)))


@pytest.mark.parametrize("key", [CA_KEY, ETCD])
@pytest.mark.parametrize("how", DAMAGE)
def test_an_update_stops_before_kops_and_names_keyset_and_snapshot(
    own: World, how: str, key: str
) -> None:
    good = own.snapshot()
    own.put(key, DAMAGE[how]())
    bad = own.snapshot()

    error = own.refused(UpdateCluster(C))

    assert key in error.message
    assert f"--snapshot={good} --class=identity --yes" in str(error.hint)
    assert bad not in str(error.hint)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_nothing_goes_on_without_a_snapshot_store_either(own: World, operation: Operation) -> None:
    own.put(CA_KEY, DAMAGE["another's key"]())

    error = own.refused(operation)

    assert "holds a private key that is not its certificate's" in error.message
    assert "no snapshot is known to have them" in str(error.hint)


def test_a_preview_is_refused_in_the_same_words(own: World) -> None:
    own.put(CA_KEY, DAMAGE["key cut"]())

    plan = judged(own.session(), replace(own.kops.update_preview(C), changes=()))

    assert f"{CA_KEY} holds a key that cannot be read" in plan.refused


def test_the_hint_names_no_snapshot_that_holds_the_damage(own: World) -> None:
    """An earlier kled called such a snapshot sound, and the hint led back to the damage."""
    good = own.snapshot()
    own.put(CA_KEY, DAMAGE["end cut off"]())
    bad = own.snapshot()
    call_trusted(own, bad)
    assert choose(own.session().snapshot_store, C, "latest").id == bad
    assert f"--snapshot={good}" in str(own.refused(UpdateCluster(C)).hint)

    own.lose(CA_KEY)

    assert f"--snapshot={good}" in identity.advice(own.session(), C, frozenset({CA_KEY}))


def test_where_every_snapshot_holds_the_damage_none_is_named(own: World) -> None:
    own.put(CA_KEY, DAMAGE["end cut off"]())
    bad = own.snapshot()
    call_trusted(own, bad)

    hint = str(own.refused(UpdateCluster(C)).hint)

    assert "no snapshot is known to have them" in hint
    assert bad not in hint


def test_whoever_begins_anew_is_let_go_on(own: World) -> None:
    own.put(CA_KEY, DAMAGE["key cut"]())
    own.new_identity = C

    own.run(UpdateCluster(C))


def test_another_key_without_its_private_half_is_no_damage(own: World) -> None:
    own.put(CA_KEY, keyset_of([item(NOW, *OWN), item("7", pair("old").certificate, None)], NOW))

    assert own.run(UpdateCluster(C))["check identity"] == "no keyset is missing"
