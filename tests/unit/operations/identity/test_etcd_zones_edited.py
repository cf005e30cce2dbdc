"""No edit takes a member of etcd to another zone, but for whoever begins anew. K4."""

import pytest

from kled.errors import IdentityAtRisk, NotApproved
from kled.operations.identity import etcd_names, etcd_zones
from tests.unit.operations.identity.test_etcd_zones import (
    PLANE,
    applied,
    cluster,
    group,
    known,
    store,
    swap_subnet,
)
from tests.unit.operations.identity.test_identity import C, World, world

__all__ = ["applied", "known", "world"]

GROUP_SETS: dict[tuple[str, ...], bool] = {
    ("spec.subnets[0]=s-b",): True,
    ("instancegroup.spec.subnets[0]=s-b",): True,
    ("spec.subnets=s-b",): True,  # it adds: kops takes one zone alone
    ("spec.zones=us-east-1c",): True,
    ("spec.subnets[0]=s-a",): False,
    ("spec.machineType=m5.large",): False,
    ("spec.nodeLabels.zone=us-east-1b",): False,
}


@pytest.mark.parametrize("sets", GROUP_SETS)
def test_an_edit_of_a_group_moves_no_member(applied: World, sets: tuple[str, ...]) -> None:
    def edit() -> None:
        etcd_zones.require_group_sets(applied.session(), C, group(PLANE, "s-a"), sets, ())

    if not GROUP_SETS[sets]:
        edit()
        return
    with pytest.raises(IdentityAtRisk) as caught:
        edit()
    assert "nothing was stored" in caught.value.message
    assert caught.value.exit_code == 6


def test_unset_comes_before_set_as_in_kops(applied: World) -> None:
    session, stored_group = applied.session(), group(PLANE, "s-a")
    etcd_zones.require_group_sets(
        session, C, stored_group, ("spec.subnets=s-a",), ("spec.subnets",)
    )

    with pytest.raises(IdentityAtRisk):
        etcd_zones.require_group_sets(
            session, C, stored_group, ("spec.subnets=s-b",), ("spec.subnets",)
        )


def test_workers_are_edited_as_one_likes(applied: World) -> None:
    nodes = group("nodes", "s-a", role="Node")
    etcd_zones.require_group_sets(applied.session(), C, nodes, ("spec.subnets[0]=s-b",), ())


CLUSTER_SETS = {
    "spec.etcdClusters[0].etcdMembers[0].instanceGroup=control-plane-b": True,
    "spec.etcdClusters[*].etcdMembers[*].instanceGroup=control-plane-b": True,
    "spec.subnets[0].zone=us-east-1b": True,
    "cluster.spec.subnets[*].zone=us-east-1b": True,
    "spec.subnets[1].zone=us-east-1d": False,
    "spec.subnets[3].name=s-d": False,
    "spec.etcdClusters[0].etcdMembers[1].instanceGroup=control-plane-b": False,
    "spec.kubernetesApiAccess=10.0.0.0/8": False,
}


@pytest.mark.parametrize("text", CLUSTER_SETS)
def test_an_edit_of_a_cluster_moves_no_member(applied: World, text: str) -> None:
    store(applied, cluster(), group("control-plane-b", "s-b"))

    def edit() -> None:
        etcd_zones.require_cluster_sets(applied.session(), cluster(), (text,), ())

    if not CLUSTER_SETS[text]:
        edit()
        return
    with pytest.raises(IdentityAtRisk):
        edit()


def test_what_was_moved_may_be_put_back_by_an_edit(known: World) -> None:
    swap_subnet(known)
    wrong = group(PLANE, "s-b")

    etcd_zones.require_group(known.session(), C, wrong, group(PLANE, "s-a"))
    etcd_zones.require_group(known.session(), C, wrong, group(PLANE, "s-b", maxSize=1))
    with pytest.raises(IdentityAtRisk):
        etcd_zones.require_group(known.session(), C, wrong, group(PLANE, "s-c"))


def test_an_edit_moves_a_member_for_whoever_begins_anew(applied: World) -> None:
    applied.new_identity = C
    renamed = ("spec.etcdClusters[0].etcdMembers[0].name=z",)

    etcd_zones.require_group(applied.session(), C, group(PLANE, "s-a"), group(PLANE, "s-b"))
    etcd_zones.require_cluster_sets(applied.session(), cluster(), tuple(CLUSTER_SETS), ())
    etcd_names.require_sets(applied.session(), cluster(), renamed, ())


def test_to_begin_another_cluster_anew_is_refused(applied: World) -> None:
    applied.new_identity = "another.example.com"

    with pytest.raises(NotApproved, match="--new-identity names"):
        etcd_zones.require_group(applied.session(), C, group(PLANE, "s-a"), group(PLANE, "s-b"))
