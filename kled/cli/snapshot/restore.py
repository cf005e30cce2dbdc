"""`kled snapshot restore`."""

from typing import Any, Final

import click

from kled.cli.frame import cluster_name, parameters
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute_to_end
from kled.cli.frame.names import ask_for_name, can_ask
from kled.cli.snapshot.columns import size
from kled.cli.terminal.output import Column, show, show_value
from kled.errors import KledError
from kled.models.plan import refusal_as_json
from kled.operations.recovery import after_restore
from kled.operations.recovery import restore_state as use
from kled.operations.recovery.restorable import require_readable, require_trusted
from kled.operations.recovery.restore_approval import protection_of
from kled.operations.snapshots.plan_snapshots import refusal
from kled.sentences import and_more, number

_WRITES: Final = (
    Column("ACTION", "action"),
    Column("CLASS", "class"),
    Column("SIZE", "size"),
    Column("KEY", "key"),
)


_SHOWN: Final = 40


CLASSES: Final = ("identity", "intent", "derived", "etcd-backup")


@leaf(
    "restore",
    examples=(
        "kled snapshot restore --name=c.example.com --snapshot=latest",
        "kled snapshot restore --name=c.example.com --snapshot=latest --yes",
        "kled snapshot restore --name=c.example.com --snapshot=latest --to=s3://dr-store --yes",
    ),
    guards=use.RESTORES,
    snapshots=True,
)
@cluster_name.required()
@click.option(
    "--snapshot",
    metavar="ID",
    required=True,
    help="The snapshot's id, or `latest`: the newest that can be trusted.",
)
@click.option(
    "--untrusted", is_flag=True, help="Restore the named snapshot though it cannot be trusted."
)
@click.option(
    "--of-state-store",
    "of",
    metavar="URL",
    help="The state store that the snapshot is of, where the cluster was moved from there to here.",
)
@click.option("--to", metavar="URL", help="State store to restore into [default: the configured].")
@click.option("--as", "prefix", metavar="PREFIX", help="Place in that store [default: the name].")
@click.option(
    "--class",
    "classes",
    type=click.Choice(CLASSES),
    multiple=True,
    help="Restore only this class; repeatable [default: all].",
)
@click.option(
    "--instance-group",
    "groups",
    metavar="GROUP",
    multiple=True,
    help="Restore only the definition of this instance group; repeatable.",
)
@click.option(
    "--with-control",
    is_flag=True,
    help="Also etcd-manager's two markers: for a state store that a living cluster lost.",
)
@click.option(
    "--delete-extra",
    is_flag=True,
    help="Delete what the snapshot does not have, but for keysets and secrets (--new-identity).",
)
@click.option(
    "--raise-epoch",
    is_flag=True,
    help="Afterwards the cluster lives in the store that was restored into.",
)
@click.option(
    "--rewrite-places",
    is_flag=True,
    help="Let the definition name the place that is restored into, where it names the old one.",
)
@click.option(
    "--digest",
    metavar="HEX",
    callback=parameters.digest,
    help="Restore only what a preview showed.",
)
@click.option("--yes", is_flag=True, help="Do it.")
@click.option(
    "--confirm", metavar="CLUSTER", help="The name once more; a protected cluster needs it."
)
def restore(  # noqa: PLR0913 - what, where to, and how much
    call: Call,
    *,
    name: str,
    snapshot: str,
    of: str | None,
    to: str | None,
    prefix: str | None,
    classes: tuple[str, ...],
    groups: tuple[str, ...],
    confirm: str | None,
    digest: str | None,
    with_control: bool,
    delete_extra: bool,
    raise_epoch: bool,
    rewrite_places: bool,
    untrusted: bool,
    yes: bool,
) -> None:
    """Show what a restore would write; with --yes write it, after every byte was proved.

    Nothing is deleted unless --delete-extra says so; what is there already is left as it is, so an
    interrupted restore goes on where it stopped.
    """
    wish = use.Wish(
        cluster=name,
        snapshot=snapshot,
        to=to,
        prefix=prefix,
        classes=classes or CLASSES,
        groups=groups,
        with_control=with_control,
        delete_extra=delete_extra,
        untrusted=untrusted,
        of=of,
        rewrite_places=rewrite_places,
    )
    meant = use.settle(call.stores, wish, moves=raise_epoch)
    for warning in meant.passed_over:
        call.say(f"warning: {warning}")
    if not yes and confirm is None:
        _preview(call, meant, raises=raise_epoch, digest=digest)
        return
    require_trusted(meant)
    confirm = confirm or _asked(call, meant.wish)
    operation = use.RestoreState(meant.wish, confirm, digest, raise_epoch)
    report = execute_to_end(call, operation)
    if report.result is not None:
        _show_restored(call, report.result.as_json())
    restored = report.require().result
    if restored.names_old_place:
        call.say("next: the same command with --rewrite-places: the definition names the old place")
    elif meant.wish.place.cluster == name:
        call.say(
            *restored.agreed.taken_out,
            *after_restore.next_commands(call.stores, restored.agreed.wish),
        )


def _preview(call: Call, meant: use.Settled, *, raises: bool, digest: str | None) -> None:
    """Show the plan, and end as the restore would: exit 4 for an untrusted snapshot."""
    require_readable(meant)
    plan = use.plan(call.stores, meant.wish)
    with call.session(with_kops=False) as session:
        error = refusal(session, meant, moves=raises, digest=digest, now=True)
    _show_plan(call, plan, meant, error)
    call.say(*meant.looked_at(call.stores, plan).taken_out)
    for reason in () if meant.foreign else meant.trust.reasons:
        call.say(f"warning: {meant.wish.snapshot} cannot be trusted: {reason}")
    if error is not None:
        raise error
    protected = protection_of(call.settings, plan)
    again = call.typed.again(
        "snapshot restore",
        yes=True,
        untrusted=bool(meant.trust.reasons),
        confirm=meant.wish.place.cluster if protected else None,
        digest=plan.digest[:12],
    )
    call.say(f"preview only; restore just that with: {again}")


def _asked(call: Call, wish: use.Wish) -> str | None:
    """Ask a person for the name of a protected cluster; None where nobody can be asked."""
    if not can_ask():
        return None
    why = protection_of(call.settings, use.plan(call.stores, wish))
    return ask_for_name(wish.cluster, why, "restore it") if why else None


def _show_restored(call: Call, report: dict[str, Any]) -> None:
    if call.settings.output == "table":  # which places were rewritten is said by the steps
        told = [(what, number) for what, number in report.items() if type(number) in {int, str}]
        rows = [{"what": what, "number": number} for what, number in told]
        show(rows, (Column("WHAT", "what"), Column("NUMBER", "number")), "table")
    else:
        show_value(report, call.settings.output)


def _show_plan(
    call: Call,
    plan: Any,  # noqa: ANN401 - a RestorePlan
    meant: use.Settled,
    error: KledError | None,
) -> None:
    worth = {**meant.trust.as_json(), "passed_over": list(meant.passed_over)}
    document = {**plan.as_json(), **worth, **refusal_as_json(error)}
    if call.settings.output != "table":
        show_value(document, call.settings.output)
        return
    rows = [{**write, "size": size(write["size"])} for write in document["writes"]]
    rows += [{"action": "delete", "class": "", "size": "", "key": key} for key in plan.deletes]
    show(rows[:_SHOWN], _WRITES, "table")
    if len(rows) > _SHOWN:
        call.say(f"{and_more(len(rows), _SHOWN, before='')}; --output=json shows all")
    call.say(
        f"plan {plan.digest[:12]}: {number(len(plan.writes), 'object')} ({size(plan.size)}) into"
        f" {plan.target}/{plan.prefix}, {len(plan.same)} are there already,"
        f" {len(plan.deletes)} would be deleted"
    )
    call.say(*plan.moving.remarks())
