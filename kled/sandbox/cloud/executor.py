"""Carry a plan out as kops' executor does: in rounds, each creation one save, with progress."""

from collections.abc import Callable
from typing import Any

from kled.sandbox import faults
from kled.sandbox.cloud import instances
from kled.sandbox.cloud.account import Cloud, key, new_id
from kled.sandbox.cloud.tasks import Step, Task, Where
from kled.sandbox.cloud.termination_tasks import QUEUE, RULE
from kled.sandbox.context import Context, KopsFailure

_ROUND_SECONDS = 1.0
PHASES = 10
"""How many rounds there are at most."""
_NONE = (0,) * PHASES
_BASTIONS = (2, 6, 13, 0, 0, 1, -1, -1, 0, 0)
_GATEWAY = (0, 1, 1, 1, 1, 0, 0, 0, 0, 0)
"""What bastions add to each round, and each NAT gateway."""
_TASK_SECONDS, _RETRY_SECONDS = 600, 10
"""How long kops tries one task, and how long it waits where no task went well."""


def count_rounds(
    cluster: dict[str, Any], groups: list[dict[str, Any]], *, ssh_key: bool
) -> list[int]:
    """Return how many tasks kops runs in each round.

    Fitted to the totals of captures 02b (120), E12b (119: no SSH key), 51 (160), B-preview (153)
    and B-q-preview (147: bastions in public subnets). They count
    the kinds of tasks that the sandbox does not have, too: the number is an operator's progress.
    """
    subnets, every = cluster["spec"]["subnets"], len(groups)
    roles = [group["spec"]["role"] for group in groups]
    if not groups:  # none was meant (R-up-nosuch); one control plane's manifests are there still
        return [34 + ssh_key, 19 + len(subnets), 13 + len(subnets), 2, 2, 10, 1]
    sizes = [
        30 + 4 * roles.count("Master") + ssh_key,
        21 + len(subnets),
        33 + len(subnets),
        2 + every,
        2 + 2 * every,
        every,
        2 * every,
        every,
        10,
        1,
    ]
    bastions = _BASTIONS if "Bastion" in roles else _NONE
    gateways = sum(subnet["type"] == "Utility" for subnet in subnets)
    more = zip(sizes, bastions, _GATEWAY, strict=True)
    return [size + extra + gateways * each for size, extra, each in more]


def announce(ctx: Context, sizes: list[int], number: int) -> None:
    """Log the executor's progress before round `number` (`len(sizes)`: all are done)."""
    ready = sizes[number] if number < len(sizes) else 0
    ctx.log(
        "I",
        "executor.go:113",
        f"Tasks: {sum(sizes[:number])} done / {sum(sizes)} total; {ready} can run",
    )


def apply(ctx: Context, cloud: Cloud, cluster: str, step: Step) -> None:
    """Create or change what one step names, in one save. Idempotent."""
    task = step.task
    try_again_and_again(ctx, task, lambda: faults.refusal(ctx.sandbox, task.kind))
    if step.changes and task.kind in {QUEUE, RULE}:
        return  # kops leaves a queue or rule that is there as it is (awstasks/sqs.go)
    if task.where is Where.STORE:
        if task.body is not None and task.place is not None:
            task.place.write(task.store_key, task.body)
        return
    with cloud.edit(everywhere=task.where is Where.GLOBAL) as state:
        where = key(cluster, task.kind, task.name)
        record = state["resources"].setdefault(where, {"cluster": cluster, "version": 0})
        record.setdefault("id", new_id(state, task.kind))
        record["kind"], record["name"] = task.kind, task.name
        wanted = [[name, value] for name, value in (*task.fields, *task.hidden)]
        if record.get("fields") != wanted:  # another process may have done the same meanwhile
            record["fields"] = wanted
            record["version"] += 1
        if task.kind == "AutoscalingGroup":
            record["machine_tags"] = dict(task.machine_tags)
            instances.settle(state, cluster, task.name, ctx.now().timestamp())
    fields = dict(task.fields)
    if "WellKnownServices" in fields and not step.changes:  # kops waits for the API's alone
        name = fields["LoadBalancerBaseName"]
        ctx.log(
            "I",
            "network_load_balancer.go:548",
            f'Waiting for load balancer "{name}" to be created...',
        )


def try_again_and_again(ctx: Context, task: Task, attempt: Callable[[], str | None]) -> None:
    """Try a task that is refused again and again, as kops does (capture C05c).

    `attempt` returns why it is. Raises KopsFailure after 10 simulated minutes; the words are
    those of kops' executor.go.
    """
    said: str | None = None
    for left in range(_TASK_SECONDS - 1, 0, -_RETRY_SECONDS):
        said = attempt()
        if said is None:
            return
        remaining = f"{left // 60}m{left % 60}s remaining to succeed"
        ctx.log("W", "executor.go:141", f'error running task "{task.title}" ({remaining}): {said}')
        ctx.log("I", "executor.go:171", "Continuing to run 1 task(s)")
        ctx.sleep(_RETRY_SECONDS)
    raise KopsFailure(
        f"error running tasks: deadline exceeded executing task {task.title}. Example error: {said}"
    )


def take_time(ctx: Context) -> None:
    """Let a round take its time."""
    ctx.sleep(_ROUND_SECONDS)
