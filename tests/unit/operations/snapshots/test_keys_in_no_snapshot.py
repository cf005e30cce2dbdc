"""No cluster runs by keys that no trusted snapshot has while checks are green (look 3, F6 and F7).

What a bare kops rotated, or applied, is said by `snapshot list`, `verify`, `show` and `doctor`.
"""

import os
import shutil
from typing import Any

import pytest

from kled.cli.snapshot.columns import rows_without_snapshot
from kled.errors import SnapshotNotTrustworthy
from kled.operations.checks.kept_keys import kept_keys_checks
from kled.operations.snapshots import list_snapshots, verify
from kled.operations.snapshots.named_snapshots import describe
from kled.operations.snapshots.present_keys import PresentKeys
from kled.operations.snapshots.verify import VerifySnapshots
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from tests.key_pairs import keyset
from tests.unit.operations.identity.test_identity import CA_KEY, C, World, world
from tests.unit.snapshot import fleets

__all__ = ["world"]
OTHER = fleets.name(2)
LACKS = f"it lacks keys that the state store has now: {CA_KEY}"
NONE = f"no snapshot has its keys: kled snapshot create --name={OTHER}"


def rotate(world: World) -> None:
    """As a bare kops does: afterwards the only key is one that no snapshot has."""
    world.put(CA_KEY, keyset(("9", "rotated")))


def add(world: World, *, applied: bool = True) -> None:
    """Let a bare kops store, or apply, a second cluster."""
    for key, body in fleets.objects(2).items():
        if applied or not key.startswith(("pki/", "secrets/", "backups/", "addons/", "kops-v")):
            path = world.root / "state" / OTHER / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)


def rows(world: World, **more: Any) -> dict[str, list[str]]:
    session = world.session()
    kept, state = session.snapshot_store, session.stores.remembering
    found = verify.verify_snapshots(
        session.settings, kept, level=1, progress=Quiet(), state=state, **more
    )
    assert all(row["trustworthy"] is not bool(row["findings"]) for row in found)
    return {row["cluster"]: row["findings"] for row in found}


def said(world: World) -> list[str]:
    """What a list says of its snapshots and beside them."""
    session = world.session()
    kept, state = session.snapshot_store, session.stores.remembering
    listed = list_snapshots.list_snapshots(kept, None, state)
    beside = list_snapshots.find_missing(kept, listed, None, state)
    stored = (f"{name} was only stored" for name in beside.keys.stored)
    return [*(words for one in listed for words in one.remarks), *beside.warnings, *stored]


def doctor(world: World, *clusters: str) -> list[tuple[str, str, str]]:
    checks = kept_keys_checks(world.session().stores, clusters or (C,))
    assert all(one.fails for one in checks)
    return [(one.name, one.detail, one.hint) for one in checks]


def test_a_rotation_that_no_snapshot_has_seen_is_red(world: World) -> None:
    """F6."""
    first = world.snapshot()
    assert said(world) == []
    assert rows(world) == {C: []}
    assert doctor(world) == []

    rotate(world)

    assert said(world) == [f"{LACKS}: kled snapshot create --name={C}"]
    assert rows(world) == {C: [LACKS]}
    name = f"keys of the clusters: {C}"
    detail = f"the newest snapshot has others: of {first}: {LACKS}"
    assert doctor(world) == [(name, detail, f"kled snapshot create --name={C}")]
    _, worth = describe(world.session().stores, C, first, print)
    assert worth["remarks"] == [LACKS]


def test_a_check_of_one_cluster_is_red_too_and_says_what_to_type(world: World) -> None:
    """F6: `verify --name`, and the flow; the snapshot itself stays the one to restore."""
    world.snapshot()
    rotate(world)

    with pytest.raises(SnapshotNotTrustworthy, match=CA_KEY) as caught:
        world.run(VerifySnapshots(1, of=C))

    assert caught.value.hint == "what is there now is in a snapshot by: kled snapshot create --all"
    assert rows(world) == {C: [LACKS]}, "nothing was written down against the snapshot"


def test_an_older_snapshot_is_not_held_against_todays_keys(world: World) -> None:
    first = world.snapshot()
    world.put("secrets/kube", b'{"Data":"bmV3"}')
    assert world.snapshot() > first

    world.run(VerifySnapshots(1, of=C, which=first))
    assert said(world) == []


@pytest.mark.parametrize("key", [CA_KEY, "secrets/admin"])
def test_what_was_written_again_with_the_same_bytes_is_kept(world: World, key: str) -> None:
    """Copies, restores and a kops that stores what it read give another tag, and lose nothing."""
    world.snapshot()
    path = world.root / "state" / C / key
    body = path.read_bytes()
    path.unlink()
    path.write_bytes(body)
    os.utime(path, (1, 1))

    assert rows(world) == {C: []}
    assert said(world) == []


def test_a_damaged_key_is_held_against_the_state_store_and_not_the_snapshot(world: World) -> None:
    first = world.snapshot()
    world.put(CA_KEY, b"garbage")
    damaged = f"in the state store damaged, and whole in this snapshot: {CA_KEY}"
    restore = f"kled snapshot restore --name={C} --snapshot={first} --class=identity"

    assert said(world) == [f"{damaged}: {restore}"]
    assert rows(world) == {C: [damaged]}
    assert doctor(world) == [(f"keys of the clusters: {C}", f"of {first}: {damaged}", restore)]
    with pytest.raises(SnapshotNotTrustworthy, match="damaged in the state store") as caught:
        world.run(VerifySnapshots(1, of=C))
    assert "kled snapshot restore" in str(caught.value.hint)


def test_a_key_that_no_snapshot_has_comes_before_a_damaged_one(world: World) -> None:
    """A restore of the one would put the other's former value back."""
    first = world.snapshot()
    rotate(world)
    world.put("pki/private/service-account/keyset.yaml", b"garbage")

    (remark,) = said(world)

    assert remark.endswith(f"{LACKS}: kled snapshot create --name={C}")
    assert "damaged" in remark
    assert [hint for _, _, hint in doctor(world)] == [f"kled snapshot create --name={C}"]
    assert rows(world)[C][0].endswith(LACKS), f"of {first}"


def test_a_pull_secret_may_change_as_it_likes(world: World) -> None:
    world.snapshot()
    world.put("secrets/dockerconfig", b"{}")

    assert rows(world) == {C: []}


def test_a_cluster_without_any_snapshot_is_red(world: World) -> None:
    """F7."""
    world.snapshot()
    add(world)

    assert said(world) == [f'cluster "{OTHER}": {NONE}']
    assert rows(world) == {C: [], OTHER: [NONE]}
    name = f"keys of the clusters: {OTHER}"
    detail = "no snapshot has them: there is none of it"
    hint = f"kled snapshot create --name={OTHER}"
    assert doctor(world, C, OTHER) == [(name, detail, hint)]


def test_a_cluster_that_was_only_stored_is_mentioned(world: World) -> None:
    """F7: it has no keys to lose, so a preview wakes nobody."""
    world.snapshot()
    add(world, applied=False)

    assert said(world) == [f"{OTHER} was only stored"]
    assert rows(world) == {C: []}
    assert doctor(world, C, OTHER) == []


def test_a_table_has_a_row_for_each_of_them() -> None:
    rows = list(rows_without_snapshot(PresentKeys(bare=(OTHER,), stored=(C,))))

    assert [(row["cluster"], row["id"], row["age"]) for row in rows] == [
        (OTHER, "none", ""),
        (C, "none", ""),
    ]
    assert [row["remark"] for row in rows] == [NONE, "never applied: it has no keys yet"]


def test_a_directory_that_is_no_cluster_is_none(world: World) -> None:
    world.snapshot()
    (world.root / "state/notes").mkdir()
    (world.root / "state/notes/read-me").write_text("kept by hand")

    assert said(world) == []


def test_snapshots_of_a_namesake_elsewhere_do_not_stand_in(world: World) -> None:
    """F7: another state store has a cluster of that name, and its snapshots here."""
    world.snapshot()
    shutil.copytree(world.root / "state" / C, world.root / "elsewhere" / C)
    world.env["KOPS_STATE_STORE"] = (world.root / "elsewhere").as_uri()
    assert said(world)[:1] == rows(world)[C] == [], "the very keys are in a trusted snapshot"

    (world.root / "elsewhere" / C / CA_KEY).write_bytes(keyset(("9", "another")))

    none = f"no snapshot has its keys: kled snapshot create --name={C}"
    assert said(world) == [none]
    assert none in rows(world)[C]


def test_a_state_store_that_is_gone_is_said_once_and_stops_nothing(world: World) -> None:
    world.snapshot()
    shutil.rmtree(world.root / "state")

    told = said(world)

    assert len(told) <= 1
    assert all(not findings for findings in rows(world).values())


def test_what_a_cluster_left_behind_is_not_held_against_its_new_home(world: World) -> None:
    """The epoch says that it lives elsewhere: what still lies here is no cluster's keys."""
    world.snapshot()
    shutil.copytree(world.root / "state" / C, world.root / "new" / C)
    old, new = (world.root / "state").as_uri(), (world.root / "new").as_uri()
    epoch.advance(world.session().snapshot_store, C, new, of=old)
    world.env["KOPS_STATE_STORE"] = (world.root / "new").as_uri()
    (world.root / "new" / C / CA_KEY).write_bytes(keyset(("9", "rotated-there")))
    world.snapshot()
    world.env["KOPS_STATE_STORE"] = (world.root / "state").as_uri()

    assert said(world) == []
