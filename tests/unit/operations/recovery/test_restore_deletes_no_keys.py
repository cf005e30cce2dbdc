"""`restore --delete-extra` deletes nothing that a living cluster lives by."""

from dataclasses import replace
from pathlib import Path

import pytest

from kled.errors import NotApproved
from kled.operations.guards.overrides import NOTHING
from kled.operations.recovery.restore_state import RestoreState, Wish
from tests.key_pairs import keyset
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World, world

__all__ = ["world"]

EXTRA = "addons/later.yaml"
SSH = "pki/ssh/public/admin/6f8e"
MARKER = "backups/etcd/events/control/etcd-cluster-created"
ANEW = replace(NOTHING, new_identity=CLUSTER)


def exactly(world: World, **more: object) -> RestoreState:
    return RestoreState(replace(world.wish, delete_extra=True, **more))  # type: ignore[arg-type]


def stored(world: World, key: str) -> Path:
    return world.root / "state" / CLUSTER / key


@pytest.mark.parametrize(
    "key",
    [
        "pki/private/kubernetes-ca-next/keyset.yaml",
        "pki/private/service-account-next/keyset.yaml",
        "pki/private/etcd-clients-ca-cilium/keyset.yaml",
        "pki/private/master/779.key",  # of an old kops
        "pki/issued/master/779.crt",
        "secrets/ciliumpassword",
        "secrets/encryptionconfig",
    ],
)
def test_keys_that_the_snapshot_lacks_are_not_deleted(world: World, key: str) -> None:
    world.write("state", {key: keyset(("5", "LATER")), EXTRA: b"x"})

    with pytest.raises(NotApproved, match=f"lacks {key}, which a restore with") as refused:
        world.restore(exactly(world))

    hint = str(refused.value.hint)
    rest = "--class=intent --class=derived --class=etcd-backup --delete-extra"
    assert f"--snapshot={world.wish.snapshot} {rest}" in hint
    assert f"--delete-extra --new-identity={CLUSTER}" in hint
    assert stored(world, key).exists()
    assert stored(world, EXTRA).exists()  # nothing was changed


def test_without_a_snapshot_they_are_not_deleted_either(world: World) -> None:
    """`--no-snapshot` gives up the way back, and not the keys."""
    world.write("state", {"secrets/kubelet": b'{"Data":"eA=="}'})

    with pytest.raises(NotApproved, match="lacks secrets/kubelet"):
        world.restore(exactly(world), replace(NOTHING, no_snapshot=True))


def test_without_keys_the_rest_is_brought_to_what_it_was(world: World) -> None:
    key = "secrets/kubelet"
    world.write("state", {key: b"{}", EXTRA: b"x", SSH: b"ssh-ed25519 x"})

    world.restore(exactly(world, classes=("derived", "intent")))

    assert stored(world, key).exists()
    assert not stored(world, EXTRA).exists()


def test_an_ssh_key_is_public_and_goes(world: World) -> None:
    world.write("state", {SSH: b"ssh-ed25519 x"})

    world.restore(exactly(world))

    assert not stored(world, SSH).exists()


def test_whoever_names_a_new_identity_means_it(world: World) -> None:
    world.write("state", {"secrets/kubelet": b"{}", MARKER: b"{}"})

    world.restore(exactly(world), ANEW)

    assert not stored(world, "secrets/kubelet").exists()
    assert stored(world, MARKER).exists()  # etcd would begin anew over its data


def test_in_a_copy_nobody_lives(world: World) -> None:
    wish = Wish(CLUSTER, world.wish.snapshot, prefix=f"copies/{CLUSTER}", delete_extra=True)
    world.write("state", {"secrets/kubelet": b"{}"}, f"copies/{CLUSTER}")

    world.restore(RestoreState(wish), replace(NOTHING, no_snapshot=True))

    assert not (world.root / "state/copies" / CLUSTER / "secrets/kubelet").exists()
