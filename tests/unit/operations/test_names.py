"""Names that people type become paths in the state store: what could lead elsewhere is refused."""

import pytest

from kled.errors import InvalidInput
from kled.kops import command
from kled.operations.instance_group.create_delete import CreateInstanceGroup

ELSEWHERE = (
    "",
    "..",
    "../b.example.com",
    "a/../b",
    "/etc",
    "a.example.com/..",
    "a b",
    "a\nb",
    "\x1b",
)
"""Of a group `../../b.example.com/instancegroup/x`, kops stored an object of the neighbour."""


@pytest.mark.parametrize("name", [*ELSEWHERE, "../../b.example.com/config", "A", "-a", "a" * 254])
def test_a_new_group_has_a_name_that_stays_in_its_cluster(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not the name of an instance group") as refused:
        CreateInstanceGroup("a.example.com", name, ("us-east-1a",))

    assert refused.value.field == "--instance-group"


@pytest.mark.parametrize("name", ["nodes", "nodes-us-east-1a", "a", "1", "nodes.big", "a" * 253])
def test_what_kops_takes_for_a_group_is_taken(name: str) -> None:
    assert CreateInstanceGroup("a.example.com", name, ("us-east-1a",)).instance_group == name


@pytest.mark.parametrize("name", ELSEWHERE)
def test_no_command_of_kops_is_made_for_what_is_no_cluster(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not the name of a cluster"):
        command.delete_cluster(name, yes=True)
