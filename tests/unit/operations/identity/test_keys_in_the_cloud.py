"""What machines in the cloud trust, where the state store has no witness left.

A rotation that no snapshot has seen, then the loss of keyset and configuration: the snapshot's
authority came back and was rolled out, though every machine distrusted it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from kled.models.cluster import InstanceGroup
from kled.models.plan import Change
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.recovery.restore_state import RestoreState, Wish
from tests import key_pairs
from tests.key_pairs import keyset
from tests.unit.operations.identity.test_identity import CA_KEY, GROUP, NODE_CONFIG, C, World, world
from tests.unit.operations.identity.test_keys_of_machines import NEXT, OWN, Cloud, configure

__all__ = ["world"]

UPDATE = UpdateCluster(C)
REFUSED = "run with another authority than is stored as kubernetes-ca"


@dataclass
class Groups(Cloud):
    """Knows the groups that its machines are of."""

    def instance_groups_list(self, _name: str) -> tuple[InstanceGroup, ...]:
        return (
            InstanceGroup("control-plane-a", "control-plane", "m", 1, 1, ("a",)),
            InstanceGroup("nodes", "node", "m", 1, 1, ("a",)),
        )


def lines_of(mark: str, pair: str) -> Iterable[str]:
    text = key_pairs.pair(pair).certificate.decode().splitlines()
    return (f"{mark}     {line}" for line in text)


def swap(before: str, after: str) -> Change:
    """Return what kops shows of nodes that trust another authority (capture N-ca-secret-prev)."""
    lines = (
        *("...", "    CACertificates: |", *lines_of("-", before), *lines_of("+", after)),
        *("    servers:", "...", "+ NodeupConfigHash: b", "- NodeupConfigHash: a", "..."),
    )
    return Change("modify", "LaunchTemplate", f"nodes.{C}", {"UserData": "\n".join(lines)})


def restored(world: World, *, control_plane: bool = True) -> str:
    """Lose all words of a rotation, and put back the snapshot from before it; return its id."""
    world.put(CA_KEY, keyset(OWN))
    configure(world, "kubernetes-ca", OWN)
    before = world.snapshot()
    world.lose_all_but("none")
    world.kops = Groups([GROUP], control_plane=control_plane, nodes=True)
    world.run(RestoreState(Wish(C, before)))
    world.kops.changes = [GROUP, swap(NEXT[1], OWN[1])]
    return before


def test_an_update_does_not_take_the_authority_from_machines_that_run_with_it(
    world: World,
) -> None:
    before = restored(world)

    error = world.refused(UPDATE)

    assert REFUSED in error.message
    hint = str(error.hint)
    assert f"do NOT restore kubernetes-ca from snapshot {before}" in hint
    assert "copy the right one from a control plane's machine" in hint
    assert f"kled kops update-cluster --name={C} --yes --new-identity={C}" in hint


def test_the_preview_says_so(world: World) -> None:
    restored(world)

    assert REFUSED in preview_update(world.session(), UPDATE).refused


def test_who_begins_anew_goes_on(world: World) -> None:
    restored(world)

    replace(world, new_identity=C).run(UPDATE)

    assert world.kops.changed == ["update"]


def test_one_that_a_kops_made_by_mistake_is_taken_away(world: World) -> None:
    """The second history of decision 47: nothing was rolled, so nothing runs with it."""
    restored(world, control_plane=False)

    world.run(UPDATE)

    assert world.kops.changed == ["update"]


@pytest.mark.parametrize("distrusted", [True, False])
def test_a_rotation_takes_away_what_the_keyset_has_still(world: World, *, distrusted: bool) -> None:
    restored(world)
    stored = keyset(OWN, NEXT)
    if distrusted:
        stored = stored.replace(
            b'- id: "772"', b'- distrustTimestamp: "2026-02-01T00:00:00Z"\n    id: "772"'
        )
    world.put(CA_KEY, stored)

    world.run(UPDATE)

    assert world.kops.changed == ["update"]


def test_a_key_that_was_copied_from_a_machine_explains_it(world: World) -> None:
    """`kops create keypair --primary --cert --key` stores it beside the snapshot's."""
    restored(world)
    world.put(CA_KEY, keyset(("900", NEXT[1]), OWN))

    world.run(UPDATE)


def test_a_snapshot_that_has_it_is_named(world: World) -> None:
    before = restored(world)
    world.put(CA_KEY, keyset(NEXT, OWN))
    right = world.snapshot()
    world.put(CA_KEY, keyset(OWN))

    hint = str(world.refused(UPDATE).hint)

    assert right > before
    assert f"--snapshot={right} --class=identity --yes" in hint


@pytest.mark.parametrize("lost", ["", "igconfig and the keyset"])
def test_the_hint_says_where_nothing_tells_which_key_is_right(world: World, lost: str) -> None:
    world.put(CA_KEY, keyset(OWN))
    configure(world, "kubernetes-ca", OWN)
    before = world.snapshot()
    world.kops = Groups([GROUP, Change("create", "Keypair", "kubernetes-ca")])
    world.lose(CA_KEY)
    if lost:
        world.lose(NODE_CONFIG)

    hint = str(world.refused(UPDATE).hint)

    assert f"--snapshot={before} --class=identity --yes" in hint
    assert ("nothing in the state store tells whether kubernetes-ca" in hint) == bool(lost)
