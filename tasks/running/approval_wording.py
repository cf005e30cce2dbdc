"""What people are told of a plan that waits: lines for logs and messages, words above a form."""

from datetime import timedelta
from typing import Final

from kled.models.plan_changes import describe
from kled.models.question import DIGITS, Question
from kled.sentences import duration, enumerated
from tasks.running import plans, resources
from tasks.running.markdown import inline

_SHOWN: Final = 5
"""Changes that a line names."""


def lines(question: Question, run: str, url: str | None, left: timedelta) -> tuple[str, ...]:
    """Say what waits, why, until when, where it is and how it is answered: a line each.

    `left` is how long that is from now on.
    """
    plan = question.plan
    return (
        *((f"the last answer was not taken: {question.refused}",) if question.refused else ()),
        (
            f"{question.what} of {question.cluster} waits for an approval until"
            f" {question.deadline}, {duration(left)} from now;"
            f" plan {question.digest[:DIGITS]}: {plan.summary}"
        ),
        *substance(question),
        f"it was started by {question.started_by}",
        f"look and answer: kled approve {url or run}",
        *((f"or in Prefect, by its button Resume: {url}",) if url else ()),
    )


def substance(question: Question) -> tuple[str, ...]:
    """Say from what to what it would change, what that touches, and which rule asks."""
    changes = [describe(change) for change in question.plan.changes]
    touches = "; ".join(f"{about}: {effect}" for about, effect in question.touches)
    return (
        f"it would {enumerated(changes, _SHOWN)}",
        *((f"it touches {touches}",) if touches else ()),
        f"asked because [approval] of the rules needs one for {question.why}",
    )


def above_the_form(question: Question) -> str:
    """Return what a person reads in Prefect before they answer, as markdown: the changes first.

    Prefect gives it a small window that scrolls, so what is untouched is left out.
    """
    redact = resources.redactor(resources.settings()).text
    refused = f"**The last answer was not taken**: {inline(question.refused)}."
    head = (
        f"**{inline(question.what)} of {inline(question.cluster)}** would change"
        f" ({inline(question.plan.summary)}):"
    )
    touches = [f"- {inline(about)}: {inline(effect)}" for about, effect in question.touches]
    return "\n".join(
        [
            *([refused, ""] if question.refused else ()),
            head,
            "",
            *plans.as_markdown_list(question.plan, redact),
            "",
            *(["It touches:", "", *touches, ""] if touches else ()),
            f"Asked because of {inline(question.why)}. Started by {inline(question.started_by)}.",
            "",
            f"It waits until {question.deadline}. Without an answer nothing is changed.",
        ]
    )
