"""What the cloud has of a cluster, by what kops would delete of it."""

from typing import Any

import pytest

from kled.errors import OutputUnreadable
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.recovery.looks.cloud import look_at_cloud
from tests.fake_kops import FakeKops

C = "c.example.com"


def group(name: str, role: str) -> bytes:
    return f"kind: InstanceGroup\nmetadata: {{name: {name}}}\nspec: {{role: {role}}}\n".encode()


OBJECTS = {
    "config": f"kind: Cluster\nmetadata: {{name: {C}}}\n"
    "spec: {cloudProvider: aws, subnets: [{zone: us-east-1a}]}\n".encode(),
    "instancegroup/control-plane-us-east-1a": group("control-plane-us-east-1a", "Master"),
    "instancegroup/nodes": group("nodes", "Node"),
}
CONTROL_PLANE = ("instance", f"control-plane-us-east-1a.masters.{C}")
NODE = ("instance", f"nodes.{C}")
LAUNCHER = ("autoscaling-group", f"control-plane-us-east-1a.masters.{C}")


def look(*listed: tuple[str, str]) -> Any:
    asked: list[Definition] = []

    def preview(definition: Definition) -> Plan:
        asked.append(definition)
        return Plan(C, tuple(Change("delete", kind, name) for kind, name in listed))

    kops: Any = FakeKops(cluster_preview_delete_unstored=preview)
    left = look_at_cloud(kops, OBJECTS, C, "snapshot S")
    assert [each.name for each in asked] == [C]
    return left


def test_machines_of_the_control_plane_are_told_by_the_group_of_their_name() -> None:
    left = look(CONTROL_PLANE, NODE, ("vpc", C))

    assert left.fact == "machines"
    assert left.counts == {"instance": 2, "vpc": 1}
    assert left.groups == ("control-plane-us-east-1a", "nodes")
    assert left.asked_with == "snapshot S"


def test_what_only_launches_machines_is_none() -> None:
    assert look(LAUNCHER, NODE).fact == "no-control-plane"


def test_a_definition_that_kops_lists_is_nothing_of_the_cloud() -> None:
    assert look(("definition", C)).fact == "nothing"


def test_what_a_neighbour_has_is_left_out() -> None:
    """kops finds queues by the beginning of their names."""
    queue = "https://sqs.us-east-1.amazonaws.com/1/c-example-com-au-nth"

    assert look(("sqs", queue)).fact == "nothing"


def test_a_machine_whose_name_tells_no_group_is_not_guessed() -> None:
    with pytest.raises(OutputUnreadable, match="does not tell whether"):
        look(("instance", "somebody"))


def test_one_that_is_known_decides_beside_one_that_is_not() -> None:
    assert look(("instance", "somebody"), CONTROL_PLANE).fact == "machines"
