"""`kled approve`: lists the runs that wait for an approval, and answers one from a terminal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

import click

from kled.cli.flows import waiting_runs
from kled.cli.flows.waiting_runs import Runs, WaitingRun
from kled.cli.frame import parameters
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal import streams
from kled.cli.terminal.output import Column, show, show_value
from kled.cli.terminal.plan import show_plan
from kled.errors import InvalidInput, NotApproved
from kled.models.question import DIGITS
from kled.sentences import duration

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

_ATTEMPTS: Final = 3
_BY_ADDRESS: Final = "; or name the run by its address: kled approve http://.../runs/flow-run/..."
_WAITING: Final = (
    Column("RUN", "short"),
    Column("CLUSTER", "cluster"),
    Column("WHAT", "what"),
    Column("PLAN", "summary"),
    Column("WAITS UNTIL", "deadline"),
    Column("STARTED BY", "started_by"),
    Column("BECAUSE OF", "areas"),
)
_TOUCHES: Final = (Column("IT TOUCHES", "about"), Column("WHAT", "words"))


@leaf(
    "approve",
    examples=(
        "kled approve",
        "kled approve 3f0c1c1e",
        "kled approve 3f0c1c1e --confirm=prod.example.com --digest=0b5a6a4f9c1e",
        "kled approve 3f0c1c1e --follow",
        'kled approve 3f0c1c1e --reject --reason="not on a Friday"',
    ),
    again=("a run that still waits was not answered: kled approve lists those",),
)
@click.argument("run", required=False)
@click.option(
    "--confirm", metavar="CLUSTER", help="The cluster's name; off a terminal it is needed."
)
@click.option(
    "--digest",
    metavar="HEX",
    callback=parameters.digest,
    help="Of the plan that is meant; off a terminal it is needed.",
)
@click.option("--reject", is_flag=True, help="Refuse the plan: the run ends, nothing is changed.")
@click.option("--reason", metavar="WORDS", help="Why; for the record of the run.")
@click.option("--follow", is_flag=True, help="Then follow the run to its end, and exit as it ends.")
def approve(  # noqa: PLR0913 - one parameter per option
    call: Call,
    run: str | None,
    confirm: str | None,
    digest: str | None,
    *,
    reject: bool,
    reason: str | None,
    follow: bool,
) -> int:
    """Show the plan that a run on a worker waits with, and approve it, or reject it.

    RUN is the flow run's id, the beginning of it, its name, or its address in Prefect; without it
    all that wait are listed. The record of the run names you as this machine does: a claim.
    """
    from kled.cli.flows import here, there  # noqa: PLC0415 - not for --help

    if follow and run is None:
        raise InvalidInput("--follow", "is for one run", hint="kled approve lists what waits")
    if run is not None and (api := waiting_runs.api_of(run)) is not None:
        there.speak_to(api)
    there.require_server(_BY_ADDRESS)
    here.quiet_prefect(verbose=call.verbose)
    with there.server(_BY_ADDRESS) as client:
        runs = waiting_runs.Server(client)
        if run is None:
            list_waiting(call, runs)
            return 0
        waiting = waiting_runs.find_meant(runs, run)
        given = partial(settle, call, runs, waiting, confirm, digest, reason, reject=reject)
        if follow:
            return answer_and_follow(call, client, waiting.run, partial(given, whole=False))
        call.say(given())
    return 0


def answer_and_follow(
    call: Call, client: "SyncPrefectClient", run: UUID, answer: Callable[[], str]
) -> int:
    """Answer a run, follow it to its end, and return its exit code.

    Lines from before the answer are left out, since the person has read them. Interrupted before
    the answer is sent, the run still waits; after it, the run goes on.
    """
    from kled.cli.flows import following, there  # noqa: PLC0415 - not for --help

    lines = following.FollowedLines(call, client, run)
    lines.pass_over()
    done = answer()
    again = f"it has its answer; to see how it goes: prefect flow-run logs {run}"
    return there.follow_to_end(call, client, lines, done, again)


def list_waiting(call: Call, runs: Runs) -> None:
    """List the waiting runs, those first that give up first."""
    waiting = runs.waiting()
    if call.settings.output != "table":
        show_value([run.as_json() for run in waiting], call.settings.output)
        return
    if not waiting:
        call.say("no run waits for an approval")
        return
    shorts = waiting_runs.shortest_prefixes(waiting)
    rows = [
        {
            **run.as_json(),
            "short": shorts[run.run],
            "what": run.question.what,
            "started_by": run.question.started_by,
            "deadline": _deadline(run),
            "areas": list(run.question.asked),
        }
        for run in waiting
    ]
    show(rows, _WAITING, "table")
    call.say(f"look and answer: kled approve {shorts[waiting[0].run]}")


def settle(  # noqa: PLR0913 - one parameter per option
    call: Call,
    runs: Runs,
    waiting: WaitingRun,
    confirm: str | None,
    digest: str | None,
    reason: str | None,
    *,
    reject: bool,
    whole: bool = True,
) -> str:
    """Show the plan that a run waits with, take a person's answer, and send it; say what was done.

    Unless `whole`, the document on stdout is left to a later command.

    Raises `NotApproved` for another cluster's name or another plan's digest, `InvalidInput` where
    nobody can be asked and an option is missing; nothing is sent then.
    """
    question = waiting.question
    if digest is not None and not question.digest.startswith(digest):
        raise NotApproved(
            f"the run waits with the plan {question.digest[:DIGITS]}, not {digest[:DIGITS]}",
            hint=f"look at it: {_again(call, waiting, confirm=False, digest=False)}",
        )
    if whole or call.settings.output == "table":
        _show(call, waiting)
    if reject:
        reason = reason or _asked_reason(call, waiting)
    else:
        _require_confirmed(call, waiting, confirm, digest)
    answer = {
        "cluster": question.cluster,
        "digest": question.digest,
        "approver": call.person,
        "reject": reject,
        "reason": reason or "",
        "how": "kled approve",
    }
    waiting_runs.answer(runs, waiting, answer, call.clock)
    done = (
        "rejected: the run ends, and nothing is changed" if reject else "approved: the run goes on"
    )
    return f"{done} ({waiting.name}, as {call.person})"


def _show(call: Call, waiting: WaitingRun) -> None:
    question = waiting.question
    if call.settings.output != "table":
        show_value(waiting.as_json(), call.settings.output)
        return
    if question.refused:
        call.say(f"the last answer was not taken: {question.refused}")
    call.say(
        f"{question.what} of {question.cluster} waits until {_deadline(waiting)}",
        f"it was started by {question.started_by}",
    )
    show_plan(call, question.plan)
    if question.touches:
        streams.out().say("")
        rows = [{"about": about, "words": effect} for about, effect in question.touches]
        show(rows, _TOUCHES, "table")
    call.say(
        f"asked because of {question.why}",
        f"the plan's digest: {question.digest[:DIGITS]}",
    )


def _require_confirmed(
    call: Call, waiting: WaitingRun, confirm: str | None, digest: str | None
) -> None:
    question = waiting.question
    cluster = question.cluster
    asks = streams.can_ask()
    if not asks and (confirm is None or digest is None):
        raise InvalidInput(
            "--confirm" if confirm is None else "--digest",
            "is needed where nobody can be asked",
            hint=_again(call, waiting, confirm=cluster, digest=question.digest[:DIGITS]),
        )
    if asks and confirm is None:
        call.say(f"to refuse it: {_again(call, waiting, reject=True)}")
    for _ in range(_ATTEMPTS):
        typed = confirm if confirm is not None else streams.ask(f"type {cluster} to approve it")
        if typed.strip() == cluster:
            return
        if confirm is not None or not typed.strip():
            break
        streams.err().say(f'that is "{typed.strip()}", not the cluster of this plan')
    raise NotApproved(
        f'the plan is for "{cluster}", which was not confirmed',
        hint=f"nothing was sent; the run still waits: {_again(call, waiting, confirm=False)}",
    )


def _again(call: Call, waiting: WaitingRun, **more: object) -> str:
    """Return the whole command that answers this run, with what was missing."""
    return replace(call.typed, arguments=(_named(call, waiting),)).again("approve", **more)


def _named(call: Call, waiting: WaitingRun) -> str:
    """Return how to name the run: by its address where that named the server, else by its id."""
    return next((word for word in call.typed.arguments if "://" in word), str(waiting.run))


def _asked_reason(call: Call, waiting: WaitingRun) -> str:
    if not streams.can_ask():
        hint = _again(call, waiting, reason="not on a Friday")
        raise InvalidInput("--reason", "is needed with --reject", hint=hint)
    return streams.ask("why is it rejected?")


def _deadline(waiting: WaitingRun) -> str:
    """Return when the run gives up, on this machine's clock, and how long that is from now."""
    until = waiting.question.until
    minutes = max(0, int((until - datetime.now(UTC)).total_seconds() // 60))
    left = f"in {duration(timedelta(minutes=minutes))}" if minutes else "at any moment"
    return f"{until.astimezone():%Y-%m-%d %H:%M %Z} ({left})"
