"""Finds what would keep a roll from ending well, before anything is touched. Only reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from kled.errors import ClusterNotReady, DrainBlocked
from kled.kops.command import duration
from kled.models.definition import object_name
from kled.models.rolling import Roll, RollingRow
from kled.operations.instance_group.machines import group_roles, machines
from kled.operations.session import Session
from kled.sentences import enumerated, options

if TYPE_CHECKING:
    from kled.kubernetes.client import Api

_LOOKS: Final = 3
_BETWEEN: Final = 20.0
"""Seconds; a budget without room may only wait for a pod that is starting."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a look before the roll has found."""

    blocked: tuple[str, ...] = ()
    """Disruption budgets that would keep nodes from being drained."""
    unready: tuple[str, ...] = ()
    """Nodes that are not ready although no roll has begun."""
    alone: tuple[str, ...] = ()
    """Workloads that are down while their only pod moves."""
    cramped: tuple[str, ...] = field(default=())
    """Groups whose only machine is drained before its successor exists."""

    @property
    def words(self) -> str:
        """What an operator should know although it does not stop the roll."""
        parts = [
            _some("down while they move", self.alone),
            _some("without a second machine meanwhile", self.cramped),
        ]
        return "; ".join(part for part in parts if part) or "nothing stands in the way"

    def require(self, cluster: str, roll: Roll, first: str = "") -> None:
        """Raise `DrainBlocked` or `ClusterNotReady` where the roll could not end.

        `first` is the command before a roll that is to go on in spite of it.
        """
        command = f"kled kops rolling-update {options(name=cluster)}{_typed(roll)}"
        again = f"{command} --skip-preflight --yes"
        skip = (
            f"or go on all the same: {first} {again}" if first else f"or roll all the same: {again}"
        )
        if self.blocked:
            raise DrainBlocked(
                f'nodes of cluster "{cluster}" cannot be drained: {"; ".join(self.blocked)}',
                hint=f"give the workloads more replicas, or loosen the budgets; {skip}",
            )
        if self.unready:
            raise ClusterNotReady(
                f'cluster "{cluster}" has nodes that are not ready: {", ".join(self.unready)}',
                hint=f"kops would wait for them before the first machine; mend them, {skip}",
            )


def _typed(roll: Roll) -> str:
    """Return the options of `rolling-update` that mean this roll."""
    values = {each.name: getattr(roll, each.name) for each in fields(roll)}
    named = values.pop("instance_groups")
    spelled = {
        name: duration(value) if isinstance(value, timedelta) else value
        for name, value in values.items()
    }
    typed = options(instance_group=named, **spelled)
    return f" {typed}" if typed else ""


def look(session: Session, cluster: str, rows: Sequence[RollingRow], api: "Api") -> Preflight:
    """Look at the nodes of the groups in `rows`, and at blocked budgets again after a while.

    A node whose group kops does not know counts as one of them, to be on the safe side.
    """
    from kled.kubernetes import disruption, workloads  # noqa: PLC0415 - heavy

    groups = {row.instance_group for row in rows if row.need_update}
    known = machines(session, cluster, group_roles(session, cluster), api)
    ours = known.touched(groups)
    blocked = disruption.blocking(api, ours)
    for _ in range(_LOOKS - 1):
        if not blocked:
            break
        session.note(f"blocked, looking again: {'; '.join(map(str, blocked))}")
        session.clock.sleep(_BETWEEN)
        blocked = disruption.blocking(api, ours)
    return Preflight(
        blocked=tuple(map(str, blocked)),
        unready=tuple(node.name for node in known.nodes if not node.ready),
        alone=tuple(map(str, workloads.unreplicated(api, ours))),
        cramped=tuple(_cramped(session, cluster, rows)),
    )


def _cramped(session: Session, cluster: str, rows: Sequence[RollingRow]) -> Iterable[str]:
    """Name the groups whose only machine goes before another one comes (maxSurge 0)."""
    known = {object_name(group): group for group in session.kops.definition.get(cluster).groups}
    for row in rows:
        spec: Any = known.get(row.instance_group, {}).get("spec") or {}
        surge = str((spec.get("rollingUpdate") or {}).get("maxSurge", 1))
        if row.need_update and row.target_size == 1 and surge in {"0", "0%"}:
            yield row.instance_group


def _some(what: str, names: Sequence[str]) -> str:
    return f"{what}: {enumerated(names, _SHOWN)}" if names else ""
