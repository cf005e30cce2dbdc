"""How many nodes are ready while a cluster comes up (fault 59)."""

from kled.kops.facts.joining import share
from kled.models.validation import Failure, Node, ValidationReport


def node(name: str, *, ready: bool) -> Node:
    return Node(name, "node", "a", name, ready)


def test_nodes_that_have_not_joined_and_machines_that_are_not_made_yet_count() -> None:
    few = 'InstanceGroup "nodes" did not have enough nodes 1 vs 3'
    report = ValidationReport(
        (
            Failure("InstanceGroup", "nodes", few),
            Failure("Machine", "i-1", 'machine "i-1" has not yet joined cluster'),
            Failure("Node", "n-2", 'node "n-2" of role "node" is not ready'),
            Failure("InstanceGroup", "x", 'InstanceGroup "x" is missing from the cloud provider'),
            Failure("Pod", "kube-system/a", "is pending"),
        ),
        (node("n-1", ready=True), node("n-2", ready=False)),
    )

    found = share(report)

    assert (found.done, found.total, found.message) == (1, 5, "1 of 5 nodes ready")


def test_before_the_first_node_nothing_is_known() -> None:
    dns = Failure("dns", "apiserver", "Validation Failed")

    assert share(ValidationReport((dns,), ())).message == "no node is known yet"
