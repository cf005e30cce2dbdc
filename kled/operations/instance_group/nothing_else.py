"""An update for a group's size applies no other change, which nobody would have looked at."""

from collections.abc import Mapping
from typing import Final

from kled.errors import NotApproved
from kled.kops.facts import plan_effects
from kled.models.cluster import Role
from kled.models.plan import Plan
from kled.operations.instance_group.ends_of_scaling import abandon, finish
from kled.operations.records.scale_journal import OpenScaleDown
from kled.sentences import enumerated, options

_SHOWN: Final = 3


def require(
    plan: Plan, group: str, groups: Mapping[str, Role], begun: OpenScaleDown | None
) -> None:
    """Raise `NotApproved` where the plan changes more than the size of `group`. Pure.

    `groups` are those of the cluster with their roles, `begun` the scale-down that is open.
    """
    other = plan_effects.beside_size(plan, group, groups)
    if not other:
        return
    changes = [f"{change.action} {change.kind}/{change.name}" for change in other]
    raise NotApproved(
        f"an update would change more than the size of {group}: {enumerated(changes, _SHOWN)}",
        hint=_way_on(plan.cluster, begun),
    )


def _way_on(cluster: str, begun: OpenScaleDown | None) -> str:
    look = f"kled kops update-cluster {options(name=cluster)}"
    if begun is None:
        return f"look at it and apply it first: {look}"
    return (
        f"it came after the scaling began, and this shows it: {look}; take it back, then finish the"
        f" scaling ({finish(cluster, begun)}) or abandon it ({abandon(cluster, begun)}); after that"
        " it can be made and applied"
    )
