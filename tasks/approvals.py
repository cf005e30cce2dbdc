"""Approvals in flows: who agrees to a plan types the cluster's name and the plan's digest."""

from typing import Final

from prefect.exceptions import FlowPauseTimeout
from prefect.input import RunInput
from prefect.settings import PREFECT_API_URL
from pydantic import Field

from kled.errors import NotApproved
from kled.kops import areas
from kled.models.agreement import AUTOMATIC, NO_AREA, NO_RULES, Agreement
from kled.models.blast_radius import BlastRadius
from kled.models.plan import Plan
from kled.rules import Rules
from tasks import asking, notifications, plans, resources
from tasks.markdown import inline

PATIENCE: Final = 3600
"""Seconds that a run waits with its process alive; longer decisions use two runs, by the digest."""
_DIGITS: Final = 12
_NOBODY: Final = {"cluster": "(nobody answered in time)", "digest": ""}


class PlanApproval(RunInput):
    """What the approver types in Prefect's UI."""

    cluster: str = Field(description="The name of the cluster, once more.")
    digest: str = Field(description="The first 12 digits of the plan's digest.")


def obtain(
    plan: Plan, radius: BlastRadius | None, *, approved: str | None, patience: int = PATIENCE
) -> Agreement:
    """Return why the plan with that digest may be applied.

    `approved` is a digest that the starter gave: it is checked again under the lease. Else the run
    pauses, without the lease, where the rules ask for it (`[approval]` of the settings file).
    Raises `NotApproved` for a wrong answer, at the time-out, and where nobody can be asked: a run
    without a Prefect server of its own.
    """
    if approved is not None:
        return Agreement("digest", approved)
    rules = resources.rules()
    asked = areas.touched(plan, rules.asks_for(plan.cluster))
    if not asked:
        return Agreement("unasked", plan.digest, _unasked(rules, plan.cluster))
    reasons = "; ".join(f"{area}: {', '.join(names[:3])}" for area, names in asked.items())
    how = f"run it again with digest={plan.digest[:_DIGITS]} to approve this very plan"
    if PREFECT_API_URL.value() is None:
        raise NotApproved(f"the plan needs an approval ({reasons})", hint=how)
    notifications.notify(
        "approval-needed",
        f"{plan.cluster}: a plan waits for approval",
        f"{plan.summary}; {reasons}; digest {plan.digest[:_DIGITS]}",
    )
    why = resources.redactor(resources.settings()).text(inline(reasons))
    words = f"{plans.redacted(plan, radius)}\nAsked because of {why}.\n"
    question = PlanApproval.with_initial_data(description=words, cluster="", digest="")
    try:
        answer = asking.ask(question, nobody=_NOBODY, patience=patience)
    except FlowPauseTimeout:
        answer = None
    if answer is None:
        raise NotApproved(f"nobody approved the plan in {patience / 60:g} minutes", hint=how)
    return _checked(plan, answer, how, reasons)


def _unasked(rules: Rules, cluster: str) -> str:
    if not rules.approval.configured:
        return NO_RULES
    return NO_AREA if rules.asks_for(cluster) else AUTOMATIC


def _checked(plan: Plan, answer: PlanApproval, how: str, reasons: str) -> Agreement:
    if answer.cluster.strip() != plan.cluster:
        raise NotApproved(f'the approval names "{answer.cluster}", not "{plan.cluster}"', hint=how)
    typed = answer.digest.strip().lower()
    if len(typed) < _DIGITS or not plan.digest.startswith(typed):
        raise NotApproved(
            f"the approval is for {typed[:_DIGITS]!r}, not {plan.digest[:_DIGITS]}", hint=how
        )
    return Agreement("given", plan.digest, reasons, how="in Prefect's form")
