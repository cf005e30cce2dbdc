"""`kled plan`: for pipelines; exit 0 where nothing is pending, 3 where something is."""

from typing import Any, Final

import click

from kled.cli import meant, terminal
from kled.cli.leaf import Call, leaf
from kled.cli.output import show, show_value
from kled.cli.plan import show_plan
from kled.cli.rolling import ROLLING
from kled.models.rolling import Roll
from kled.operations.blast_radius import of_roll
from kled.operations.plan_update import planned
from kled.operations.sight import SessionSight

PENDING: Final = 3


@leaf(
    "plan",
    examples=(
        "kled plan --name=c.example.com",
        "kled plan --name=c.example.com --output=json > plan.json || [ $? = 3 ]",
    ),
)
@click.option("--name", metavar="CLUSTER", help="The cluster; without it, the store's only one.")
def plan(call: Call, name: str | None) -> int:
    """Say what an update would change, whom it touches, and which machines need a roll.

    Changes nothing. Exit 0: nothing is pending; 3: something is. The digest approves just this
    plan: kled kops update-cluster --yes --digest=HEX, or the flow update-cluster.
    """
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=False)
        found, radius = planned(session, cluster)
        rolling = session.kops.rolling_update_preview(cluster, Roll(cloudonly=True))
        if found.is_empty and not rolling.is_empty:
            radius = of_roll(session, rolling, SessionSight(session, cluster))
    pending = bool(found.refused) or not (found.is_empty and rolling.is_empty)
    if call.settings.output != "table":
        document: dict[str, Any] = {
            **found.as_json(),
            "radius": radius.as_json(),
            "rolling": [row.as_json() for row in rolling.rows],
            "pending": pending,
        }
        show_value(document, call.settings.output)
        return PENDING if pending else 0
    show_plan(call, found, radius)
    if not rolling.is_empty:
        terminal.out().say("")
        show([row.as_json() for row in rolling.rows], ROLLING, "table")
    if not found.is_empty and not found.refused:
        call.say(
            f"approve it with: kled kops update-cluster --name={cluster} --yes"
            f" --digest={found.digest[:12]}"
        )
    elif pending and not found.refused:
        call.say(f"machines need a roll: kled kops rolling-update --name={cluster} --yes")
    return PENDING if pending else 0
