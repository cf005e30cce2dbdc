"""`kled kops rolling-update`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from kled.cli.frame import cluster_name, names, parameters
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.frame.parameters import COUNT, DURATION
from kled.cli.terminal.output import Column, show, show_value
from kled.cli.terminal.plan import show_radius
from kled.errors import InvalidInput, KledError
from kled.models.blast_radius import BlastRadius
from kled.models.plan import refusal_as_json
from kled.models.rolled import Steadiness
from kled.models.rolling import Roll, RollingPlan
from kled.operations.identity import kept_keys, lost_keys
from kled.operations.preview.blast_radius import of_roll
from kled.operations.preview.preview_roll import preview_roll
from kled.operations.preview.sight import SessionSight
from kled.operations.roll import interrupted_roll, plan_roll
from kled.operations.roll.roll_canary import canary_meant
from kled.operations.roll.roll_cluster import Pace, RollCluster
from kled.sentences import number

ROLLING = (
    Column("INSTANCE GROUP", "instance_group"),
    Column("STATUS", "status"),
    Column("NEED UPDATE", "need_update"),
    Column("READY", "ready"),
    Column("MIN", "min_size"),
    Column("TARGET", "target_size"),
    Column("MAX", "max_size"),
    Column("NODES", "nodes"),
)


if TYPE_CHECKING:
    from kled.operations.session import Session


def _steadiness(_ctx: click.Context, _option: click.Parameter, typed: str | None) -> Steadiness:
    """Return what `N/M` means."""
    if typed is None:
        return Steadiness()
    needed, of = (parameters.whole(part) for part in typed.partition("/")[::2])
    if not needed or of is None or needed > of:
        raise InvalidInput("--steady", f"{typed!r} is not of the form N/M with N at most M")
    return Steadiness(needed, of)


@leaf(
    "rolling-update",
    examples=(
        "kled kops rolling-update --name=mycluster.example.com",
        "kled kops rolling-update --name=mycluster.example.com --yes",
        "kled kops rolling-update --name=c.example.com --instance-group=nodes --cloudonly --yes",
    ),
    guards=RollCluster.guards,
)
@cluster_name.name(cluster_name.WITH_YES)
@click.option("--yes", is_flag=True, help="Replace the machines.")
@click.option(
    "--instance-group", "groups", multiple=True, metavar="GROUP", help="Only these; repeatable."
)
@click.option(
    "--cloudonly", is_flag=True, help="Do not drain or validate; works without the Kubernetes API."
)
@click.option("--force", is_flag=True, help="Replace machines that need no update, too.")
@click.option("--control-plane-interval", type=DURATION, help="Pause after a control-plane node.")
@click.option("--node-interval", type=DURATION, help="Pause after a worker node.")
@click.option("--bastion-interval", type=DURATION, help="Pause after a bastion.")
@click.option("--drain-timeout", type=DURATION, help="How long draining a node may take.")
@click.option("--validation-timeout", type=DURATION, help="How long validation may take.")
@click.option("--post-drain-delay", type=DURATION, help="Pause after draining a node.")
@click.option(
    "--validate-count",
    type=COUNT,
    metavar="N",
    help="How often the cluster must validate in a row.",
)
@click.option(
    "--canary", metavar="GROUP|INSTANCE", help="Goes first: a group of its role, or one machine."
)
@click.option("--pause", type=DURATION, help="Wait after each group, for people to look.")
@click.option(
    "--group-deadline", type=DURATION, help="How long a group may take [default: 45m a machine]."
)
@click.option(
    "--steady",
    metavar="N/M",
    callback=_steadiness,
    help="After a group, N of the last M validations must pass [default: 2/3].",
)
@click.option(
    "--digest",
    metavar="HEX",
    callback=parameters.digest,
    help="Replace only what a preview showed.",
)
@click.option(
    "--skip-preflight", is_flag=True, help="Roll although budgets block or nodes are not ready."
)
def rolling_update(  # noqa: PLR0913 - one parameter per option
    call: Call,
    /,
    name: str | None,
    groups: tuple[str, ...],
    *,
    canary: str | None,
    pause: timedelta | None,
    group_deadline: timedelta | None,
    steady: Steadiness,
    digest: str | None,
    skip_preflight: bool,
    yes: bool,
    **options: Any,  # noqa: ANN401 - the options of the same names, each with its own type
) -> None:
    """Show which machines need to be replaced; with --yes replace them one after the other."""
    with call.session() as session:
        cluster = names.cluster(session, name, changes=yes)
        looking = session if yes else session.looking()
        if yes:
            kept_keys.require_whole(session, cluster)
        these = (names.instance_group(call, looking, cluster, group) for group in groups)
        roll = Roll(instance_groups=tuple(these), **options)
        with lost_keys.tell_lost_keys_apart(session, cluster):
            first = _first(call, looking, cluster, canary, roll.instance_groups)
        pace = Pace(
            first,
            pause or timedelta(0),
            group_deadline,
            steady,
            preflight=not skip_preflight,
        )
        rolling = RollCluster(cluster, roll, pace, digest)
        shown = None if yes else _shown(looking, rolling)
    if shown is None:
        execute(call, rolling, then=f"kled kops validate-cluster --name={cluster}")
        return
    plan, radius, begun, refusal = shown
    agreed = plan_roll.as_plan(plan, roll).digest
    _show(call, plan, radius, refusal, agreed)
    if begun is not None:
        call.say(begun)
    if refusal is not None:
        raise refusal
    if not plan.is_empty or roll.force:
        again = call.typed.again("kops rolling-update", name=cluster, yes=True, digest=agreed[:12])
        call.say(f"preview only; replace the machines with: {again}")


def _shown(
    session: "Session", wish: RollCluster
) -> tuple[RollingPlan, BlastRadius | None, str | None, KledError | None]:
    """Return the roll, its blast radius, a roll that began and has not ended, and the refusal."""
    cluster, force = wish.cluster, wish.roll.force
    plan, refusal = preview_roll(session, wish, now=True)
    radius = None
    if force or not plan.is_empty:
        radius = of_roll(session, plan, SessionSight(session, cluster), force=force)
    begun = interrupted_roll.words(session, cluster) or interrupted_roll.under_way(session, cluster)
    return plan, radius, begun, refusal


def _first(
    call: Call, session: "Session", cluster: str, canary: str | None, groups: tuple[str, ...]
) -> str | None:
    """Return the group or the machine that goes first."""
    first = canary_meant(session, cluster, canary, groups)
    if first is None and canary is not None:
        call.say(f"the canary {canary} is gone: the roll that was interrupted has replaced it")
    elif first != canary:
        call.say(f'"{canary}" is the instance group "{first}"')
    return first


def _show(
    call: Call,
    plan: RollingPlan,
    radius: BlastRadius | None,
    refusal: KledError | None,
    digest: str,
) -> None:
    if call.settings.output != "table":
        more = {"digest": digest} | ({} if radius is None else {"radius": radius.as_json()})
        show_value(plan.as_json() | more | refusal_as_json(refusal), call.settings.output)
        return
    show([row.as_json() for row in plan.rows], ROLLING, "table")
    if radius is not None:
        show_radius(radius)
    waiting = sum(row.need_update for row in plan.rows)
    call.say(
        f"{number(waiting, 'machine')} to be replaced" if waiting else "no machine needs an update"
    )
