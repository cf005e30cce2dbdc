"""`kled snapshot list`."""

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.snapshot.columns import LIST, rows_without_snapshot, snapshot_row
from kled.cli.terminal.output import show, show_value
from kled.operations.snapshots import list_snapshots


@leaf(
    "list",
    examples=("kled snapshot list", "kled snapshot list --name=c.example.com --output=json"),
    snapshots=True,
)
@cluster_name.name(cluster_name.ALL)
def list_(call: Call, name: str | None) -> None:
    """List snapshots with age, verified level and size, oldest first."""
    kept = call.stores.snapshots
    snapshots = list_snapshots.list_snapshots(kept, name, call.stores.remembering)
    missing = list_snapshots.find_missing(kept, snapshots, name, call.stores.remembering)
    for warning in missing.warnings:
        call.say(f"warning: {warning}")
    if call.settings.output != "table":
        show_value([snapshot.as_json() for snapshot in snapshots], call.settings.output)
    elif snapshots or missing.keys.bare or missing.keys.stored:
        rows = [snapshot_row(snapshot.as_json()) for snapshot in snapshots]
        show([*rows, *rows_without_snapshot(missing.keys)], LIST, "table")
    if not snapshots:
        nothing = kept.nothing(name)
        if name is not None:
            raise nothing
        call.say(f"{nothing.message}; {nothing.hint}")
