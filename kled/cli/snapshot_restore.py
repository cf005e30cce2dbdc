"""`kled snapshot restore|diff`."""

import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from kled.cli.counting import counting
from kled.cli.leaf import Call, leaf
from kled.cli.meant import asked
from kled.cli.output import Column, show, show_value
from kled.cli.snapshot import size
from kled.errors import ClusterNotFound
from kled.operations import restore_state as use
from kled.operations import stores
from kled.operations.guard import check_epoch
from kled.operations.protection import require_confirmation
from kled.operations.snapshots import back_up
from kled.snapshot.progress import Quiet

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotStore

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
    mutates=True,
    snapshots=True,
)
@click.option("--name", metavar="CLUSTER", required=True, help="The cluster.")
@click.option("--snapshot", metavar="ID", required=True, help="The snapshot, or `latest`.")
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
    "--with-control",
    is_flag=True,
    help="Also etcd-manager's two markers: for a state store that a living cluster lost.",
)
@click.option("--delete-extra", is_flag=True, help="Delete what the snapshot does not have.")
@click.option("--yes", is_flag=True, help="Do it.")
@click.option(
    "--confirm", metavar="CLUSTER", help="The name once more; a protected cluster needs it."
)
def restore(  # noqa: PLR0913 - what, where to, and how much
    call: Call,
    *,
    name: str,
    snapshot: str,
    to: str | None,
    prefix: str | None,
    classes: tuple[str, ...],
    confirm: str | None,
    with_control: bool,
    delete_extra: bool,
    yes: bool,
) -> None:
    """Show what a restore would write; with --yes write it, after every byte was proved.

    Nothing is deleted unless --delete-extra says so; what is there already is left as it is, so an
    interrupted restore goes on where it stopped.
    """
    kept = stores.snapshot_store(call.settings, call.clock)
    wish = use.Wish(
        cluster=name,
        snapshot=snapshot,
        to=to,
        prefix=prefix,
        classes=classes or CLASSES,
        with_control=with_control,
        delete_extra=delete_extra,
    )
    wish = use.settled(kept, wish)
    if not yes and confirm is None:
        plan = use.plan(call.settings, kept, wish, call.clock)
        _show_plan(call, plan)
        why = use.protection_of(call.settings, plan)
        more = f" --confirm={name}" if why else ""
        call.say(f"preview only; restore it with: --yes{more}")
        return
    with use.lease(call.settings, wish, call.who(), call.clock) as held:
        if to is None and call.who().epoch_checked:
            check_epoch(call.settings, call.clock, name)
        plan = use.plan(call.settings, kept, wish, call.clock)
        why = use.protection_of(call.settings, plan)
        meant = confirm or (asked(name, why, "restore it") if why else None)
        require_confirmation(name, why, meant)
        if to is None and prefix is None and call.who().snapshot_first:
            _snapshot_first(call, name)
            plan = use.plan(call.settings, kept, wish, call.clock)
        if held is not None:
            held.check()
        with counting(sys.stderr, "restore") as progress:
            report = use.apply(call.settings, kept, wish, plan, call.clock, progress)
    if call.settings.output == "table":
        rows = [{"what": what, "number": number} for what, number in report.as_json().items()]
        show(rows, (Column("WHAT", "what"), Column("NUMBER", "number")), "table")
    else:
        show_value(
            {**report.as_json(), "snapshot": plan.manifest.id, "target": plan.target},
            call.settings.output,
        )
    call.say(
        f"next: kled kops update-cluster --name={prefix or name}"
        "      # must show no new Keypair before you apply it"
    )


@leaf(
    "diff",
    examples=(
        "kled snapshot diff --name=c.example.com latest live",
        "kled snapshot diff --name=c.example.com 20261125T034149Z-a1b2c3d4 latest --output=json",
    ),
    snapshots=True,
)
@click.option("--name", metavar="CLUSTER", required=True, help="The cluster.")
@click.argument("before")
@click.argument("after")
def diff(call: Call, name: str, before: str, after: str) -> None:
    """Compare two snapshots, or one with `live`: fields, groups, keys, secrets, versions.

    Secrets are compared by fingerprints, never shown.
    """
    from kled.snapshot.diff import diff as compare  # noqa: PLC0415 - not for --help
    from kled.snapshot.views import fingerprint_key  # noqa: PLC0415

    kept = stores.snapshot_store(call.settings, call.clock)
    key = fingerprint_key(call.settings.snapshot_profile.identity, os.urandom(32))
    changes = compare(_view(call, kept, name, before, key), _view(call, kept, name, after, key))
    if call.settings.output == "table":
        for one in changes:
            click.echo(one.line())
        call.say("nothing differs" if not changes else f"{len(changes)} differences")
    else:
        rows = [one.as_json() for one in changes]
        document = {"cluster": name, "before": before, "after": after, "changes": rows}
        show_value(document, call.settings.output)


def _snapshot_first(call: Call, name: str) -> None:
    """Keep what is there now: the way back from a restore."""
    done = back_up(call.settings, [name], clock=call.clock, progress=Quiet()).clusters[0]
    if isinstance(done.error, ClusterNotFound):
        return
    if done.error is not None:
        raise done.error
    call.say(f"what is there now is kept in snapshot {done.snapshot}")


def _view(call: Call, kept: "SnapshotStore", name: str, which: str, key: bytes) -> Any:  # noqa: ANN401
    from kled.snapshot.choosing import choose  # noqa: PLC0415
    from kled.snapshot.views import LIVE, of_live, of_snapshot  # noqa: PLC0415

    if which == LIVE:
        return of_live(stores.state_store(call.settings, call.clock), name, key)
    return of_snapshot(kept, kept.manifest(choose(kept, name, which)), key)


def _show_plan(call: Call, plan: Any) -> None:  # noqa: ANN401 - a RestorePlan, imported late
    document = plan.as_json()
    if call.settings.output != "table":
        show_value(document, call.settings.output)
        return
    rows = [{**one, "size": size(one["size"])} for one in document["writes"]]
    rows += [{"action": "delete", "class": "", "size": "", "key": key} for key in plan.deletes]
    show(rows[:_SHOWN], _WRITES, "table")
    if len(rows) > _SHOWN:
        call.say(f"and {len(rows) - _SHOWN} more; --output=json shows all")
    call.say(
        f"plan {plan.digest[:12]}: {len(plan.writes)} objects ({size(plan.size)}) into"
        f" {plan.target}/{plan.prefix}, {len(plan.same)} are there already,"
        f" {len(plan.deletes)} would be deleted"
    )
