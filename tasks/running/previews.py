"""Runs that show a plan and change nothing: what `kled run` starts where nobody said yes."""

from collections.abc import Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact

from kled.models.blast_radius import BlastRadius
from kled.models.plan import Plan
from kled.operations.recovery.restorable import require_trusted
from kled.operations.runner import Report
from kled.operations.snapshots.plan_snapshots import PlanPrune, PlanRestore
from kled.sentences import and_more, number
from tasks.running import reports, resources
from tasks.running.edge import FlowOutcome
from tasks.running.markdown import inline
from tasks.running.planning import carry_out
from tasks.running.summary import artifact_key

SHOWN = 200
"""Lines that an artifact lists."""


def show_plan(name: str, plan: Plan, radius: BlastRadius | None = None) -> FlowOutcome:
    """Return the plan, which is published already, as what the run `name` did."""
    more = {} if radius is None else {"radius": radius.as_json()}
    return _done(Report(name, plan.cluster, ()), {**plan.as_json(), **more})


def announce_preview(
    report: Report[Any], plan: Plan, radius: BlastRadius, then: Sequence[str]
) -> FlowOutcome:
    """Return a plan that people were told of, with what `then` applies just that one."""
    return _done(report, {**plan.as_json(), "radius": radius.as_json()}, then)


def preview_restore(planning: PlanRestore) -> FlowOutcome:
    """Plan a restore and publish it; raises `KledError`, as where the snapshot is not trusted."""
    report = carry_out(planning)
    plan, meant = report.result
    writes = [f"{write.action} {write.record.key}" for write in plan.writes]
    changes = [*writes, *(f"delete {key}" for key in plan.deletes)]
    what = f"{number(len(changes), 'change')}, {number(len(plan.same), 'object')} there already"
    lines = [*meant.remarks(), *changes]
    _publish(planning.cluster, f"Restore of {planning.cluster}: {what}", plan.digest, lines)
    require_trusted(meant)
    return _done(report, plan.as_json())


def preview_prune(planning: PlanPrune) -> FlowOutcome:
    """Plan a prune and publish it; raises `KledError`."""
    report = carry_out(planning)
    plan = report.result
    removed = [f"remove {snapshot.id} of {snapshot.cluster}" for snapshot in plan.removed]
    kept = [f"keep {snapshot.id} of {snapshot.cluster}: {why}" for snapshot, why in plan.kept]
    what = f"{number(len(removed), 'snapshot')} to remove, {len(kept)} to keep"
    _publish(planning.cluster, f"Prune of {planning.cluster}: {what}", plan.digest, removed + kept)
    return _done(report, plan.as_json())


def _publish(cluster: str, heading: str, digest: str, lines: Sequence[str]) -> None:
    create_markdown_artifact(
        key=artifact_key(f"plan {cluster}"),
        markdown=resources.redactor(resources.settings()).text(markdown(heading, digest, lines)),
        description=inline(f"plan: {cluster}"),
    )


def markdown(heading: str, digest: str, lines: Sequence[str]) -> str:
    """Return what would be done as a list, and the digest that approves it."""
    more = and_more(len(lines), SHOWN, before="- ")
    return "\n".join(
        [
            f"# {inline(heading)}",
            "",
            f"Digest: `{digest}`",
            "",
            *(f"- {inline(line)}" for line in lines[:SHOWN]),
            *filter(None, [more]),
            "",
        ]
    )


def _done(report: Report[Any], plan: dict[str, object], then: Sequence[str] = ()) -> FlowOutcome:
    shown = reports.document(report, plan=plan, then=then)
    reports.publish(shown)
    return shown
