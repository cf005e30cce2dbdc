"""A reconciliation applies the plan that somebody approved, and no other (fault 77)."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from kled.errors import NotApproved
from kled.models.plan import Change, Plan
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.records.approved_plan import Approved
from kled.storage.memory import MemoryStore
from tests.fake_kops import FakeKops

C = "c.example.com"
PLAN = Plan(C, (Change("modify", "AutoscalingGroup", "nodes", {"MaxSize": "2 -> 3"}),))


@dataclass
class Kops(FakeKops):
    """Previews one plan."""

    plan: Plan = PLAN
    reconciled: list[str] = field(default_factory=list)

    def cluster_preview_reconcile(self, _name: str) -> Plan:
        return self.plan


def check(plan: Plan, digest: str) -> str:
    steps = ReconcileCluster(C, Approved(digest)).steps()
    (approval,) = (step for step in steps if step.name == "check approval")
    session: Any = SimpleNamespace(kops=Kops(plan), state_store=MemoryStore())
    assert approval.reads  # a refusal costs no snapshot
    return approval.act(session)


def test_the_approved_plan_is_the_one_that_is_applied() -> None:
    assert "is still the one with the digest" in check(PLAN, PLAN.digest[:12])


def test_without_a_digest_nothing_is_checked() -> None:
    assert "check approval" not in [step.name for step in ReconcileCluster(C).steps()]


def test_another_plan_than_the_approved_one_is_refused() -> None:
    other = Plan(C, (Change("delete", "AutoscalingGroup", "nodes"),))

    with pytest.raises(NotApproved, match="delete AutoscalingGroup/nodes"):
        check(other, PLAN.digest[:12])


def test_a_plan_that_changes_between_the_check_and_the_reconciliation_is_refused() -> None:
    """Fault 77, another member: the check under the lease costs minutes of looking at budgets."""
    kops = Kops(Plan(C, (Change("delete", "AutoscalingGroup", "nodes"),)))
    session: Any = SimpleNamespace(kops=kops, state_store=MemoryStore())
    act = ReconcileCluster(C, Approved(PLAN.digest[:12])).steps()[-1]
    assert act.name == "reconcile cluster"

    with pytest.raises(NotApproved, match="delete AutoscalingGroup/nodes"):
        act.act(session)

    assert kops.reconciled == []
