"""Where a cluster's objects are kept: one JSON file beside its region's, changed under a lock.

`objects` holds what clients wrote, by plural and `namespace/name`; `pods` and `nodes` what
controllers made of it and what clients changed of it; `evictions` and `kills` are never forgotten:
tests count them.
"""

import fcntl
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kled.sandbox import clock
from kled.sandbox.cloud import instances
from kled.sandbox.cloud.account import ACCOUNT, Cloud
from kled.sandbox.cloud.instances import Machine
from kled.sandbox.context import Context

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


@contextmanager
def edit(ctx: Context, cloud: Cloud, cluster: str) -> Iterator[World]:
    """Look at a cluster's Kubernetes and change it in one save, brought up to now first."""
    from kled.sandbox.kubernetes.controllers import reconcile  # noqa: PLC0415 - it imports this

    path = ctx.sandbox / "cloud" / ACCOUNT / "kubernetes" / f"{cluster}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(path.read_text()) if path.exists() else _empty()
        machines = {machine.id: machine for machine in instances.machines(ctx, cloud, cluster)}
        world = World(state, machines, ctx.now().timestamp(), clock.speed(ctx.sandbox))
        before = json.dumps(state)
        reconcile(world)
        yield world
        reconcile(world)
        after = json.dumps(state)
        if after != before:
            fresh = path.with_suffix(".new")
            fresh.write_text(after)
            fresh.replace(path)


def forget(ctx: Context, cluster: str) -> None:
    """Forget a deleted cluster's objects, so that one of the same name begins empty."""
    path = ctx.sandbox / "cloud" / ACCOUNT / "kubernetes" / f"{cluster}.json"
    path.unlink(missing_ok=True)


def uid(*parts: str) -> str:
    """Return a uid that is the same for the same words."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def moment(posix: float) -> str:
    """Write a time as the API does."""
    return datetime.fromtimestamp(posix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _empty() -> Json:
    return {"serial": 1, "objects": {}, "pods": {}, "nodes": {}, "evictions": [], "kills": []}
