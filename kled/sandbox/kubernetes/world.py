"""One moment of a cluster's Kubernetes, and how its objects are named and dated."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kled.sandbox.cloud.instances import Machine

Json = dict[str, Any]


@dataclass(frozen=True)
class World:
    """One moment of a cluster's Kubernetes; `state` may be changed inside `edit`."""

    state: Json
    machines: dict[str, Machine]
    """Every machine that runs, by id; nodes have the machine's id as name."""
    now: float
    factor: float

    @property
    def joined(self) -> dict[str, Machine]:
        """The machines that are nodes: those that registered and whose node nobody deleted."""
        changed = self.state["nodes"]
        return {
            name: machine
            for name, machine in self.machines.items()
            if machine.joined and not changed.get(name, {}).get("deleted")
        }

    def passed(self, since: float) -> float:
        """Return the simulated seconds since a time of the state."""
        return (self.now - since) * self.factor

    def next_number(self) -> int:
        """Return a number that was not given yet: for names and resource versions."""
        self.state["serial"] += 1
        return int(self.state["serial"])


def uid(*parts: str) -> str:
    """Return a uid that is the same for the same words."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def moment(posix: float) -> str:
    """Write a time as the API does."""
    return datetime.fromtimestamp(posix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
