"""The form that asks about a plan in Prefect, and what an answer to it means."""

import re
from typing import Any, Final

from prefect.input import RunInput
from pydantic import ConfigDict, Field, create_model

from kled.errors import NotApproved
from kled.models.agreement import Agreement
from kled.models.question import DIGITS, Question

NOBODY: Final = "(nobody answered in time)"
_BY_COMMAND: Final = "kled approve"


def _requires_all(schema: dict[str, Any]) -> None:
    """Let the form ask for the digest although it stands there already."""
    schema["required"] = ["cluster", "digest", "approver"]


class PlanApproval(RunInput):
    """An answer; `kled approve` says in `how` that it gave it."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_requires_all)

    cluster: str
    digest: str
    approver: str = Field(
        min_length=1,
        title="Your name",
        description="For the record of the run. Nobody checks it.",
    )
    reject: bool = Field(
        default=False,
        title="Reject the plan",
        description="Switch it on to refuse the plan: the run ends, and nothing is changed.",
    )
    reason: str = Field(
        default="",
        title="Reason",
        description="For the record of the run, above all where the plan is rejected.",
    )


class Mistaken(Exception):
    """An answer that is for another cluster or plan, or nobody's; its text says so."""


def form_for(question: Question, description: str) -> type[PlanApproval]:
    """Return the form for one question, below `description`, which is markdown."""
    name = re.sub(r"([^\w-])", r"\\\1", question.cluster)
    asked: type[PlanApproval] = create_model(
        PlanApproval.__name__,
        __base__=PlanApproval,
        cluster=(
            str,
            Field(
                title="Name of the cluster",
                description=f"Type {question.cluster} to answer for this cluster.",
                pattern=f"^{name}$",  # a constant is a field that nobody can type in
            ),
        ),
        digest=(
            str,
            Field(
                default=question.digest[:DIGITS],
                title="Digest of the plan",
                description="Leave it as it is: your answer counts for this plan alone.",
                pattern=r"^[0-9a-f]{12,64}$",
            ),
        ),
    )
    return asked.with_initial_data(description=description)


def answer_of_nobody(question: Question) -> dict[str, Any]:
    """Return an answer to the form that no person gives: it changes nothing."""
    return {
        "cluster": question.cluster,
        "digest": question.digest[:DIGITS],
        "approver": NOBODY,
        "reject": True,
        "reason": NOBODY,
    }


def agreement_of(question: Question, answer: PlanApproval) -> Agreement:
    """Return what an answer agrees to.

    Raises `Mistaken` for an answer about something else, `NotApproved` for one that rejects.
    """
    if answer.cluster.strip() != question.cluster:
        raise Mistaken(f'the answer names "{answer.cluster}", not "{question.cluster}"')
    typed = answer.digest.strip().lower()
    if len(typed) < DIGITS or not question.digest.startswith(typed):
        raise Mistaken(
            f"the answer is for the plan {typed[:DIGITS]!r}, not {question.digest[:DIGITS]}"
        )
    who = answer.approver.strip()
    if not who:
        raise Mistaken("the answer has no name")
    by_command = (answer.model_extra or {}).get("how") == _BY_COMMAND
    by = f"{who} (claimed)"
    if answer.reject:
        why = f": {answer.reason.strip()}" if answer.reason.strip() else ""
        raise NotApproved(f"{by} rejected the plan {question.digest[:DIGITS]}{why}")
    how = f"by {_BY_COMMAND}" if by_command else "in Prefect's form"
    return Agreement("given", question.digest, question.why, by, how)
