"""Options that give another definition than the stored one: what differs, and the ways on."""

import re
import shlex
from typing import Any

import pytest

from kled.models.definition import Definition
from kled.operations.cluster.another_definition import another_definition

C = "c.example.com"


def definition(cluster: dict[str, Any], **groups: dict[str, Any]) -> Definition:
    head = {"apiVersion": "kops.k8s.io/v1alpha2"}
    return Definition(
        {**head, "kind": "Cluster", "metadata": {"name": C}, "spec": cluster},
        tuple(
            {**head, "kind": "InstanceGroup", "metadata": {"name": name}, "spec": spec}
            for name, spec in groups.items()
        ),
    )


STORED = definition(
    {"kubernetesVersion": "1.36.0", "cloudProvider": "aws"},
    nodes={"minSize": 2, "maxSize": 2, "role": "Node", "image": "an image"},
)


def test_both_values_and_the_commands_that_bring_one_to_the_other_are_told() -> None:  # fault 36
    wanted = definition(
        {"kubernetesVersion": "1.36.1", "cloudProvider": "aws"},
        nodes={"minSize": 3, "maxSize": 3, "role": "Node"},
    )

    error = another_definition(STORED, wanted, applied=False)

    assert "spec.kubernetesVersion: 1.36.0 -> 1.36.1" in error.message
    assert "nodes: spec.maxSize: 2 -> 3" in error.message
    edits = re.search("to change it to these options: ([^;]+);", str(error.hint))
    assert edits is not None
    assert [shlex.split(one) for one in edits[1].split(" && ")] == [
        ["kled", "kops", "edit-cluster", f"--name={C}", "--set=spec.kubernetesVersion=1.36.1"],
        [
            *("kled", "kops", "edit-instance-group", f"--name={C}", "--instance-group=nodes"),
            *("--set=spec.maxSize=3", "--set=spec.minSize=3", "--unset=spec.image"),
        ],
    ]
    assert f"kled kops delete-cluster --name={C} --unregister, then" in str(error.hint)


def test_a_cluster_that_was_applied_is_not_to_be_forgotten() -> None:
    wanted = definition({"kubernetesVersion": "1.36.1", "cloudProvider": "aws"})

    assert "--unregister" not in str(another_definition(STORED, wanted, applied=True).hint)


@pytest.mark.parametrize(
    ("spec", "groups"),
    [
        ({"subnets": [{"name": "a"}]}, ("nodes",)),  # no option makes an element of a list
        ({"kubernetesApiAccess": ["10.0.0.0/8"]}, ("nodes",)),  # --set adds to a list
        ({}, ("nodes", "spot")),
    ],
)
def test_what_options_cannot_change_is_told_without_such_a_command(
    spec: dict[str, Any], groups: tuple[str, ...]
) -> None:
    wanted = definition(
        {"kubernetesVersion": "1.36.0", "cloudProvider": "aws", **spec},
        **{name: dict(STORED.groups[0]["spec"]) for name in groups},  # type: ignore[call-overload]
    )

    error = another_definition(STORED, wanted, applied=False)

    assert "to change it to these options" not in str(error.hint)
    assert error.message.count("->") + error.message.count("instance group") > 0


def test_a_group_that_only_one_has_is_named() -> None:
    wanted = definition({"kubernetesVersion": "1.36.0", "cloudProvider": "aws"}, spot={})

    told = another_definition(STORED, wanted, applied=False).message

    assert "instance group nodes is stored and not wanted" in told
    assert "instance group spot is wanted and not stored" in told
