"""What flows tell of snapshots: a table per run, and an event per cluster (design §6)."""

from datetime import UTC, datetime
from typing import Any, Final

from prefect.artifacts import create_table_artifact

from kled.operations.keep_state import ALL, BackUpState, PruneSnapshots, VerifySnapshots
from kled.snapshot.names import moment
from tasks import events

_SHOWN: Final = ("cluster", "id", "level", "objects", "bytes")


def publish_backup(backup: BackUpState) -> None:
    """Store the table of a run, with the recovery point of each cluster, and announce it."""
    now = datetime.now(UTC)
    rows = [_backup_row(row, now) for row in backup.results]
    if rows:
        create_table_artifact(rows, key="back-up-state", description="snapshots of this run")
    for row in backup.results:
        if row["error"]:
            events.emit("kled.snapshot.failed", row["cluster"], row["error"])
        elif not row["reused"]:
            events.emit("kled.snapshot.created", row["cluster"], row["id"])
    for words in (finding for run in backup.made for finding in run.findings):
        events.emit("kled.snapshot.failed", ALL, words)
    for cluster in () if rows else backup.clusters or (ALL,):
        events.emit("kled.snapshot.failed", cluster, "the run failed before it looked at any")


def publish_verification(verification: VerifySnapshots) -> None:
    """Store the table of what was proved, and announce it."""
    shown = ("cluster", "id", "level", "trustworthy", "seconds")
    rows = [
        {**{key: row[key] for key in shown}, "findings": "; ".join(row["findings"])}
        for row in verification.results
    ]
    if rows:
        create_table_artifact(rows, key="verify-snapshots", description="newest of each cluster")
    for row in verification.results:
        if row["trustworthy"] and not row["cluster"]:
            continue  # a remark about the store
        event = "kled.snapshot.verified" if row["trustworthy"] else "kled.snapshot.failed"
        words = row["id"] if row["trustworthy"] else f"{row['id']}: {row['findings'][0]}"
        events.emit(event, row["cluster"] or ALL, words.removeprefix(": "))


def announce_pruning(pruning: PruneSnapshots) -> None:
    """Announce each snapshot that was removed."""
    for report in pruning.results:
        for one in report["removed"]:
            events.emit("kled.snapshot.pruned", one["cluster"], one["id"])


def _backup_row(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return what a person needs: how much would be lost if the state store were gone now.

    A run that saw nothing new knows that the earlier snapshot holds what is there.
    """
    if row["error"] is None and not row["fuzzy"]:
        recovery_point = "now"
    elif row["id"]:
        hours = (now - moment(row["id"])).total_seconds() / 3600
        recovery_point = f"{hours:.1f} hours ago"
    else:
        recovery_point = "NEVER"
    return {
        **{key: row[key] for key in _SHOWN},
        "new": "no" if row["reused"] else "yes",
        "recovery point": recovery_point,
        "remark": row["error"] or "; ".join(row["findings"]),
    }
