"""`kled snapshot show`."""

import click

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.snapshot.columns import WHICH
from kled.cli.terminal.output import show_value
from kled.operations.snapshots.named_snapshots import describe


@leaf(
    "show",
    examples=("kled snapshot show --name=c.example.com --snapshot=latest",),
    snapshots=True,
)
@cluster_name.required()
@click.option("--snapshot", metavar="ID", default="newest", help=WHICH)
def show_(call: Call, name: str, snapshot: str) -> None:
    """Show one snapshot: what it holds, what was left out, what is proved, whether to trust it."""
    manifest, worth = describe(call.stores, name, snapshot, call.say)
    document = {**manifest.model_dump(mode="json"), **worth}
    if call.settings.output == "table":
        kinds: dict[str, int] = {}
        for record in manifest.objects:
            kinds[record.kind] = kinds.get(record.kind, 0) + 1
        document["objects"] = kinds
        document["blobs"] = len(manifest.blobs)
        document["archive"] = manifest.archive.key
        del document["signature"]
        document["signed"] = manifest.signature is not None
    show_value(document, "yaml" if call.settings.output == "table" else call.settings.output)
