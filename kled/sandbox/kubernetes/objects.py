"""Where a cluster's objects are kept: one JSON file beside its region's, changed under a lock.

`objects` holds what clients wrote, by plural and `namespace/name`; `pods` and `nodes` what
controllers made of it and what clients changed of it; `evictions` and `kills` are never forgotten:
tests count them.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager

from kled.sandbox import clock
from kled.sandbox.cloud import instances
from kled.sandbox.cloud.account import ACCOUNT, Cloud
from kled.sandbox.context import Context
from kled.sandbox.kubernetes.controllers import reconcile
from kled.sandbox.kubernetes.world import Json, World


@contextmanager
def edit(ctx: Context, cloud: Cloud, cluster: str) -> Iterator[World]:
    """Look at a cluster's Kubernetes and change it in one save, brought up to now first."""
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


def _empty() -> Json:
    return {"serial": 1, "objects": {}, "pods": {}, "nodes": {}, "evictions": [], "kills": []}
