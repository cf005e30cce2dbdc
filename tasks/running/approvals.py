"""Approvals in flows: who agrees to a plan is asked in Prefect, and told where and until when."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from prefect.exceptions import FlowPauseTimeout
from prefect.runtime import deployment, flow_run
from prefect.settings import PREFECT_API_URL
from prefect.utilities.urls import url_for
from pydantic import ValidationError

from kled.errors import NotApproved
from kled.kops.facts import plan_areas
from kled.models.agreement import AUTOMATIC, NO_AREA, NO_RULES, Agreement
from kled.models.blast_radius import ROLLS, BlastRadius
from kled.models.plan import Plan
from kled.models.question import DIGITS, Question, without_secrets
from kled.operations.acting import person
from kled.rules import Area, Rules
from kled.sentences import duration, enumerated, options, word
from tasks.running import (
    approval_form,
    approval_wait,
    approval_wording,
    marks,
    notifications,
    resources,
)

logger = logging.getLogger("kled.approvals")

PATIENCE: Final = 3600
"""Seconds that a run waits with its process alive; longer decisions use two runs, by the digest."""
MISTAKES: Final = 5
"""Answers that are not taken before the run gives up."""
_NOTHING: Final = frozenset({"none", "no roll"})


def obtain(
    plan: Plan,
    radius: BlastRadius | None,
    *,
    approved: str | None,
    rolls: bool | None = None,
    patience: int = PATIENCE,
) -> Agreement:
    """Return why the plan with that digest may be applied.

    `rolls` says whether the run replaces the machines that need it, too; None: it is a plan of
    that, or has none.

    `approved` is a digest that the starter gave: it is checked again under the lease. Else the run
    pauses, without the lease, where the rules ask for it (`[approval]` of the settings file), until
    `patience` seconds are over. An answer about something else is refused, and the question asked
    again. Raises `NotApproved` where the plan is rejected, after `MISTAKES` such answers, at the
    time-out, and where nobody can be asked: a run without a Prefect server of its own.
    """
    if approved is not None:
        return Agreement("digest", approved)
    rules = resources.rules()
    asked = plan_areas.touched(plan, rules.asks_for(plan.cluster))
    if not asked:
        return Agreement("unasked", plan.digest, _unasked(rules, plan.cluster))
    question = replace(_question(plan, radius, asked, patience), rolls=rolls)
    question = replace(question, touches=tuple(describe_touches(question)))
    how = f"run it again with digest={plan.digest[:DIGITS]} to approve this very plan"
    if PREFECT_API_URL.value() is None or flow_run.id is None:
        raise NotApproved(f"the plan needs an approval ({question.why})", hint=how)
    return settle(question, patience, _ask, how)


def announce(plan: Plan, radius: BlastRadius | None) -> tuple[str, ...]:
    """Return what to type to apply an update's plan that no run waits with; none where it is empty.

    People are told of it where the rules ask about it, each time that this is called.
    """
    if plan.is_empty:
        return ()
    option = f" {options(deployment=deployment.name)}" if deployment.name else ""
    apply = (
        f"kled run update-cluster name={word(plan.cluster)} digest={plan.digest[:DIGITS]}{option}"
        " --yes"
    )
    asked = plan_areas.touched(plan, resources.rules().asks_for(plan.cluster))
    if asked:
        question = _question(plan, radius, asked, 0)
        told = (
            (
                f"an update of {plan.cluster} waits for an approval;"
                f" plan {plan.digest[:DIGITS]}: {plan.summary}"
            ),
            *approval_wording.substance(question),
            f"approve and apply it: {apply}",
            "this is said again by each run of plan-update, until it is applied",
        )
        for line in told:
            logger.warning("%s", line)
        title = f"{plan.cluster}: a plan waits for an approval"
        notifications.notify("approval-needed", title, *told)
    return (apply,)


def settle(
    question: Question,
    patience: float,
    ask: Callable[[Question, float], approval_form.PlanApproval | None],
    how: str,
    monotonic: Callable[[], float] = time.monotonic,
) -> Agreement:
    """Return what somebody agrees to; `ask` asks a question once, within the seconds it is given.

    It raises `ValidationError` for an answer that is none. Raises `NotApproved` as `obtain` does;
    `how` is its hint.
    """
    give_up = monotonic() + patience
    for _ in range(MISTAKES):
        left = give_up - monotonic()
        try:
            answer = ask(question, left) if left > 0 else None
            if answer is None:
                waited = duration(timedelta(seconds=patience))
                raise NotApproved(f"nobody approved the plan in {waited}", hint=how)
            return approval_form.agreement_of(question, answer)
        except approval_form.Mistaken as mistake:
            question = replace(question, refused=str(mistake))
        except ValidationError as error:
            fields = enumerated(
                [str(problem["loc"][0]) for problem in error.errors() if problem["loc"]], 3
            )
            question = replace(question, refused=f"the answer is none to the form: {fields}")
        logger.warning("not taken: %s; it is asked again", question.refused)
    raise NotApproved(f"{MISTAKES} answers were mistaken, the last: {question.refused}", hint=how)


def describe_touches(question: Question) -> Iterator[tuple[str, str]]:
    """Yield what the plan touches, with whether machines are replaced by this very run."""
    for about, effect in question.touches:
        if about == ROLLS and question.rolls is not None:
            now = "replaced by this run"
            roll = f"kled kops rolling-update {options(name=question.cluster, yes=True)}"
            later = resources.complete(f"not by this run: {roll} replaces them")
            yield about, f"{effect}; {now if question.rolls else later}"
        else:
            yield about, effect


def _unasked(rules: Rules, cluster: str) -> str:
    if not rules.approval.configured:
        return NO_RULES
    return NO_AREA if rules.asks_for(cluster) else AUTOMATIC


def _question(
    plan: Plan, radius: BlastRadius | None, asked: dict[Area, tuple[str, ...]], patience: int
) -> Question:
    redact = resources.redactor(resources.settings()).text
    touches = radius.rows() if radius else ()
    return Question(
        str(flow_run.flow_name),
        without_secrets(plan, redact),
        plan.digest,
        tuple((about, redact(effect)) for about, effect in touches if effect not in _NOTHING),
        {area: tuple(map(redact, names)) for area, names in asked.items()},
        datetime.now(UTC) + timedelta(seconds=patience),
        starter=redact(marks.starter(person() if resources.is_displayed() else "")),
    )


def _ask(question: Question, left: float) -> approval_form.PlanApproval | None:
    """Tell everybody whom it concerns, and ask once."""
    url, minutes = url_for("flow-run", flow_run.id), timedelta(minutes=max(1, round(left / 60)))
    told = approval_wording.lines(question, str(flow_run.id), url, minutes)
    for line in told:
        logger.warning("%s", line)
    resources.watching().waits("an approval", told)
    again = " again: the last answer was not taken" if question.refused else ""
    notifications.notify(
        "approval-needed",
        f"{question.cluster}: {question.operation} waits for an approval{again}",
        *told,
    )
    form = approval_form.form_for(question, approval_wording.above_the_form(question))
    try:
        return approval_wait.ask(
            form, question.as_json(), nobody=approval_form.answer_of_nobody(question), patience=left
        )
    except FlowPauseTimeout:
        return None
