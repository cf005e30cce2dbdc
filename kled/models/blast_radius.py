"""What a plan would touch beyond the resources that it names, shown before anything is done.

What could not be asked is None and named in `unknown`: it never reads as "none".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from kled.models.cluster import Role

ROLLS: Final = "machines that roll"
"""What the row of machines that are replaced is about."""


@dataclass(frozen=True, slots=True)
class GroupRoll:
    """Machines of one instance group that a rolling update would replace after the update."""

    instance_group: str
    role: Role
    machines: int

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "instance_group": self.instance_group,
            "role": self.role,
            "machines": self.machines,
        }


@dataclass(frozen=True, slots=True)
class EndedMachines:
    """Machines of one instance group that the cloud itself ends at once, without draining them."""

    instance_group: str
    machines: int

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"instance_group": self.instance_group, "machines": self.machines}


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """Who notices when a plan is applied and its machines are rolled."""

    cluster: str
    rolls: tuple[GroupRoll, ...] | None = ()
    """By group, control plane first; groups without such machines are left out."""
    ended: tuple[EndedMachines, ...] | None = ()
    """Groups that become smaller than they are: pods there are killed, not evicted."""
    unreplicated: tuple[str, ...] | None = ()
    """Workloads with one pod, or none that replaces it, on machines that roll: `ns/name (Kind)`."""
    blocking: tuple[str, ...] | None = ()
    """Disruption budgets that allow no eviction from machines that roll: `ns/name: why`."""
    load_balancers: tuple[str, ...] = ()
    """Of the cloud, as the plan names them: `modify NetworkLoadBalancer/api.c.example.com`."""
    services: tuple[str, ...] | None = ()
    """Services of type LoadBalancer, whose backends change while machines roll: `ns/name`."""
    duration: timedelta | None = None
    """How long the roll takes by the cluster's own past; None where it has none."""
    iam: tuple[str, ...] | None = ()
    """IAM roles of the plan that another registered cluster uses, too, and which."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Name of a field that is None to the reason."""

    @property
    def machines(self) -> int:
        """How many machines would be replaced, as far as that is known."""
        return sum(roll.machines for roll in self.rolls or ())

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`; what is unknown is null, its reason in `unknown`."""
        return {
            "rolls": None if self.rolls is None else [roll.as_json() for roll in self.rolls],
            "ended": None if self.ended is None else [ended.as_json() for ended in self.ended],
            "unreplicated": _listed(self.unreplicated),
            "blocking": _listed(self.blocking),
            "load_balancers": list(self.load_balancers),
            "services": _listed(self.services),
            "seconds": None if self.duration is None else round(self.duration.total_seconds()),
            "iam": _listed(self.iam),
            "unknown": dict(self.unknown),
        }

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return each part in words for a person: what it is about, and what is so."""
        rolls = None if self.rolls is None else [_roll(roll) for roll in self.rolls]
        ended = None if self.ended is None else [_ended(group) for group in self.ended]
        return (
            (ROLLS, self._words("rolls", rolls)),
            ("ended without draining", self._words("ended", ended)),
            ("workloads without replicas", self._words("unreplicated", self.unreplicated)),
            ("budgets that block", self._words("blocking", self.blocking)),
            ("load balancers of the cloud", self._words("load_balancers", self.load_balancers)),
            ("services with a load balancer", self._words("services", self.services)),
            ("shared IAM roles", self._words("iam", self.iam)),
            ("time", self._time()),
        )

    def _words(self, name: str, names: "tuple[str, ...] | list[str] | None") -> str:
        if names is None:
            return f"unknown: {self.unknown.get(name, 'it could not be asked')}"
        return ", ".join(names) or "none"

    def _time(self) -> str:
        if self.duration is not None:
            minutes = max(1, round(self.duration.total_seconds() / 60))
            return f"about {minutes} min by this cluster's own past"
        return "no roll" if self.rolls == () else "unknown: no roll of this cluster is remembered"


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)


def _roll(roll: GroupRoll) -> str:
    return f"{roll.machines} of {roll.instance_group} ({roll.role})"


def _ended(ended: EndedMachines) -> str:
    return f"{ended.machines} of {ended.instance_group}"
