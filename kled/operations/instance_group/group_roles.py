"""Adds the roles of a cluster's instance groups to a plan before somebody is asked about it."""

from dataclasses import replace

from kled.errors import KledError
from kled.models.plan import Plan
from kled.operations.session import Session


def with_roles(session: Session, plan: Plan) -> Plan:
    """Return the plan with the roles of the stored groups. Only reads.

    Where they cannot be read the plan has none, and every machine counts as control plane.
    """
    try:
        groups = session.kops.instance_groups.list(plan.cluster)
    except KledError:
        return plan
    return replace(plan, roles={group.name: group.role for group in groups})
