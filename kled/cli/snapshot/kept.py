"""What pruning and mirroring show of snapshots."""

from typing import Any, Final

import click

from kled.cli.terminal.output import Column

_NUMBER: Final = click.IntRange(0, 100_000)
"""How many snapshots are kept."""


COLUMNS: Final = (
    Column("CLUSTER", "cluster"),
    Column("SNAPSHOT", "id"),
    Column("WHAT", "what"),
    Column("WHY", "why"),
)


def snapshot_rows(rows: Any, what: str) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Return the rows of snapshots to which `what` happens."""
    return [{**row, "what": what, "why": ""} for row in rows]
