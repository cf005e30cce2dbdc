"""`kled plan`: for pipelines; exit 0 where nothing is pending, 3 where something is."""

from collections.abc import Sequence
from typing import Final

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.kops.rolling_update import ROLLING
from kled.cli.terminal import streams
from kled.cli.terminal.answers import show_answers
from kled.cli.terminal.output import show, show_value
from kled.cli.terminal.plan import show_whole
from kled.operations.fleet.all_clusters import (
    Answer,
    Pending,
    ask_what_is_pending,
    each_answer,
    look_for_pending,
    require_allowed,
    require_asked,
    say_who_waits,
)
from kled.operations.fleet.listed_clusters import listed_clusters

PENDING: Final = 3


@leaf(
    "plan",
    examples=(
        "kled plan --name=c.example.com",
        "kled plan --name=c.example.com --output=json > plan.json || [ $? = 3 ]",
    ),
)
@cluster_name.name(cluster_name.ALL)
def plan(call: Call, name: str | None) -> int:
    """Say what an update would change, whom it touches, and which machines need a roll.

    Changes nothing. Exit 0: nothing is pending; 3: something is; 1: not all could be asked; where
    the update would be refused, its own exit status, most often 6. The
    digest approves just this plan: kled kops update-cluster --yes --digest=HEX, or the flow
    update-cluster. Without --name each cluster has one row.
    """
    with call.session() as session:
        listed = [] if name is not None else listed_clusters(session)
        if len(listed) > 1:
            return _of_all(call, each_answer(session, listed, ask_what_is_pending))
        cluster = names.only(session, listed, name)
        outlook = look_for_pending(session, cluster)
    if call.settings.output != "table":
        show_value(outlook.as_json(), call.settings.output)
    else:
        _show(call, cluster, outlook)
    if outlook.plan.refusal is not None:
        raise outlook.plan.refusal
    return PENDING if outlook else 0


def _of_all(call: Call, answers: Sequence[Answer]) -> int:
    show_answers(call, answers, "PENDING")
    require_asked(answers)
    require_allowed(answers)
    message = say_who_waits(answers, "have something pending")
    if message:
        call.say(message)
    return PENDING if message else 0


def _show(call: Call, cluster: str, outlook: Pending) -> None:
    plan, rolling = outlook.plan, outlook.rolling
    show_whole(call, plan, outlook.radius)
    if not rolling.is_empty:
        streams.out().say("")
        show([row.as_json() for row in rolling.rows], ROLLING, "table")
    if not (plan.is_empty or plan.refused):
        call.say(
            f"approve it with: kled kops update-cluster --name={cluster} --yes"
            f" --digest={plan.digest[:12]}"
        )
    elif not (rolling.is_empty or plan.refused or outlook.under_way):
        call.say(f"machines need a roll: kled kops rolling-update --name={cluster} --yes")
    for message in (outlook.interrupted, outlook.under_way):
        if message:
            call.say(message)
