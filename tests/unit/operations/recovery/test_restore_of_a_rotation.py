"""Keys from before a rotation are not put back by the way. Fault 1, another member."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kled.errors import NotApproved
from kled.operations.guards.overrides import NOTHING
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.snapshots.back_up import back_up
from kled.operations.stores import Stores
from kled.snapshot.progress import Quiet
from tests.key_pairs import keyset
from tests.sites import CLOCK
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World

CA = "pki/private/kubernetes-ca/keyset.yaml"
OWN, NEXT = ("771", "OWN"), ("772", "NEXT")
DISTRUSTED = keyset(NEXT, OWN).replace(
    b'- id: "771"', b'- distrustTimestamp: "2026-02-01T00:00:00Z"\n    id: "771"'
)


class Rotated(World):
    """The world after a rotation that ended; `before` is a snapshot from before it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.before = self.wish.snapshot
        self.write("state", {CA: DISTRUSTED})
        self.after = self.back_up()

    def write(self, store: str, objects: dict[str, bytes], cluster: str = CLUSTER) -> None:
        """Write them; the cluster's first authority is `OWN`."""
        first = {CA: keyset(OWN)} if len(objects) > 1 else {}
        super().write(store, {**objects, **first}, cluster)

    def back_up(self) -> str:
        (cluster,) = back_up(Stores(self.settings, CLOCK), [CLUSTER], progress=Quiet()).clusters
        assert cluster.level == 1
        return cluster.snapshot or ""

    def authority(self) -> bytes:
        return (self.root / "state" / CLUSTER / CA).read_bytes()


@pytest.fixture
def world(tmp_path: Path) -> Rotated:
    return Rotated(tmp_path)


@pytest.mark.parametrize("stored", ["there", "gone"])
def test_keys_from_before_a_rotation_are_refused(world: Rotated, stored: str) -> None:
    path = world.root / "state" / CLUSTER / CA
    if stored == "gone":
        path.unlink()

    with pytest.raises(NotApproved, match="before a rotation of keys: kubernetes-ca") as refused:
        world.restore(RestoreState(Wish(CLUSTER, world.before)))

    hint = str(refused.value.hint)
    assert f"--snapshot={world.after}" in hint
    undone = f"--name={CLUSTER} --snapshot={world.before} --new-identity={CLUSTER}"
    assert f"kled snapshot restore {undone}" in hint  # at 3 a.m. the whole command is copied
    assert "--class=intent" in hint
    assert not path.exists() or world.authority() == DISTRUSTED


def test_the_rest_of_that_snapshot_may_be_restored(world: Rotated) -> None:
    world.write("state", {"config": b"damage"})

    world.restore(RestoreState(Wish(CLUSTER, world.before, classes=("intent",))))

    assert world.authority() == DISTRUSTED


def test_a_rotation_is_undone_where_that_is_said(world: Rotated) -> None:
    meant = replace(NOTHING, new_identity=CLUSTER)

    world.restore(RestoreState(Wish(CLUSTER, world.before)), meant)

    assert world.authority() == keyset(OWN)


def test_lost_keys_come_back_from_the_newest_snapshot_and_from_one_of_the_same_keys(
    world: Rotated,
) -> None:
    world.write(
        "state", {"config": (world.root / "state" / CLUSTER / "config").read_bytes() + b"#\n"}
    )
    newest = world.back_up()
    for snapshot in ("latest", newest, world.after):
        (world.root / "state" / CLUSTER / CA).unlink()

        world.restore(RestoreState(Wish(CLUSTER, snapshot)))

        assert world.authority() == DISTRUSTED


def test_a_copy_elsewhere_may_have_them(world: Rotated) -> None:
    world.restore(RestoreState(Wish(CLUSTER, world.before, to=(world.root / "other").as_uri())))

    assert (world.root / "other" / CLUSTER / CA).read_bytes() == keyset(OWN)


@pytest.mark.parametrize("typed", [str, Path.as_uri, lambda path: f"{path.as_uri()}/"])
def test_its_own_state_store_is_no_copy_elsewhere_however_it_is_typed(
    world: Rotated, typed: Callable[[Path], str]
) -> None:
    """`--to` with the state store at hand wrote lost keys from before the rotation."""
    (world.root / "state" / CLUSTER / CA).unlink()
    wish = Wish(CLUSTER, world.before, to=typed(world.root / "state"))

    with pytest.raises(NotApproved, match="before a rotation of keys"):
        world.restore(RestoreState(wish))

    assert not (world.root / "state" / CLUSTER / CA).exists()


@pytest.mark.parametrize("snapshot", ["latest", "its id"])
def test_a_rotation_that_no_snapshot_has_is_not_undone_either(
    world: Rotated, snapshot: str
) -> None:
    """Each phase is snapshotted before it, so the last is in none; nor is a bare kops'."""
    wish = Wish(CLUSTER, "latest" if snapshot == "latest" else world.after)
    later = keyset(("773", "LATER"), NEXT)
    world.write("state", {CA: later})

    with pytest.raises(NotApproved, match="a rotation of keys that no snapshot has: kubernetes-ca"):
        world.restore(RestoreState(wish))

    assert world.authority() == later
    world.restore(RestoreState(wish), replace(NOTHING, new_identity=CLUSTER))
    assert world.authority() == DISTRUSTED


def test_a_foreign_authority_is_replaced_though_it_is_newer(world: Rotated) -> None:
    world.write("state", {CA: keyset(("779", "FOREIGN"))})

    world.restore(RestoreState(Wish(CLUSTER, world.after)))

    assert world.authority() == DISTRUSTED
