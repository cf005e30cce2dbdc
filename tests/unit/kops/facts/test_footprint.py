"""What a plan means for machines and load balancers, from captured previews and other clouds."""

import pytest

from kled.kops.facts import plan_effects
from kled.kops.facts.cloud_names import group_of
from kled.kops.preview import update_plan
from kled.models.cluster import Role
from kled.models.plan import Change, Plan
from tests.unit.kops.replay import capture

C = "demo.k8s.local"
GROUPS: dict[str, Role] = {
    "control-plane-us-east-1a": "control-plane",
    "nodes": "node",
    "nodes-us-east-1a": "node",
}


def plan(*changes: Change) -> Plan:
    return Plan(C, changes)


def test_a_captured_change_of_a_machine_type_rolls_its_group_and_a_size_does_not() -> None:
    modified = update_plan(C, capture("31-update-preview-modified").stdout)

    (template,) = plan_effects.templates(modified)

    assert group_of(template.name, GROUPS, C) == "nodes-us-east-1a"
    assert plan_effects.greatest_sizes(modified, GROUPS) == {"nodes-us-east-1a": 4}
    assert plan_effects.load_balancers(modified) == ()
    assert not plan_effects.iam(modified)


def test_a_captured_new_cluster_touches_its_load_balancer_and_roles() -> None:
    new = update_plan(C, capture("02b-update-cluster-preview-all-new").stdout)

    found = plan_effects.load_balancers(new)

    assert "create NetworkLoadBalancer/api.demo.k8s.local" in found
    assert all("TargetGroup/" in one or "NetworkLoadBalancer" in one for one in found)
    assert plan_effects.iam(new)
    assert len(plan_effects.templates(new)) == 2
    assert plan_effects.greatest_sizes(new, GROUPS) == {}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("InstanceGroupManager", "TargetSize"),
        ("VMScaleSet", "Capacity"),
        ("Droplet", "Count"),
        ("ServerGroup", "Count"),
    ],
)
def test_other_clouds_name_the_size_otherwise_and_a_size_alone_rolls_nothing(
    kind: str, field: str
) -> None:
    smaller = plan(Change("modify", kind, "nodes-demo-k8s-local", {field: " 5 -> 2"}))

    assert plan_effects.greatest_sizes(smaller, GROUPS) == {"nodes": 2}
    assert plan_effects.templates(smaller) == ()


def test_a_template_that_is_made_anew_for_each_change_counts_as_a_change() -> None:
    anew = plan(Change("create", "InstanceTemplate", "nodes-demo-123", {}))

    assert plan_effects.templates(anew) == anew.changes
