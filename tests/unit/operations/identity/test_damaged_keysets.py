"""Keysets that cannot be lived by stop every change, and the hint names one that is whole. K4."""

from collections.abc import Callable

import pytest

from kled.errors import IdentityAtRisk
from kled.models.rolling import Roll
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.plan_update import (
    PlanUpdate,
    plan_reconciling,
    plan_with_radius,
    preview_update,
)
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.fleet.all_clusters import look_for_pending
from kled.operations.identity import kept_keys
from kled.operations.preview.preview_deletion import preview_deletion
from kled.operations.preview.preview_roll import PlanRoll
from kled.operations.preview.preview_scaling import PlanScaling
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.runner import run
from kled.operations.session import Session
from kled.operations.step import Operation
from kled.snapshot.choosing import choose
from kled.snapshot.documents.manifest import complete, encode
from kled.snapshot.repository import SnapshotRef
from tests.key_pairs import item, keyset_of, pair
from tests.unit.operations.identity.test_identity import CA_KEY, C, Kops, World, world

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

    with pytest.raises(IdentityAtRisk, match=f"{CA_KEY} holds a key that cannot be read"):
        preview_update(own.session(), UpdateCluster(C))


def test_the_hint_names_no_snapshot_that_holds_the_damage(own: World) -> None:
    """An earlier kled called such a snapshot sound, and the hint led back to the damage."""
    good = own.snapshot()
    own.put(CA_KEY, DAMAGE["end cut off"]())
    bad = own.snapshot()
    call_trusted(own, bad)
    assert choose(own.session().snapshot_store, C, "latest").id == bad
    assert f"--snapshot={good}" in str(own.refused(UpdateCluster(C)).hint)

    own.lose(CA_KEY)

    assert f"--snapshot={good}" in kept_keys.advice(own.session(), C, frozenset({CA_KEY}))


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


ADMIN = "secrets/admin"
SECRETS = {
    "empty": (b'{"Data":""}', "holds no value: its Data is empty"),
    "cut": (b'{"Da', "is no secret of kops"),
    "no base64": (b'{"Data":"***"}', "holds no value: its Data is not base64"),
}


class Untouched(Kops):
    """A kops that must not be asked: over this damage it fails, or tries for ten minutes."""

    def __getattribute__(self, name: str) -> object:
        if name.endswith("_preview") or name.startswith("get_"):
            raise AssertionError(f"kops was asked: {name}")
        return super().__getattribute__(name)


def previews() -> dict[str, Callable[[Session], object]]:
    return {
        "update-cluster": lambda session: plan_with_radius(session, UpdateCluster(C)),
        "create-cluster, of a stored one": lambda session: preview_update(
            session, UpdateCluster(C)
        ),
        "reconcile-cluster": lambda session: plan_reconciling(session, ReconcileCluster(C)),
        "kled plan": lambda session: look_for_pending(session, C),
        "plan-update": lambda session: run(PlanUpdate(C), session),
        "roll-cluster": lambda session: run(PlanRoll(C, Roll()), session),
        "scale-instance-group": lambda session: run(PlanScaling(C, "nodes"), session),
    }


@pytest.mark.parametrize("preview", previews())
@pytest.mark.parametrize("key", [CA_KEY, ADMIN])
def test_a_preview_says_before_kops_is_asked_what_the_change_would_say(
    own: World, preview: str, key: str
) -> None:
    """K4: it ended in kops' own error with 1, or after ten minutes, where `--yes` ended with 6."""
    good = own.snapshot()
    own.put(key, b"garbage: [\n")
    own.kops = Untouched([])

    with pytest.raises(IdentityAtRisk) as shown:
        previews()[preview](own.session())

    done = own.refused(UpdateCluster(C))
    assert (shown.value.message, shown.value.hint) == (done.message, done.hint)
    assert key in done.message
    assert f"--snapshot={good} --class=identity --yes" in str(done.hint)


@pytest.mark.parametrize("how", SECRETS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_a_damaged_secret_is_refused_as_a_missing_one_is(
    own: World, operation: Operation, how: str
) -> None:
    """K4: the preview was green, and the change ended with 4."""
    own.guarded = True
    body, words = SECRETS[how]
    own.put(ADMIN, body)

    error = own.refused(operation)

    assert f"{ADMIN} {words}" in error.message


@pytest.mark.parametrize("kind", ["dockerconfig", "encryptionconfig", "ciliumpassword"])
def test_a_secret_that_somebody_gave_may_be_given_again(own: World, kind: str) -> None:
    own.put(f"secrets/{kind}", b"")

    hint = str(own.refused(UpdateCluster(C)).hint)

    assert f"kled kops create-secret {kind} --name={C} --file=FILE --force" in hint


def test_a_secret_that_is_no_file_is_damaged(own: World) -> None:
    """Another member: a link among a cluster's objects."""
    path = own.root / "state" / C / "secrets" / "kubelet"
    path.symlink_to(own.root / "elsewhere")

    assert "secrets/kubelet" in own.refused(UpdateCluster(C)).message


@pytest.mark.parametrize("key", [CA_KEY, ADMIN])
def test_the_preview_of_a_deletion_says_that_nothing_could_bring_the_cluster_back(
    own: World, key: str
) -> None:
    """The deletion itself ends with its final snapshot, which cannot be trusted."""
    own.snapshot()
    own.guarded = True
    own.put(key, b"garbage: [\n")

    plan = preview_deletion(own.session(), DeleteCluster(C))

    assert key in plan.refused
    assert "--no-snapshot deletes the cluster all the same" in plan.refused
