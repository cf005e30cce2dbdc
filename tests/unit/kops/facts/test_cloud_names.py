"""A name in the cloud is a group's where it is the whole name that kops gives it."""

import json

import pytest

from kled.kops.facts.cloud_names import group_of
from kled.models.cluster import Role
from kled.sandbox.cloud import naming
from tests.unit.kops.replay import capture

C = "demo.k8s.local"
GROUPS: dict[str, Role] = {
    "control-plane-us-east-1a": "control-plane",
    "api": "apiserver",
    "nodes": "node",
    "nodes-us-east-1a": "node",
    "nodes.eu": "node",
    "bastions": "bastion",
}


def test_the_captured_machines_of_a_cluster_are_of_their_groups() -> None:
    rows = json.loads(capture("17b-get-instances-json").stdout)

    found = [group_of(row["instanceGroup"], GROUPS, C) for row in rows]

    assert sorted(map(str, found)) == [
        "control-plane-us-east-1a",
        "nodes-us-east-1a",
        "nodes-us-east-1a",
    ]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("nodes.demo.k8s.local", "nodes"),
        ("nodes-us-east-1a.demo.k8s.local", "nodes-us-east-1a"),
        ("nodes.eu.demo.k8s.local", "nodes.eu"),
        ("control-plane-us-east-1a.masters.demo.k8s.local", "control-plane-us-east-1a"),
        ("api.apiservers.demo.k8s.local", "api"),
        ("bastions.demo.k8s.local", "bastions"),
        ("nodes-us-east-1a-demo-k8s-local", "nodes-us-east-1a"),  # Google: a template
        ("a-nodes-demo-k8s-local", "nodes"),  # Google: a group in zone a
        ("nodes-12-demo-k8s-local", "nodes"),  # OpenStack: a machine
        ("demo.k8s.local-nodes", "nodes"),  # DigitalOcean
        ("nodes", "nodes"),  # Hetzner, OpenStack, Scaleway, Karpenter
    ],
)
def test_each_cloud_has_its_names(name: str, group: str) -> None:
    assert group_of(name, GROUPS, C) == group


@pytest.mark.parametrize(
    "name",
    [
        "nodesmall.demo.k8s.local",
        "nodes-b.demo.k8s.local",  # another group, whose name begins like one that is stored
        "nodes.demo.k8s.local.example.com",
        "nodes.masters.demo.k8s.local",  # of a control plane of that name
        "nodes.other.example.com",
        "nodes-us-east-1a.masters.demo.k8s.local",
        "",
    ],
)
def test_a_name_that_only_begins_like_a_group_is_of_none(name: str) -> None:  # fault 3
    assert group_of(name, GROUPS, C) is None


def test_a_long_name_of_google_is_cut_and_bears_its_hash() -> None:
    cluster = "a-cluster-with-a-rather-long-name.k8s.example.com"
    groups: dict[str, Role] = {"nodes-us-central1-a": "node", "nodes-us-central1-b": "node"}
    whole = "a-nodes-us-central1-b-a-cluster-with-a-rather-long-name-k8s-example-com"
    cut = f"{whole[:56]}-{naming.short_hash(whole)}"  # the hash of captures 07 and 59

    assert group_of(cut, groups, cluster) == "nodes-us-central1-b"
    assert group_of(f"{whole[:56]}-000000", groups, cluster) is None


def test_a_name_that_could_be_of_two_groups_is_of_none() -> None:
    both: dict[str, Role] = {"nodes": "node", "a-nodes": "node"}

    assert group_of("a-nodes-demo-k8s-local", both, C) is None
