"""`kled recover plan`: which case a loss is, and what to type, for somebody at 3 a.m."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal import streams, typed_places
from kled.cli.terminal.output import show_value
from kled.kops.state_store.layout import require_cluster_name
from kled.operations.recovery.plan_recovery import PlanRecovery
from kled.operations.runner import run
from kled.sentences import duration

if TYPE_CHECKING:
    from kled.recovery.facts import Case
    from kled.recovery.plan.recovery_plan import RecoveryPlan
    from kled.recovery.plan.recovery_step import RecoveryStep

PLANNED: Final = 3
_NO_SOURCE: Final = 4
_UNTOLD: Final = 1
_SAYS: Final = {
    PLANNED: "a recovery is planned; nothing was changed",
    _NO_SOURCE: "kled: there is nothing to put the state back from; nothing was changed",
    _UNTOLD: "kled: what decides is not known, or the cluster lives elsewhere: find that out first,"
    " or say which case it is with --case; nothing was changed",
}
_SAID: Final = (
    "nothing-lost",
    "state-lost",
    "control-plane-lost",
    "region-lost",
    "deleted",
    "several",
)


@leaf(
    "plan",
    examples=(
        "kled recover plan --name=c.example.com",
        "kled recover plan --name=c.example.com --to=s3://new-store",
        "kled recover plan --name=c.example.com --output=json",
    ),
    snapshots=True,
)
@cluster_name.required()
@click.option(
    "--to",
    metavar="URL",
    help="Another state store, of the same kind, that it is to live in from now on.",
)
@click.option(
    "--case",
    type=click.Choice(_SAID),
    help="Which case it is, where you know what cannot be told from here.",
)
def plan(call: Call, name: str, to: str | None, case: "Case | None") -> int:
    """Look at what is left of a cluster, say which case it is, and what leads back.

    Changes nothing, and works with whatever is left: without kops, state store, Prefect server or
    the identity of an encrypted snapshot it says what cannot be told. Exit 0: nothing is lost; 3: a
    recovery is planned; 4: no snapshot can be trusted, and there is nothing else to recover from;
    1: the case could not be told.
    """
    wish = PlanRecovery(require_cluster_name(name), to, case)
    with call.session(with_kops=False) as session:
        made = run(wish, session).result
    if call.settings.output != "table":
        show_value(made.as_json(), call.settings.output)
    else:
        streams.out().say(*map(typed_places.complete, _lines(made)))
    code = exit_code(made)
    if code in _SAYS:
        call.say(_SAYS[code])
    return code


def exit_code(made: "RecoveryPlan") -> int:
    """Return what the command ends with."""
    if made.diagnosis.case == "nothing-lost":
        return 0
    if made.stuck:
        return _NO_SOURCE
    return PLANNED if made.is_planned else _UNTOLD


def _lines(made: "RecoveryPlan") -> Iterator[str]:
    diagnosis = made.diagnosis
    yield diagnosis.sentence
    yield from _listed("why", diagnosis.reasons)
    yield from _listed("what speaks against it, and is to be looked at first", diagnosis.against)
    unknown = (
        f"{each.what}{' (decides)' if each.decides else ''}: {each.because}"
        + (f"; {each.hint}" if each.hint else "")
        for each in diagnosis.unknown
    )
    yield from _listed("what is not known", tuple(unknown))
    if made.stuck:
        yield from _listed("nothing to restore the state from", (made.stuck,))
    if made.steps:
        yield from ("", f"what to do, in this order (plan {made.digest[:12]})")
    for number, step in enumerate(made.steps, 1):
        yield from _step(number, step)
    yield from _listed("what else there is", made.remarks)
    told = (f"{each.etcd}: {each.why}" for each in made.backups)
    yield from _listed("which etcd backups, and why", tuple(told))
    yield from _listed("what is lost", tuple(_losses(made)))
    if made.steps:
        yield from ("", f"how long it takes: {made.estimate}")


def _listed(heading: str, lines: tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield from ("", heading, *(f"  - {line}" for line in lines))


def _step(number: int, step: "RecoveryStep") -> Iterator[str]:
    by_hand = "" if step.by == "kled" else " (by hand)"
    yield f"{number:3}. {step.name}{by_hand}"
    if step.command:
        yield f"     {step.command}"
    if step.detail:
        yield f"     {step.detail}"
    if step.attachment:
        yield f"     {step.attachment}"


def _losses(made: "RecoveryPlan") -> Iterator[str]:
    for loss in made.losses:
        known = loss.seconds is not None
        ago = f" ({duration(timedelta(seconds=round(loss.seconds or 0)))} ago)" if known else ""
        yield f"{loss.what}{ago}"
