"""An applied cluster keeps the names of its etcd clusters and members. K4."""

from typing import Any

import pytest
import yaml

from kled.errors import IdentityAtRisk
from kled.kops import etcd_members
from kled.operations import etcd_names
from kled.operations.plan_update import judged
from kled.operations.update_cluster import UpdateCluster
from tests.unit.operations.test_identity import C, World, world

__all__ = ["world"]

ETCDS = [
    {"name": "main", "etcdMembers": [{"name": "a", "instanceGroup": "plane"}]},
    {"name": "events", "etcdMembers": [{"name": "a", "instanceGroup": "plane"}]},
]


def definition(etcds: list[Any]) -> dict[str, Any]:
    head = {"apiVersion": "kops.k8s.io/v1alpha2", "kind": "Cluster", "metadata": {"name": C}}
    return {**head, "spec": {"etcdClusters": etcds}}


def renamed(etcd: str, *members: str) -> list[Any]:
    return [{"name": etcd, "etcdMembers": [{"name": one} for one in members]}, ETCDS[1]]


def put(world: World, key: str, etcds: list[Any]) -> None:
    world.put(key, yaml.safe_dump(definition(etcds)).encode())


@pytest.fixture
def applied(world: World) -> World:
    put(world, "cluster-completed.spec", ETCDS)
    put(world, "config", ETCDS)
    return world


LOSING = {
    "spec.etcdClusters[*].etcdMembers[0].name=z": "member a of etcd cluster events",
    "spec.etcdClusters[0].etcdMembers[0].name=z": "member a of etcd cluster main",
    "spec.etcdClusters[0].name=mainx": "etcd cluster main",
    "cluster.spec.etcdClusters[1]/name=mainx": "etcd cluster events",
    "spec.etcdClusters=x": "etcd cluster main",
    "spec.etcdClusters[0].etcdMembers=x": "etcd cluster main",
}
KEEPING = (
    "spec.etcdClusters[*].version=3.6.6",
    "spec.etcdClusters[0].name=main",
    "spec.etcdClusters[0].etcdMembers[1].name=b",
    "spec.etcdClusters[0].etcdMembers[0].encryptedVolume=true",
    "spec.kubernetesApiAccess=10.0.0.0/8",
)


@pytest.mark.parametrize("text", LOSING)
def test_a_name_that_goes_by_set_is_refused(applied: World, text: str) -> None:
    with pytest.raises(IdentityAtRisk) as refused:
        etcd_names.require_sets(applied.session(), definition(ETCDS), (text,), ())

    assert LOSING[text] in refused.value.message
    assert refused.value.exit_code == 6
    assert "main: a" in str(refused.value.hint)


@pytest.mark.parametrize("text", KEEPING)
def test_what_keeps_the_names_is_stored(applied: World, text: str) -> None:
    etcd_names.require_sets(applied.session(), definition(ETCDS), (text,), ())


@pytest.mark.parametrize(
    "path", ["spec.etcdClusters", "spec.etcdClusters[1]", "spec.etcdClusters[0].etcdMembers[0]"]
)
def test_what_is_unset_takes_its_name_along(applied: World, path: str) -> None:
    with pytest.raises(IdentityAtRisk):
        etcd_names.require_sets(applied.session(), definition(ETCDS), (), (path,))


@pytest.mark.parametrize(
    "etcds", [[], ETCDS[:1], renamed("mainx", "a"), renamed("main", "z"), renamed("main")]
)
def test_an_edited_text_that_loses_a_name_is_refused(applied: World, etcds: list[Any]) -> None:
    with pytest.raises(IdentityAtRisk):
        etcd_names.require_edited(applied.session(), definition(ETCDS), definition(etcds))


@pytest.mark.parametrize("etcds", [ETCDS, [*ETCDS, {"name": "cilium"}], renamed("main", *"abc")])
def test_members_and_etcd_clusters_may_be_added(applied: World, etcds: list[Any]) -> None:
    etcd_names.require_edited(applied.session(), definition(ETCDS), definition(etcds))


def test_a_definition_that_was_never_applied_may_be_named_as_one_likes(world: World) -> None:
    world.lose_all_but("config", "instancegroup/")
    put(world, "config", ETCDS)

    sets = ("spec.etcdClusters[0].name=mainx",)
    etcd_names.require_sets(world.session(), definition(ETCDS), sets, ())


def test_an_update_and_its_preview_are_refused_where_a_bare_kops_stored_another_name(
    applied: World,
) -> None:
    put(applied, "config", renamed("mainx", "a"))

    error = applied.refused(UpdateCluster(C))

    assert "etcd cluster main" in error.message
    plan = judged(applied.session(), applied.kops.update_preview(C))
    assert "etcd cluster main" in plan.refused


def test_the_name_may_be_put_back_step_by_step(applied: World) -> None:
    wrong = [{**one, "name": f"{one['name']}x"} for one in ETCDS]
    put(applied, "config", wrong)

    sets = ("spec.etcdClusters[0].name=main",)
    etcd_names.require_sets(applied.session(), definition(wrong), sets, ())


def test_what_has_no_form_has_no_names() -> None:
    for spec in (None, {"etcdClusters": 1}, {"etcdClusters": [1, {"etcdMembers": {}}]}):
        assert not etcd_members.lost(etcd_members.names({"spec": spec}), {"": frozenset()})
