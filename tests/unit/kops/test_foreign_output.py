"""Output that kops has not been seen to print must not be taken for something else."""

from pathlib import Path

import pytest

from kled.errors import OutputUnreadable
from kled.kops import parse, preview
from kled.kops.call import KopsCalls
from tests.unit.kops.replay import Replay, capture

CLUSTER = "kind: Cluster\nmetadata: {name: c}\n"


@pytest.mark.parametrize(
    "text",
    [
        "kind: InstanceGroup\nmetadata: {name: x}\n",
        CLUSTER + "---\nmetadata: {name: x}\n",
        CLUSTER + "---\n- kind\n",
        CLUSTER + "---\nkind: InstanceGroup\nkind: InstanceGroup\n",
        CLUSTER + "---\n" + "[" * 100_000,
        "kind: Cluster\nmetadata: {}\n",
        CLUSTER + "---\n" + CLUSTER,
    ],
)
def test_what_is_no_definition_is_unreadable(text: str) -> None:
    with pytest.raises(OutputUnreadable):
        parse.definition(text)


def test_a_task_that_ends_the_output_keeps_its_fields() -> None:
    text = "Will create resources:\n  VPC/c\n  \tCIDR                \t10.0.0.0/16"

    (change,) = preview.update_plan("c", text).changes

    assert change.fields == {"CIDR": "10.0.0.0/16"}


def test_lines_below_another_headline_are_no_changes() -> None:
    text = "Will create resources:\n  VPC/c\n\nSomething else:\n  VPC/other\n"

    assert [change.name for change in preview.update_plan("c", text).changes] == ["c"]


def test_nobody_needs_to_listen(tmp_path: Path) -> None:
    calls = KopsCalls(
        "kops",
        run=Replay([capture("02-create-cluster")]),
        env={},
        state_store="s3://b",
        scratch=tmp_path,
    )

    assert "Will create resources:" in calls.change(["create", "cluster"])
