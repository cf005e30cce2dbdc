"""What an update for a group's size may hold, and the bounds that the cloud had before it."""

from kled.kops.facts.plan_effects import applied_bounds, beside_size
from kled.models.cluster import Role
from kled.models.plan import Change, Plan

C = "c.example.com"
GROUPS: dict[str, Role] = {"nodes": "node", "nodes-b": "node"}
SIZE = Change("modify", "AutoscalingGroup", f"nodes.{C}", {"MaxSize": " 3 -> 1"})
AUTOSCALER = Change(
    "modify", "AddonManifest", f"{C}-addons-cluster-autoscaler.addons.k8s.io-k8s-1.15"
)
CHANNEL = Change("modify", "BootstrapChannel", f"{C}-addons-bootstrap")


def beside(*changes: Change) -> tuple[Change, ...]:
    return beside_size(Plan(C, changes), "nodes", GROUPS)


def test_the_groups_bounds_and_what_it_suspends_are_its_size() -> None:
    fields = {"MinSize": "3 -> 1", "MaxSize": "3 -> 1", "SuspendProcesses": "[] -> [Launch]"}

    assert beside(Change("modify", "AutoscalingGroup", f"nodes.{C}", fields)) == ()


def test_other_fields_of_it_and_other_groups_are_not() -> None:
    fields = {"MaxSize": "3 -> 1", "InstanceProtection": "true -> false"}
    others = (
        Change("modify", "AutoscalingGroup", f"nodes.{C}", fields),
        Change("modify", "AutoscalingGroup", f"nodes-b.{C}", {"MaxSize": "3 -> 1"}),
    )

    assert beside(SIZE, *others) == others


def test_the_autoscalers_manifest_names_the_bounds_and_the_channel_its_digest() -> None:
    assert beside(SIZE, AUTOSCALER, CHANNEL) == ()


def test_a_channel_that_changes_by_itself_is_none_of_it() -> None:
    assert beside(SIZE, CHANNEL) == (CHANNEL,)


def test_the_bounds_before_are_those_of_the_cloud_where_they_differ() -> None:
    assert applied_bounds(Plan(C, (SIZE,)), "nodes", GROUPS, (1, 1)) == (1, 3)
    assert applied_bounds(Plan(C, (SIZE,)), "nodes-b", GROUPS, (1, 1)) == (1, 1)
    assert applied_bounds(Plan(C, ()), "nodes", GROUPS, (2, 5)) == (2, 5)
