"""Kops' list of machines joined with the API's list of nodes; labels of nodes say nothing."""

from kled.models.cluster import Instance
from kled.models.kubernetes import NodeState
from kled.models.machines import Machine, Machines, joined

GROUPS = {"nodes.c": "nodes", "spot.c": "spot", "stranger.c": None}


def node(name: str, instance: str = "", **labels: str) -> NodeState:
    provider = f"aws:///us-east-1a/{instance}" if instance else ""
    return NodeState(name, True, False, labels, (), provider, None)


def listed(
    name: str,
    group: str = "nodes.c",
    *,
    status: str = "UpToDate",
    node: str = "",
    state: str = "",
) -> Instance:
    return Instance(name, group, status=status, node=node, state=state)


def one(found: Machines) -> Machine:
    (machine,) = found.machines
    return machine


def test_a_node_is_the_machine_whose_id_its_provider_id_ends_with() -> None:
    found = one(joined([listed("i-1")], [node("a", "i-1"), node("b", "i-11")], GROUPS))

    assert (found.group, found.node and found.node.name, found.named) == ("nodes", "a", True)


def test_a_node_that_kops_names_needs_no_provider_id() -> None:
    found = one(joined([listed("vmss_0", node="a")], [node("a")], GROUPS))

    assert found.node is not None
    assert found.node.name == "a"


def test_a_machine_that_kops_lists_twice_is_one_machine() -> None:
    rows = [listed("i-1"), listed("i-1", status="NeedsUpdate")]

    found = joined(rows, [node("a", "i-1")], GROUPS)

    assert [machine.id for machine in found.of_group("nodes")] == ["i-1"]
    assert one(found).outdated


def test_a_machine_that_kops_lists_in_two_groups_is_of_neither() -> None:
    rows = [listed("i-1"), listed("i-1", "spot.c")]

    found = joined(rows, [node("a", "i-1")], GROUPS)

    assert one(found).group is None
    assert found.touched({"nodes"}) == found.touched({"spot"}) == {"a"}


def test_a_node_that_two_machines_claim_is_of_neither() -> None:
    rows = [listed("i-1", node="a"), listed("i-2")]

    found = joined(rows, [node("a", "i-2")], GROUPS)

    assert [machine.node for machine in found.machines] == [None, None]
    assert all(machine.named for machine in found.machines)
    assert found.strangers == ("a",)


def test_of_two_nodes_of_one_machine_neither_is_certain() -> None:
    found = joined([listed("i-1")], [node("old", "i-1"), node("new", "i-1")], GROUPS)

    assert one(found).node is None
    assert found.strangers == ("old", "new")


def test_a_group_counts_neither_what_is_detached_nor_what_waits_in_its_warm_pool() -> None:
    rows = [
        listed("i-1"),
        listed("i-2", status="Detached"),
        listed("i-3", state="WarmPool"),
        listed("i-4", state="WarmPool"),
        listed("i-4"),  # on its way from the pool into service: kops shows both
    ]

    found = joined(rows, [], GROUPS)

    assert [machine.id for machine in found.of_group("nodes")] == ["i-1", "i-4"]


def test_what_is_of_no_known_group_counts_as_touched_and_what_is_of_another_does_not() -> None:
    rows = [listed("i-1"), listed("i-2", "spot.c"), listed("i-3", "stranger.c")]
    nodes = [node("a", "i-1"), node("b", "i-2"), node("c", "i-3"), node("unlisted", "i-4")]

    found = joined(rows, nodes, GROUPS)

    assert found.touched({"nodes"}) == {"a", "c", "unlisted"}
    assert found.touched(set()) == frozenset()
