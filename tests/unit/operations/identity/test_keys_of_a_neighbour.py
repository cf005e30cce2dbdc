"""Another cluster's key that joined a keyset and signs: no rotation, though it looks like one."""

import shutil
from dataclasses import replace

import pytest

from kled.kops.state_store import shared_keys
from kled.kops.state_store.keyset_keys import marks
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import run_to_end
from kled.operations.snapshots.back_up import BackUpState
from tests import key_pairs
from tests.key_pairs import keyset
from tests.unit.operations.identity.test_identity import CA_KEY, GROUP, NODE_CONFIG, C, World, world
from tests.unit.operations.identity.test_keys_of_machines import OWN, Cloud, configure

__all__ = ["world"]

D = "d.example.com"
NEXT = ("772", "NEXT")
THEIRS = ("779", "THEIRS")
UPDATE = UpdateCluster(C)


def neighbour(world: World, *keys: tuple[str, str], name: str = D) -> None:
    """Register another cluster in the state store that lives by the first of these keys."""
    configured = (world.root / "state" / C / NODE_CONFIG).read_bytes()
    configure(world, "kubernetes-ca", keys[0])
    here, there = (world.root / "state" / one for one in (C, name))
    shutil.copytree(here, there)
    (there / CA_KEY).write_bytes(keyset(*keys))
    world.put(NODE_CONFIG, configured)


@pytest.fixture
def joined(world: World) -> World:
    """A cluster whose authority another one's key joined, and signs, after its last snapshot."""
    world.put(CA_KEY, keyset(OWN))
    configure(world, "kubernetes-ca", OWN)
    neighbour(world, THEIRS)
    world.snapshot()
    world.kops = Cloud([GROUP])
    world.put(CA_KEY, keyset(THEIRS, OWN))
    return world


def backed_up(world: World) -> tuple[int, tuple[str, ...]]:
    """Take a snapshot of what is there now; return its level and its findings."""
    taken = run_to_end(BackUpState((C,)), world.session()).result
    assert taken is not None
    (row,) = taken.rows
    return int(str(row["level"])), tuple(map(str, row["findings"]))


def test_a_change_is_refused_and_names_whose_key_it_is(joined: World) -> None:
    error = joined.refused(UPDATE)

    assert "kubernetes-ca" in error.message
    assert D in error.message


def test_no_snapshot_takes_it_for_a_rotation(joined: World) -> None:
    """Else the snapshot before the next change would have it, and nothing would tell any more."""
    level, findings = backed_up(joined)

    assert level == 0
    assert any(D in one for one in findings)
    joined.refused(UPDATE)


def test_what_the_hint_says_brings_the_keyset_back(joined: World) -> None:
    hint = str(joined.refused(UPDATE).hint)
    snapshot = hint.partition("--snapshot=")[2].split()[0]

    assert f"--class=identity --new-identity={C} --yes" in hint
    wish = Wish(C, snapshot, classes=("identity",))
    replace(joined, new_identity=C).run(RestoreState(wish))
    assert joined.run(UPDATE)["check identity"] == "no keyset is missing"
    assert backed_up(joined)[0] == 1


def test_who_means_to_share_it_says_so(joined: World) -> None:
    said = replace(joined, new_identity=C).run(UPDATE)["check identity"]

    assert "kubernetes-ca with other keys" in said


def test_a_key_that_only_joined_is_found_before_it_signs(world: World) -> None:
    """Another member: whoever holds it is an authority as soon as the key is trusted."""
    world.put(CA_KEY, keyset(OWN))
    neighbour(world, THEIRS)
    world.snapshot()
    world.put(CA_KEY, keyset(OWN, THEIRS))

    assert D in world.refused(UPDATE).message


def test_without_any_snapshot_the_machines_configuration_tells_what_is_new(world: World) -> None:
    world.put(CA_KEY, keyset(OWN))
    configure(world, "kubernetes-ca", OWN)
    neighbour(world, THEIRS)
    world.put(CA_KEY, keyset(THEIRS, OWN))

    error = world.refused(UPDATE)

    assert D in error.message


def test_a_rotation_passes_beside_neighbours(world: World) -> None:
    world.put(CA_KEY, keyset(OWN))
    neighbour(world, THEIRS)
    world.snapshot()
    world.put(CA_KEY, keyset(NEXT, OWN))

    assert world.run(UPDATE)["check identity"] == "no keyset is missing"
    assert backed_up(world) == (1, ())


def test_clusters_that_always_shared_an_authority_go_on(world: World) -> None:
    world.put(CA_KEY, keyset(OWN))
    neighbour(world, OWN)
    world.snapshot()

    assert world.run(UPDATE)["check identity"] == "no keyset is missing"


def test_a_key_that_nobody_lives_by_is_no_neighbours(world: World) -> None:
    """It was copied the other way round: the one that has it is configured with another."""
    world.put(CA_KEY, keyset(OWN))
    neighbour(world, THEIRS)
    world.snapshot()
    (world.root / "state" / D / CA_KEY).write_bytes(keyset(THEIRS, NEXT))
    world.put(CA_KEY, keyset(NEXT, OWN))

    assert world.run(UPDATE)["check identity"] == "no keyset is missing"


def test_a_key_that_is_distrusted_is_none() -> None:
    distrusted = keyset(OWN, THEIRS).replace(
        b'- id: "779"', b'- distrustTimestamp: "2026-02-01T00:00:00Z"\n    id: "779"'
    )

    assert shared_keys.added(marks(keyset(OWN)), distrusted) == frozenset()


def test_another_certificate_of_the_same_key_is_no_other_key() -> None:
    own, theirs = key_pairs.pair(OWN[1]), key_pairs.pair(THEIRS[1])
    again = key_pairs.keyset_of(
        [
            key_pairs.item("1", *own),
            key_pairs.item("2", key_pairs.issued_again(OWN[1]), own.key),
            key_pairs.item("3", key_pairs.issued_again(THEIRS[1]), theirs.key),
        ],
        "1",
    )

    (added,) = shared_keys.added(marks(keyset(OWN)), again)

    assert shared_keys.holding(frozenset({added}), keyset(THEIRS)) >= {"id 779"}
