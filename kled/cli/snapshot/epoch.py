"""`kled snapshot epoch show|raise`."""

import click

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.terminal.output import Column, show, show_value
from kled.errors import SnapshotMissing
from kled.operations.preview import foreseen
from kled.operations.recovery.raise_epoch import RAISES, RaiseEpoch
from kled.operations.stores import require_state_store

_EPOCH = (
    Column("CLUSTER", "cluster"),
    Column("EPOCH", "number"),
    Column("STATE STORE", "state_store"),
    Column("REMARK", "remark"),
)
_NAME = cluster_name.required()


@leaf("show", examples=("kled snapshot epoch show --name=c.example.com",), snapshots=True)
@_NAME
def show_(call: Call, name: str) -> None:
    """Show which state store a cluster lives in; every change of it asks that."""
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help

    known = epoch.read(call.stores.snapshots, name)
    if known is None:
        raise SnapshotMissing(
            f'cluster "{name}" has no epoch in {call.stores.snapshots.url}',
            hint="its first change with kled writes one",
        )
    remark = "deleted" if known.vacant else "its deletion has begun" if known.ends else ""
    remark = remark or ("unregistered; its machines run on" if known.unregistered else "")
    row = {
        "cluster": name,
        "number": known.number,
        "state_store": known.state_store,
        "remark": remark,
    }
    if call.settings.output == "table":
        show([row], _EPOCH, "table")
    else:
        show_value(row, call.settings.output)


@leaf(
    "raise",
    examples=(
        "kled snapshot epoch raise --name=c.example.com --state=s3://new-store",
        "kled snapshot epoch raise --name=c.example.com --state=s3://new-store --yes",
    ),
    guards=RAISES,
    snapshots=True,
)
@_NAME
@click.option(
    "--snapshot",
    metavar="ID",
    default="latest",
    help="Whose keysets and secrets the state store must have [default: latest, the newest"
    " trusted].",
)
@click.option(
    "--former",
    metavar="URL",
    help="The state store that it lived in until now: nobody is to use it any more, though it may"
    " have the cluster still, and a definition that names it is written with this one.",
)
@click.option("--yes", is_flag=True, help="Do it.")
def raise_(call: Call, name: str, snapshot: str, former: str | None, *, yes: bool) -> None:
    """Say that a cluster lives in this state store from now on; with --yes do it.

    The old store refuses itself then. It is done only where this one has the definition and every
    keyset and secret of the snapshot.
    """
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help

    here, raising = require_state_store(call.settings), RaiseEpoch(name, snapshot, former=former)
    if not yes:
        known = epoch.read(call.stores.snapshots, name)
        old = known.state_store or "nowhere" if known is not None else "nowhere yet"
        call.say(f'cluster "{name}" lives in: {old} -> {here}')
        with call.session(with_kops=RAISES.needs_kops) as session:
            error = foreseen.refusal(session, raising)
        if error is not None:
            raise error
        again = call.typed.again("snapshot epoch raise", name=name, yes=True)
        call.say(f"preview only; raise it with: {again}")
        return
    execute(call, raising, then=f"kled kops update-cluster --name={name}")
