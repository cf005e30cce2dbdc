"""`kled snapshot diff`."""

import click

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal import streams
from kled.cli.terminal.output import show_value
from kled.operations.snapshots.named_snapshots import compare
from kled.sentences import number


@leaf(
    "diff",
    examples=(
        "kled snapshot diff --name=c.example.com latest live",
        "kled snapshot diff --name=c.example.com 20261125T034149Z-a1b2c3d4 latest --output=json",
    ),
    snapshots=True,
)
@cluster_name.required()
@click.argument("before")
@click.argument("after")
def diff(call: Call, name: str, before: str, after: str) -> None:
    """Compare two snapshots, or one with `live`: fields, groups, keys, secrets, versions.

    `latest` is the newest that can be trusted, `newest` the newest of all.
    Secrets are compared by fingerprints, never shown.
    """
    changes = compare(call.stores, name, before, after, call.say)
    if call.settings.output == "table":
        for change in changes:
            streams.out().say(change.line())
        call.say("nothing differs" if not changes else number(len(changes), "difference"))
    else:
        rows = [change.as_json() for change in changes]
        document = {"cluster": name, "before": before, "after": after, "changes": rows}
        show_value(document, call.settings.output)
