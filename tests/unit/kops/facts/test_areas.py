"""Which changes somebody has to agree to."""

from collections.abc import Mapping

import pytest

from kled.kops.facts.plan_areas import areas_of, touched
from kled.kops.preview import update_plan
from kled.models.cluster import Role
from kled.models.plan import Change, Plan
from kled.rules import AREAS
from tests.unit.kops.replay import capture

C = "c.example.com"
ROLES: Mapping[str, Role] = {
    "control-plane-us-east-1a": "control-plane",
    "nodes-us-east-1a": "node",
    "nodes-main": "node",
    "api-workers": "node",
    "main": "control-plane",
    "front": "apiserver",
}


@pytest.mark.parametrize(
    ("change", "areas"),
    [
        (Change("delete", "EBSVolume", f"a.etcd-main.{C}"), ("deletions", "control-plane")),
        (
            Change("modify", "LaunchTemplate", f"control-plane-us-east-1a.masters.{C}"),
            ("control-plane", "machines"),
        ),
        (
            Change("delete", "AutoscalingGroup", f"old.masters.{C}"),  # left the definition
            ("deletions", "control-plane", "machines"),
        ),
        (Change("modify", "LaunchTemplate", f"nodes-us-east-1a.{C}"), ("machines",)),
        (Change("modify", "LaunchTemplate", f"nodes-main.{C}"), ("machines",)),
        (Change("modify", "AutoscalingGroup", f"api-workers.{C}"), ("machines",)),
        (Change("modify", "InstanceTemplate", "main-c-example-com"), ("control-plane", "machines")),
        (Change("modify", "ServerGroup", "front"), ("control-plane", "machines")),
        (Change("modify", "Machines", "nodes-main"), ("machines",)),
        (Change("delete", "instances", "main"), ("deletions", "control-plane")),
        (Change("modify", "WarmPool", "unheard-of"), ("control-plane", "machines")),
        (Change("create", "AutoscalingLifecycleHook", "nodes-main-NTHLifecycleHook"), ()),
        (Change("modify", "ManagedFile", "nodeupconfig-main"), ("control-plane",)),
        (Change("modify", "ManagedFile", "nodeupconfig-nodes-main"), ()),
        (Change("modify", "ManagedFile", "manifests-etcdmanager-main-main"), ("control-plane",)),
        (Change("modify", "ManagedFile", "c-addons-bootstrap"), ()),
        (Change("create", "Subnet", "us-east-1a.c"), ("networking",)),
        (Change("modify", "SecurityGroupRule", "x"), ("networking",)),
        (Change("modify", "NetworkLoadBalancer", f"api.{C}"), ("control-plane", "networking")),
        (Change("modify", "SecurityGroup", f"api-workers.{C}"), ("networking",)),
        (Change("modify", "IAMRolePolicy", f"nodes.{C}"), ("iam",)),
        (Change("modify", "IAMRolePolicy", f"masters.{C}"), ("control-plane", "iam")),
        (Change("create", "Keypair", "kubernetes-ca"), ("identity",)),
        (Change("create", "Secret", "cilium-encryption"), ("identity",)),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_a_change_is_about_its_areas(change: Change, areas: tuple[str, ...]) -> None:
    """Fault 5: by the role of a group and by kops' own names, not by how a name sounds."""
    assert areas_of(change, Plan(C, (change,), ROLES)) == areas


def test_machines_count_as_control_plane_where_nobody_knows_the_roles() -> None:
    change = Change("modify", "LaunchTemplate", f"nodes-main.{C}")

    assert areas_of(change, Plan(C, (change,))) == ("control-plane", "machines")


def test_of_a_whole_cluster_only_what_is_control_plane_counts_as_it() -> None:
    roles: Mapping[str, Role] = {
        "control-plane-us-east-1a": "control-plane",
        "nodes-us-east-1a": "node",
    }
    plan = update_plan("demo.k8s.local", capture("02b-update-cluster-preview-all-new").stdout)
    shown = touched(Plan(plan.cluster, plan.changes, roles), ("control-plane", "identity"))

    assert not [name for name in shown["control-plane"] if "nodes-us-east-1a" in name]
    assert "create EBSVolume/a.etcd-main.demo.k8s.local" in shown["control-plane"]
    assert "create IAMRole/masters.demo.k8s.local" in shown["control-plane"]
    assert len(shown["identity"]) == 8 + 9  # keysets and secrets


def test_only_what_is_asked_about_is_told() -> None:
    plan = Plan("c", (Change("delete", "Subnet", "a"), Change("modify", "IAMRole", "nodes.c")))

    assert touched(plan, ("iam",)) == {"iam": ("modify IAMRole/nodes.c",)}
    assert set(touched(plan, AREAS)) == {"deletions", "networking", "iam"}
    assert touched(Plan("c", ()), AREAS) == {}
