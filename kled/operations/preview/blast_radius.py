"""Who notices when a plan is applied and its machines are rolled.

Only reads: kops' own previews, the Kubernetes API, the cluster's past rolls, and the definitions of
other registered clusters. An answer that cannot be had is unknown, with its reason, and stops no
plan.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Protocol, TypeVar

from kled.errors import KledError, OutputUnreadable
from kled.kops.facts import plan_effects
from kled.kops.facts.cloud_names import group_of
from kled.models.blast_radius import BlastRadius, EndedMachines, GroupRoll
from kled.models.cluster import Role
from kled.models.plan import Plan
from kled.models.rolled import in_order
from kled.models.rolling import RollingPlan, RollingRow
from kled.operations.guards import undrained
from kled.operations.instance_group.machines import group_roles
from kled.operations.session import Session

T = TypeVar("T")
_SEEN: Final = ("unreplicated", "blocking", "services")


@dataclass(frozen=True, slots=True)
class Affected:
    """What the Kubernetes API says about the machines of some instance groups."""

    unreplicated: tuple[str, ...] = ()
    blocking: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


class Sight(Protocol):
    """The sources of a radius beside kops; each method may raise `KledError`."""

    def affected(self, groups: frozenset[str]) -> Affected:
        """Ask the Kubernetes API about the machines of `groups`."""

    def estimate(self, rows: Sequence[RollingRow]) -> timedelta | None:
        """Return how long a roll of `rows` takes, by the cluster's past rolls; None without any."""

    def shared_roles(self) -> tuple[str, ...]:
        """Name the cluster's IAM roles that other registered clusters use, too."""


@dataclass(frozen=True, slots=True)
class _Machines:
    """What happens to the machines; `rows` are the groups that roll, as they will be."""

    rolls: tuple[GroupRoll, ...]
    ended: tuple[EndedMachines, ...]
    rows: tuple[RollingRow, ...]

    @property
    def groups(self) -> frozenset[str]:
        rolling = {roll.instance_group for roll in self.rolls}
        return frozenset(rolling | {ending.instance_group for ending in self.ended})


@dataclass
class _Notes:
    """Asks, and writes down the reasons for unknown answers."""

    unknown: dict[str, str] = field(default_factory=dict)

    def ask(self, what: Callable[[], T], *fields: str) -> T | None:
        try:
            return what()
        except KledError as error:
            self.unknown |= dict.fromkeys(fields, error.message)
            return None


def of_plan(session: Session, plan: Plan, sight: Sight) -> BlastRadius:
    """Return the radius of applying `plan` and of rolling what needs it afterwards.

    Raises no `KledError`: an unknown answer is None, with its reason in `unknown`.
    """
    radius = _radius(plan.cluster, lambda: _planned(session, plan), sight)
    notes = _Notes(dict(radius.unknown))
    return replace(
        radius,
        load_balancers=plan_effects.load_balancers(plan),
        iam=notes.ask(sight.shared_roles, "iam") if plan_effects.iam(plan) else (),
        unknown=notes.unknown,
    )


def of_roll(
    session: Session, plan: RollingPlan, sight: Sight, *, force: bool = False
) -> BlastRadius:
    """Return the radius of rolling what `plan` says; with `force` every machine of its groups.

    Raises no `KledError`, as `of_plan`.
    """

    def machines() -> _Machines:
        rows = [_after(row, outdated=True) if force else row for row in plan.rows]
        return _rolled(group_roles(session, plan.cluster), rows)

    return _radius(plan.cluster, machines, sight)


def of_deletion(session: Session, cluster: str, group: str, sight: Sight) -> BlastRadius:
    """Return the radius of deleting an instance group, whose machines kops ends undrained.

    Raises no `KledError`, as `of_plan`.
    """

    def machines() -> _Machines:
        rows = [row for row in undrained.rows(session, cluster) if row.instance_group == group]
        return _Machines(
            (), tuple(EndedMachines(group, undrained.running_machines(row)) for row in rows), ()
        )

    return _radius(cluster, machines, sight)


def rows_to_roll(session: Session, plan: Plan) -> tuple[RollingRow, ...]:
    """Return the groups that need a roll once `plan` is applied, in kops' order. Only reads.

    Raises `OutputUnreadable` where it is not certain which groups the plan is about.
    """
    return _planned(session, plan).rows


def _radius(cluster: str, what: Callable[[], _Machines], sight: Sight) -> BlastRadius:
    notes = _Notes()
    machines = notes.ask(what, "rolls", "ended", *_SEEN)
    seen, duration = None, None
    if machines is not None:
        seen = notes.ask(lambda: _affected(sight, machines), *_SEEN)
    if machines is not None and machines.rows:
        duration = notes.ask(lambda: sight.estimate(machines.rows), "duration")
    return BlastRadius(
        cluster,
        rolls=machines.rolls if machines else None,
        ended=machines.ended if machines else None,
        unreplicated=seen.unreplicated if seen else None,
        blocking=seen.blocking if seen else None,
        services=seen.services if seen else None,
        duration=duration,
        unknown=notes.unknown,
    )


def _affected(sight: Sight, machines: _Machines) -> Affected:
    """Ask the Kubernetes API, unless the plan touches no machine."""
    return sight.affected(machines.groups) if machines.groups else Affected()


def _planned(session: Session, plan: Plan) -> _Machines:
    """Ask kops which machines exist and which are out of date; the Kubernetes API is not asked."""
    rows = undrained.rows(session, plan.cluster)
    if not rows:
        return _Machines((), (), ())  # nothing runs yet
    roles = group_roles(session, plan.cluster)
    outdated = _outdated(plan, roles, rows)
    ended = undrained.groups_that_end(plan, roles, rows)
    later = [_after(row, outdated=row.instance_group in outdated) for row in rows]
    return _rolled(roles, later, ended)


def _rolled(
    roles: Mapping[str, Role], rows: Sequence[RollingRow], ended: tuple[EndedMachines, ...] = ()
) -> _Machines:
    """Return what rolls of `rows`, in kops' order."""
    rolling = in_order([row for row in rows if row.need_update], roles)
    rolls = (
        GroupRoll(row.instance_group, roles.get(row.instance_group, "node"), row.need_update)
        for row in rolling
    )
    return _Machines(tuple(rolls), ended, tuple(rolling))


def _outdated(plan: Plan, roles: Mapping[str, Role], rows: Sequence[RollingRow]) -> frozenset[str]:
    """Return the groups whose machines the plan makes out of date."""
    running = {row.instance_group for row in rows}
    outdated = set()
    for template in plan_effects.templates(plan):
        group = group_of(template.name, roles, plan.cluster)
        if group is None or (template.action == "modify" and group not in running):
            raise OutputUnreadable(
                f"{template.kind}/{template.name} is of no instance group that kops rolls"
            )
        outdated.add(group)
    return frozenset(outdated)


def _after(row: RollingRow, *, outdated: bool) -> RollingRow:
    return replace(row, need_update=undrained.running_machines(row), ready=0) if outdated else row
