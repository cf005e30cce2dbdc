"""A restore says what would run on in the cloud with nobody's definition of it."""

from typing import Any

import pytest

from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.snapshots.plan_snapshots import PlanRestore
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World, world
from tests.unit.snapshot import fleets

__all__ = ["world"]
HEAD = "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\n"
THREE = f"""{HEAD}metadata: {{name: {CLUSTER}}}
spec:
  kubernetesVersion: 1.35.5
  etcdClusters:
  - {{name: main, etcdMembers: [{{name: a}}, {{name: b}}, {{name: c}}]}}
"""


def said(world: World, wish: Wish) -> tuple[str, str]:
    """Return what the preview of a flow and the restore itself say."""
    planned: Any = world.restore(PlanRestore(wish))  # type: ignore[arg-type]
    report = world.restore(RestoreState(wish))
    did = next(row.words for row in report.rows if row.step == "check restore")
    return "; ".join(planned.result[1].remarks()), did


def test_groups_whose_definition_goes_are_named_with_what_ends_their_machines(
    world: World,
) -> None:
    """Their machines were nobody's afterwards: no plan and no command told of them."""
    world.write(
        "state", {"instancegroup/spot": fleets.group("maxSize: 2").replace(b"nodes", b"spot")}
    )

    for words in said(world, Wish(CLUSTER, world.wish.snapshot, delete_extra=True)):
        assert "NO LONGER MANAGED: the definition of spot goes, and machines" in words
        assert (
            "after its way back, is kled kops delete-instance-group"
            f" --name={CLUSTER} --instance-group=spot"
        ) in words


def test_members_of_etcd_that_the_restored_definition_lacks_are_named(world: World) -> None:
    world.write("state", {"config": THREE.encode()})

    for words in said(world, world.wish):
        assert "NO LONGER NAMED: etcd cluster main, whose volumes stay in the cloud" in words


@pytest.mark.parametrize("extra", [True, False])
def test_a_restore_that_takes_nothing_out_says_nothing(world: World, *, extra: bool) -> None:
    path = world.root / "state" / CLUSTER / "instancegroup/nodes"
    path.write_bytes(fleets.group("maxSize: 9"))
    wish = Wish(CLUSTER, world.wish.snapshot, delete_extra=extra)

    assert not any("NO LONGER" in words for words in said(world, wish))
