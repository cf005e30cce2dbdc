"""A member of etcd stays in the zone in which it was applied: its volume goes to no other. K4."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from kled.errors import IdentityAtRisk
from kled.kops.state_store import contents
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.identity import etcd_zones
from kled.snapshot.choosing import choose
from kled.snapshot.repository import SnapshotRef
from tests import key_pairs
from tests.unit.operations.identity.test_identity import C, World, world

__all__ = ["world"]

API = "kops.k8s.io/v1alpha2"
PLANE = "control-plane-a"
Document = dict[str, Any]


def etcds(*members: str, group: str = "control-plane-{}") -> list[Document]:
    rows = [{"name": one, "instanceGroup": group.format(one)} for one in members or ("a",)]
    return [{"name": etcd, "etcdMembers": rows} for etcd in ("main", "events")]


def cluster(*members: str, **spec: Any) -> Document:
    """A cluster with a subnet in each of three zones."""
    subnets = [{"name": f"s-{zone}", "zone": f"us-east-1{zone}"} for zone in "abc"]
    own = {"cloudProvider": "aws", "subnets": subnets, "etcdClusters": etcds(*members)}
    head = {"apiVersion": API, "kind": "Cluster", "metadata": {"name": C}}
    return {**head, "spec": {**own, **spec}}


def group(name: str, *subnets: str, role: str = "Master", **spec: Any) -> Document:
    own = {"role": role, "subnets": list(subnets), "minSize": 1, "maxSize": 1}
    head = {"apiVersion": API, "kind": "InstanceGroup", "metadata": {"name": name}}
    return {**head, "spec": {**own, **spec}}


def put(world: World, key: str, document: Document) -> None:
    world.put(key, yaml.safe_dump(document).encode())


def store(world: World, document: Document, *groups: Document) -> None:
    put(world, "config", document)
    for one in groups:
        put(world, f"instancegroup/{one['metadata']['name']}", one)


@pytest.fixture
def applied(world: World) -> World:
    """A cluster with one member in zone a, which was applied."""
    put(world, "cluster-completed.spec", cluster())
    store(world, cluster(), group(PLANE, "s-a"), group("nodes", "s-a", role="Node"))
    for etcd in ("main", "events"):
        for keyset in (f"etcd-manager-ca-{etcd}", f"etcd-peers-ca-{etcd}"):
            world.put(f"pki/private/{keyset}/keyset.yaml", key_pairs.keyset(("1", keyset)))
    return world


MOVED = "member a of etcd cluster main in us-east-1b (instance group"


@pytest.fixture
def known(applied: World) -> World:
    """The same with a snapshot, which alone tells the zones of the groups."""
    applied.snapshot()
    return applied


def swap_group(world: World) -> None:
    """The member stands on a group of another zone, which is new."""
    rows = etcds("a", group="control-plane-b")
    store(world, cluster(etcdClusters=rows), group("control-plane-b", "s-b"))


def swap_subnet(world: World) -> None:
    store(world, cluster(), group(PLANE, "s-b"))


def swap_zone_of_subnet(world: World) -> None:
    subnets = [{"name": "s-a", "zone": "us-east-1b"}]
    store(world, cluster(subnets=subnets))


MOVES = {
    "its group": swap_group,
    "its group's subnets": swap_subnet,
    "its subnet's zone": swap_zone_of_subnet,
}


@pytest.mark.parametrize("how", MOVES)
def test_a_member_that_a_bare_kops_moved_stops_updates_and_their_previews(
    known: World, how: str
) -> None:
    MOVES[how](known)

    error = known.refused(UpdateCluster(C))

    assert MOVED in error.message
    assert "kops applied us-east-1a" in error.message
    assert f"member a: instance group {PLANE} in us-east-1a" in str(error.hint)
    restore = f"kled snapshot restore --name={C} --snapshot=latest --class=intent --yes"
    assert f"all of the definition: {restore};" in str(error.hint)
    with pytest.raises(IdentityAtRisk):  # kops stops at its own preview, after minutes
        preview_update(known.session(), UpdateCluster(C))


@pytest.mark.parametrize("how", ["its group", "its subnet's zone"])
def test_what_kops_applied_tells_without_any_snapshot(applied: World, how: str) -> None:
    MOVES[how](applied)

    assert MOVED in applied.refused(UpdateCluster(C)).message


def grow(world: World) -> None:
    more = [group(f"control-plane-{zone}", f"s-{zone}") for zone in "bc"]
    store(world, cluster(*"abc"), *more)


def add_workers(world: World) -> None:
    store(world, cluster(), group("nodes-b", "s-b", role="Node"))


def move_workers(world: World) -> None:
    store(world, cluster(), group("nodes", "s-b", role="Node"))


def another_subnet_of_the_zone(world: World) -> None:
    subnets = [
        *cluster()["spec"]["subnets"],
        {"name": "private-a", "zone": "us-east-1a"},
        {"name": "utility-a", "zone": "us-east-1a"},
    ]
    store(world, cluster(subnets=subnets), group(PLANE, "private-a", machineType="m5.large"))


def another_group_of_the_zone(world: World) -> None:
    store(world, cluster(etcdClusters=etcds("a", group="masters")), group("masters", "s-a"))


LEGAL: dict[str, Callable[[World], None]] = {
    "one member to three": grow,
    "workers in a new zone": add_workers,
    "workers moved": move_workers,
    "another subnet of the zone": another_subnet_of_the_zone,
    "another group of the zone": another_group_of_the_zone,
}


@pytest.mark.parametrize("how", LEGAL)
def test_legal_changes_are_no_alarm(known: World, how: str) -> None:
    LEGAL[how](known)

    known.run(UpdateCluster(C))

    assert known.kops.changed == ["update"]


def test_what_is_added_may_still_go_elsewhere_until_it_is_applied(known: World) -> None:
    grow(known)
    known.snapshot()
    store(known, cluster(*"abc"), group("control-plane-b", "s-c"))

    known.run(UpdateCluster(C))

    assert known.kops.changed == ["update"]


def test_a_member_that_was_added_and_applied_stays_where_it_was_applied(known: World) -> None:
    grow(known)
    put(known, "cluster-completed.spec", cluster(*"abc"))
    known.snapshot()
    store(known, cluster(*"abc"), group("control-plane-b", "s-c"))

    assert "member b of etcd cluster main in us-east-1c" in known.refused(UpdateCluster(C)).message


def test_three_members_to_one_are_refused(known: World) -> None:
    """etcd-manager takes out whichever it likes, and the machine of the last may go."""
    grow(known)
    put(known, "cluster-completed.spec", cluster(*"abc"))
    known.snapshot()
    store(known, cluster())

    assert "member b of etcd cluster main" in known.refused(UpdateCluster(C)).message


def test_who_was_never_applied_goes_where_it_likes(world: World) -> None:
    world.lose_all_but("config", "instancegroup/")
    store(world, cluster(), group(PLANE, "s-a"))
    world.snapshot()
    swap_subnet(world)

    world.run(UpdateCluster(C))

    assert world.kops.changed == ["update"]


CLOUDS: dict[str, tuple[Document, Document, Document, bool]] = {
    "gce": (
        {"cloudProvider": "gce", "subnets": [{"name": "us", "region": "us-central1"}]},
        {"subnets": ["us"], "zones": ["us-central1-a"]},
        {"subnets": ["us"], "zones": ["us-central1-b"]},
        True,
    ),
    "azure": (
        {"cloudProvider": "azure", "subnets": [{"name": "eu", "region": "eastus"}]},
        {"subnets": ["eu"], "zones": ["eastus-1"]},
        {"subnets": ["eu"], "zones": ["eastus-2"]},
        True,
    ),
    "hetzner": (
        {
            "cloudProvider": "hetzner",
            "subnets": [{"name": one, "zone": one} for one in ("fsn1", "nbg1")],
        },
        {"subnets": ["fsn1"]},
        {"subnets": ["nbg1"]},
        True,
    ),
    "openstack": (
        {
            "cloudProvider": "openstack",
            "subnets": [{"name": one, "zone": one} for one in ("nova-1", "nova-2")],
        },
        {"subnets": ["nova-1"]},
        {"subnets": ["nova-2"]},
        True,
    ),
    "openstack whose zones share their volumes": (
        {
            "cloudProvider": "openstack",
            "cloudConfig": {"openstack": {"blockStorage": {"ignore-volume-az": True}}},
            "subnets": [{"name": one, "zone": one} for one in ("nova-1", "nova-2")],
        },
        {"subnets": ["nova-1"]},
        {"subnets": ["nova-2"]},
        False,
    ),
    "metal, which has no volumes": (
        {"cloudProvider": None, "subnets": [{"name": "main", "zone": "main"}]},
        {"subnets": ["main"]},
        {"subnets": ["main"], "zones": ["hall-2"]},
        False,
    ),
    "metal by its name": (
        {"cloudProvider": "metal", "subnets": []},
        {"zones": ["main"]},
        {"zones": ["hall-2"]},
        False,
    ),
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_each_cloud_has_its_own_zones(world: World, cloud: str) -> None:
    spec, before, after, refused = CLOUDS[cloud]
    whole = cluster(**spec)
    put(world, "cluster-completed.spec", whole)
    for etcd in ("main", "events"):
        for keyset in (f"etcd-manager-ca-{etcd}", f"etcd-peers-ca-{etcd}"):
            world.put(f"pki/private/{keyset}/keyset.yaml", key_pairs.keyset(("1", keyset)))
    store(world, whole, _with(before))
    world.snapshot()
    store(world, whole, _with(after))

    if refused:
        world.refused(UpdateCluster(C))
    else:
        world.run(UpdateCluster(C))
        assert world.kops.changed == ["update"]


def _with(spec: Document) -> Document:
    found = group(PLANE)
    return {**found, "spec": {**found["spec"], **spec}}


def test_who_begins_anew_moves(known: World) -> None:
    swap_subnet(known)
    known.new_identity = C

    known.run(UpdateCluster(C))

    assert known.kops.changed == ["update"]


@pytest.mark.parametrize("how", MOVES)
def test_a_snapshot_of_a_moved_member_is_not_the_newest_trusted(known: World, how: str) -> None:
    """A scheduled one after the edit would be what the next update is held against."""
    good = choose(known.session().snapshot_store, C, "latest").id
    MOVES[how](known)

    bad = known.snapshot()

    manifest = known.session().snapshot_store.manifest(SnapshotRef(C, bad))
    assert manifest.level == 0
    assert len([one for one in manifest.findings if MOVED in one]) == 1
    assert choose(known.session().snapshot_store, C, "latest").id == good
    assert MOVED in known.refused(UpdateCluster(C)).message


def test_the_state_store_alone_tells_level_1() -> None:
    files = {
        "config": yaml.safe_dump(cluster(subnets=[{"name": "s-a", "zone": "us-east-1b"}])).encode(),
        "cluster-completed.spec": yaml.safe_dump(cluster()).encode(),
        f"instancegroup/{PLANE}": yaml.safe_dump(group(PLANE, "s-a")).encode(),
    }

    assert [one for one in contents.findings(files) if MOVED in one]


def test_what_began_anew_elsewhere_is_not_held_against_what_was_before(known: World) -> None:
    """Else each later update would have to say again that it is meant."""
    swap_subnet(known)
    known.guarded, known.new_identity = True, C

    rows = known.run(UpdateCluster(C))

    assert "those of a past cluster" in rows["begin again"]
    assert "level 1" in rows["take the first snapshot"]
    known.new_identity = None
    known.run(UpdateCluster(C))
    assert known.kops.changed == ["update", "update"]


@pytest.mark.parametrize("body", [b"", b"kind: [", None])
def test_without_a_definition_nothing_has_moved(known: World, body: bytes | None) -> None:
    """What is wrong with it is for others to tell."""
    if body is None:
        known.lose("config")
    else:
        known.put("config", body)
    session = known.session()

    etcd_zones.require_stored(session, C)
    etcd_zones.require_cluster(session, cluster(), cluster(subnets=[]))

    assert etcd_zones.moved_members(session, C) == ()


def test_a_snapshot_store_that_is_gone_leaves_what_kops_applied(known: World) -> None:
    (known.root / "snapshots" / "kled.json").unlink()
    for path in (known.root / "snapshots" / "clusters").rglob("manifest.json"):
        path.write_text("{")
    session = known.session()

    etcd_zones.require_stored(session, C)
    swap_group(known)
    with pytest.raises(IdentityAtRisk):
        etcd_zones.require_stored(session, C)


def test_a_subnet_that_the_cluster_has_not_is_for_kops_to_refuse(known: World) -> None:
    store(known, cluster(), group(PLANE, "nosuch"))

    etcd_zones.require_stored(known.session(), C)
