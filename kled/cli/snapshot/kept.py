"""The rows of snapshots that pruning and mirroring show."""

from typing import Any, Final

import click

from kled.cli.terminal.output import Column

_NUMBER: Final = click.IntRange(0, 100_000)
"""The type of a number of snapshots to keep."""


COLUMNS: Final = (
    Column("CLUSTER", "cluster"),
    Column("SNAPSHOT", "id"),
    Column("WHAT", "what"),
    Column("WHY", "why"),
)


def snapshot_rows(rows: Any, what: str) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Return the rows of snapshots to which `what` happens."""
    return [{**row, "what": what, "why": ""} for row in rows]
