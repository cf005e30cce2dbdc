"""Which plans end machines undrained, on clouds and of roles that the sandbox does not have."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import pytest

from kled.errors import NotApproved
from kled.models.cluster import InstanceGroup, Role
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll, RollingPlan, RollingRow
from kled.models.validation import Node, ValidationReport
from kled.operations.guards import undrained
from kled.operations.guards.overrides import Overrides
from kled.operations.health.validate_cluster import healthy
from tests.fake_kops import FakeKops

C: Final = "c.example.com"


@dataclass
class Kops(FakeKops):
    """Two machines of one group."""

    provider: str = "gce"
    role: Role = "node"

    def instance_groups_list(self, _cluster: str) -> tuple[InstanceGroup, ...]:
        group: Any = SimpleNamespace(name="nodes", role=self.role)
        return (group,)

    def cluster_preview_rolling_update(self, _cluster: str, roll: Roll) -> RollingPlan:
        assert roll.cloudonly, "the Kubernetes API may be away"
        row: Any = SimpleNamespace(instance_group="nodes", need_update=1, ready=1)
        rows: tuple[RollingRow, ...] = (row,)
        return RollingPlan(C, rows)

    def definition_get(self, _cluster: str) -> Definition:
        group = {"metadata": {"name": "nodes"}, "spec": {"role": "Node", "minSize": 1}}
        cluster = {"metadata": {"name": C}, "spec": {"cloudProvider": self.provider}}
        return Definition(cluster, (group,))


def refused(kops: Kops, kind: str, field: str, sizes: str, **more: Any) -> NotApproved | None:
    session: Any = SimpleNamespace(kops=kops, overrides=Overrides())
    plan = Plan(C, (Change("modify", kind, "nodes", {field: sizes}),))
    try:
        undrained.require(session, plan, **more)
    except NotApproved as error:
        return error
    return None


@pytest.mark.parametrize(
    ("kind", "field"),
    [("InstanceGroupManager", "TargetSize"), ("ServerGroup", "Count"), ("VMScaleSet", "Capacity")],
)
def test_where_kled_cannot_drain_people_do_it_by_hand(kind: str, field: str) -> None:
    error = refused(Kops(), kind, field, "2 -> 1")

    assert error is not None
    assert "1 of nodes" in error.message
    assert "scale-instance-group" not in str(error.hint)
    assert "by hand before; where nothing can be drained" in str(error.hint)
    assert f"kled kops update-cluster --name={C} --yes --no-drain" in str(error.hint)


def test_what_bears_no_pods_needs_no_draining() -> None:
    assert refused(Kops(role="bastion"), "ServerGroup", "Count", "2 -> 0") is None
    assert refused(Kops(role="apiserver"), "ServerGroup", "Count", "2 -> 0") is not None


def test_who_drains_the_group_may_lower_its_bounds() -> None:
    assert refused(Kops(), "ServerGroup", "Count", "2 -> 0", drained="nodes") is None
    assert refused(Kops(), "ServerGroup", "Count", "2 -> 0", drained="other") is not None


def test_a_cluster_without_nodes_is_healthy_and_says_that_it_has_none() -> None:
    plane = Node("p", "control-plane", "a", "p", ready=True)
    node = Node("n", "node", "a", "n", ready=True)

    assert healthy(ValidationReport((), (plane, node))) == "2 nodes ready"
    assert "none besides the control plane" in healthy(ValidationReport((), (plane,)))
