"""What a plan does to the volumes of etcd is refused where its objects would be lost. K4."""

import pytest

from kled.models.definition import Definition
from kled.models.plan import Change
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.update_cluster import UpdateCluster
from tests.unit.operations.identity.test_etcd_zones import (
    PLANE,
    applied,
    cluster,
    group,
    grow,
    known,
    put,
)
from tests.unit.operations.identity.test_identity import C, World, world

__all__ = ["applied", "known", "world"]

NAMES = {
    "aws": ("EBSVolume", f"a.etcd-main.{C}"),
    "gce": ("Disk", "a-etcd-main-c001-example-com"),
    "digitalocean": ("Volume", "kops-a-etcd-main-c001-example-com"),
    "hetzner": ("Volume", f"a.etcd-main.{C}"),
}


@pytest.mark.parametrize("cloud", NAMES)
def test_all_volumes_of_an_etcd_anew_are_refused_while_machines_live(
    applied: World, cloud: str
) -> None:
    """Google's disks are looked for in one zone, and whose account is asked nobody sees."""
    whole = cluster()
    applied.kops.stored = Definition(whole, (group(PLANE, "s-a"),))
    applied.kops.changes = [Change("create", *NAMES[cloud])]

    error = applied.refused(UpdateCluster(C))

    assert NAMES[cloud][1] in error.message
    assert f"--new-identity={C}" in str(error.hint)
    assert NAMES[cloud][1] in preview_update(applied.session(), UpdateCluster(C)).refused


def test_one_lost_volume_of_three_is_made_anew(known: World) -> None:
    grow(known)
    put(known, "cluster-completed.spec", cluster(*"abc"))
    known.kops.stored = Definition(cluster(*"abc"), (group(PLANE, "s-a"),))
    known.kops.changes = [Change("create", "EBSVolume", f"b.etcd-main.{C}")]

    known.run(UpdateCluster(C))

    assert known.kops.changed == ["update"]


def test_a_cluster_of_which_the_cloud_has_nothing_is_made_again(applied: World) -> None:
    """A deleted cluster whose state was restored: its etcd left backups, and no machine."""
    made = Change("create", "AutoscalingGroup", f"{PLANE}.masters.{C}")
    applied.kops.stored = Definition(cluster(), (group(PLANE, "s-a"),))
    applied.kops.changes = [Change("create", *NAMES["aws"]), made]

    applied.run(UpdateCluster(C))

    assert applied.kops.changed == ["update"]


@pytest.mark.parametrize(
    ("kind", "field"),
    [("Disk", "Zones"), ("Volume", "Location"), ("EBSVolume", "AvailabilityZone")],
)
def test_a_plan_that_moves_a_volume_is_refused(applied: World, kind: str, field: str) -> None:
    moved = Change("modify", kind, f"a.etcd-main.{C}", {field: "1 -> 2"})
    applied.kops.changes = [moved]

    error = applied.refused(UpdateCluster(C))

    assert f"{kind}/a.etcd-main.{C} ({field}: 1 -> 2)" in error.message
