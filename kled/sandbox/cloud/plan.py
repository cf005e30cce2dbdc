"""Compare what a definition implies with what is there, and print it as kops previews it."""

import difflib
from collections.abc import Iterator
from typing import Any

from kled.sandbox.cloud import executor
from kled.sandbox.cloud.account import Cloud, State, key
from kled.sandbox.cloud.file_tasks import file_tasks, user_data
from kled.sandbox.cloud.group_tasks import group_tasks
from kled.sandbox.cloud.network_tasks import network_tasks
from kled.sandbox.cloud.tasks import Change, Step, Task, Where
from kled.sandbox.cloud.termination_tasks import QUEUE, RULE, lookup, termination_tasks
from kled.sandbox.context import Context
from kled.sandbox.store import stored_cluster

_CONTEXT_LINES = 2


def tasks_of(ctx: Context, name: str) -> list[Task]:
    """Return all tasks of a stored cluster in kops' order."""
    definition = stored_cluster.definition(ctx, name)
    key = stored_cluster.ssh_key(ctx, name)
    scripts = {
        group["metadata"]["name"]: user_data(definition, group) for group in definition.groups
    }
    tasks = [
        *network_tasks(definition.cluster, definition.groups, key),
        *group_tasks(definition.cluster, definition.groups, key, scripts),
        *termination_tasks(definition.cluster),
        *file_tasks(definition),
    ]
    return sorted(tasks, key=lambda task: task.title)


def steps(ctx: Context, cloud: Cloud, name: str, tasks: list[Task]) -> list[Step]:
    """Return the tasks that are not as they should be."""
    regional, everywhere = cloud.read(), cloud.read(everywhere=True)
    steps = []
    for task in tasks:
        if task.where is Where.STORE:
            step = _stored_step(task)
        else:
            state = everywhere if task.where is Where.GLOBAL else regional
            step = _cloud_step(task, _record(ctx, state, name, task))
        if step is not None:
            steps.append(step)
    return steps


def render(steps: list[Step]) -> Iterator[str]:
    """Yield the preview's lines (captures 02b, 04, 31: blocks, fields, blank lines)."""
    creations = [step for step in steps if not step.changes]
    changes = [step for step in steps if step.changes]
    if creations:
        yield "Will create resources:"
        for step in creations:
            yield f"  {step.task.title}"
            yield from (f"  \t{field:<20}\t{value}" for field, value in step.task.fields)
            yield ""
    if changes:
        yield "Will modify resources:"
        for step in changes:
            yield f"  {step.task.title}"
            for change in step.changes:
                yield from _change(change)
            yield ""


def _record(ctx: Context, state: State, cluster: str, task: Task) -> dict[str, Any] | None:
    """Return what is there of a task. Raises KopsFailure where kops cannot tell."""
    if task.kind not in {QUEUE, RULE}:
        record: dict[str, Any] | None = state["resources"].get(key(cluster, task.kind, task.name))
        return record
    record, why = lookup(state, task)
    if why:
        executor.try_again_and_again(ctx, task, lambda: why)
    return record


def _cloud_step(task: Task, record: dict[str, Any] | None) -> Step | None:
    if record is None:
        return Step(task)
    before = dict(record["fields"])
    changes = tuple(
        Change(field, before.get(field, ""), value)
        for field, value in (*task.fields, *task.hidden)
        if before.get(field, "") != value
    )
    return Step(task, changes) if changes else None


def _stored_step(task: Task) -> Step | None:
    if task.former:
        signer = Change("Signer", f"id:cn={task.name}", "<nil>")
        return Step(task, (signer, Change("LegacyFormat", "true", "false")))
    if task.held is not None:
        return None if task.held else Step(task)
    body = task.place.read(task.store_key) if task.place else None
    if body is None:
        return Step(task)
    if task.body is None or body == task.body:
        return None
    return Step(task, (Change("Contents", body.decode(), task.body.decode()),))


def _change(change: Change) -> Iterator[str]:
    if "\n" not in change.before + change.after:
        yield f"  \t{change.field:<20}\t {change.before} -> {change.after}"
        return
    yield f"  \t{change.field:<20}"
    for line in [*_difference(change.before, change.after), ""]:
        yield f"  \t{'':<20}\t{line}"


def _difference(before: str, after: str) -> Iterator[str]:
    """Yield kops' diff: two lines of context, `...` for the rest, additions first (capture 37)."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[tuple[str, str]] = []
    for tag, left, left_end, right, right_end in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            lines += [("  ", line) for line in old[left:left_end]]
            continue
        lines += [("+ ", line) for line in new[right:right_end]]
        lines += [("- ", line) for line in old[left:left_end]]
    changed = [number for number, (mark, _) in enumerate(lines) if mark != "  "]
    skipped = False
    for number, (mark, line) in enumerate(lines):
        if any(abs(number - other) <= _CONTEXT_LINES for other in changed):
            yield mark + line
            skipped = False
        elif not skipped:
            yield "..."
            skipped = True
