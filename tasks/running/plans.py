"""Plans in flows: made by a Prefect task, and kept as an artifact for those who approve them."""

from collections.abc import Callable

from prefect.artifacts import create_markdown_artifact

from kled.models.blast_radius import BlastRadius
from kled.models.plan import Plan
from kled.models.plan_changes import title
from kled.models.plan_values import Redact, ShownChange, shown
from kled.models.rolling import Roll
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.plan_creation import PlanCreation
from kled.operations.cluster.plan_update import PlanUpdate
from kled.operations.guards import neighbours
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.preview.preview_deletion import PlanDeletion
from kled.operations.preview.preview_roll import PlanRoll
from kled.operations.preview.preview_scaling import PlanScaling
from kled.operations.records.approved_plan import Approved
from kled.operations.runner import Report
from kled.sentences import and_more
from tasks.running import logs, resources
from tasks.running.markdown import inline
from tasks.running.planning import carry_out
from tasks.running.summary import artifact_key

LONGEST = 200
"""Changes that an artifact lists; the first plan of a cluster has hundreds."""


def plan_update(
    cluster: str, overrides: Overrides = NOTHING, *, digest: str | None = None
) -> tuple[Plan, BlastRadius]:
    """Plan an update of `cluster`, without its lease, and publish the plan; raises `KledError`.

    `digest` is that of a plan which somebody approved. Raises also what the update would be refused
    with: nobody is asked about it, and nobody who only looks takes it for one that can be applied.
    """
    _, plan, radius = plan_update_with_report(cluster, overrides, digest=digest)
    return plan, radius


def plan_update_with_report(
    cluster: str, overrides: Overrides = NOTHING, *, digest: str | None = None
) -> tuple[Report[tuple[Plan, BlastRadius]], Plan, BlastRadius]:
    """Do as `plan_update` does, and return the report of the planning, too."""
    planning = PlanUpdate(cluster, Approved(digest) if digest else None)
    report = carry_out(planning, overrides)
    plan, radius = report.result
    publish(plan, radius)
    _require_allowed(plan)
    return report, plan, radius


def plan_deletion(wish: DeleteCluster) -> Plan:
    """Plan a deletion, without the lease, and publish it; raises `KledError` as `plan_update`."""
    plan = carry_out(PlanDeletion(wish)).result
    publish(plan, None)
    _require_allowed(plan)
    return plan


def plan_roll(
    cluster: str,
    wanted: Roll,
    canary: str | None = None,
    digest: str | None = None,
    *,
    preflight: bool = True,
) -> tuple[Plan, Roll, str | None]:
    """Plan a roll of `cluster`, without its lease, and publish the plan; raises `KledError`.

    Returns the plan, and `wanted` and `canary` with whole names of groups.
    """
    planning = PlanRoll(cluster, wanted, canary, digest, preflight)
    plan, named, first = carry_out(planning).result
    publish(plan, None)
    for typed, name in zip(wanted.instance_groups, named.instance_groups, strict=True):
        _say_name(typed, name)
    if first is not None:
        _say_name(canary, first)
    return plan, named, first


def plan_scaling(
    cluster: str, group: str, minimum: int | None, maximum: int | None, digest: str | None = None
) -> tuple[Plan, str]:
    """Plan new bounds of a group, without the lease, and publish the plan; raises `KledError`.

    Returns the plan, and the group's whole name.
    """
    planning = PlanScaling(cluster, group, minimum, maximum, digest)
    plan, named = carry_out(planning).result
    publish(plan, None)
    _say_name(group, named)
    return plan, named


def _say_name(typed: str | None, name: str | None) -> None:
    if name != typed:
        logs.note(f'"{typed}" is the instance group "{name}"')


def plan_creation(cluster: str) -> tuple[Plan, BlastRadius] | None:
    """Plan what is left to do for a cluster that was applied before; None where none was.

    What a cluster becomes for the first time is what the parameters of the run ask for. Nor is
    anything planned where nobody has to be asked.
    """
    if not resources.rules().asks_for(cluster):
        return None
    was_applied = carry_out(PlanCreation(cluster)).result
    return plan_update(cluster) if was_applied else None


def _require_allowed(plan: Plan) -> None:
    """Raise what applying the plan would be refused with."""
    if plan.refusal is not None:
        raise plan.refusal


def publish(plan: Plan, radius: BlastRadius | None) -> None:
    """Store the plan; each run adds a version under the key of its cluster."""
    redact = resources.redactor(resources.settings()).text
    create_markdown_artifact(
        key=artifact_key(f"plan {plan.cluster}"),
        markdown=redact(markdown(plan, radius, redact, resources.complete)),
        description=inline(f"plan: {plan.cluster}"),
    )


def markdown(
    plan: Plan,
    radius: BlastRadius | None,
    redact: Redact = str,
    complete: Callable[[str], str] = str,
) -> str:
    """Return plan and radius for a person: what from which value to which, whom it touches.

    `redact` takes secrets out of values before they are cut; `complete` lets commands name stores.
    """
    return "\n".join(
        [
            f"# Plan for {inline(plan.cluster)}: {inline(plan.summary)}",
            "",
            f"Digest: `{plan.digest}`",
            "",
            *([f"**Refused**: {inline(complete(plan.refused))}", ""] if plan.refused else ()),
            *(_touched(radius) if radius is not None else ()),
            *as_markdown_list(plan, redact),
            "",
        ]
    )


def as_markdown_list(plan: Plan, redact: Redact) -> list[str]:
    """Return the changes with their values as the lines of a markdown list; bounded, counted."""
    changes = [line for change in shown(plan, redact)[:LONGEST] for line in _entry(change)]
    more = and_more(len(plan.changes), LONGEST, before="- ")
    return [*changes, *filter(None, [more])]


def _entry(shown: ShownChange) -> list[str]:
    """Return a change with its values, as an entry of a list with a list of its own."""
    heading = f"- {inline(title(shown.change) + neighbours.words_of(shown.change))}"
    return [heading, *(f"  - {inline(line.strip())}" for line in shown.lines)]


def _touched(radius: BlastRadius) -> list[str]:
    rows = (f"| {inline(about)} | {inline(touch)} |" for about, touch in radius.rows())
    return ["| it touches | what |", "| --- | --- |", *rows, ""]
