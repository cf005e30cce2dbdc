"""What flows tell of snapshots: a table per run, and an event per cluster (design §6)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from prefect.artifacts import create_table_artifact

from kled.operations.snapshots.back_up import BackUpReport, BackUpState
from kled.operations.snapshots.over_clusters import ALL
from kled.operations.snapshots.prune import PruningReport
from kled.operations.snapshots.verify import VerificationReport, VerifySnapshots
from kled.sentences import number
from kled.snapshot.documents.names import moment
from kled.visible import visible
from tasks.running import events
from tasks.running.summary import artifact_key

UNSEEN: Final = "the run failed before it looked at any"
_SHOWN: Final = ("cluster", "id", "level", "objects", "bytes")


def publish_backup(backup: BackUpState, taken: BackUpReport | None) -> None:
    """Store the table of a run, with the recovery point of each cluster, and announce it.

    Where nothing was `taken` the run failed before it looked at any cluster.

    `.failed` is told in every run as long as a cluster has no trusted snapshot of what is there,
    `.created` only of a new one that can be trusted. Where nothing is new nothing is told of the
    cluster: that the run completed says that all is well (docs/snapshots.md).
    """
    rows = rows_bad_first(taken)
    if rows:
        table = [backup_row(row, datetime.now(UTC)) for row in rows]
        create_table_artifact(
            make_visible(table), key=artifact_key("back up state"), description=_described(rows)
        )
    for told in events_of(backup, taken):
        events.emit(*told)


def rows_bad_first(taken: BackUpReport | None) -> list[dict[str, Any]]:
    """Return the rows of a run; those without a trusted snapshot of what is there come first."""
    rows = taken.rows if taken is not None else []
    return sorted(rows, key=lambda row: (not row["mend"], row["cluster"]))


def events_of(backup: BackUpState, taken: BackUpReport | None) -> list[tuple[str, str, str]]:
    """Return the events of a run: name, cluster, and words."""
    rows = rows_bad_first(taken)
    nothing = taken.run.nothing if taken is not None else None
    why = nothing.message if nothing is not None else UNSEEN
    unseen = [] if rows else [(cluster, why) for cluster in backup.clusters or (ALL,)]
    bad = [(row["cluster"], _wrong(row)) for row in rows if not row["trusted"]]
    store = [(ALL, why) for why in (taken.run.findings if taken is not None else ())]
    new = [row for row in rows if row["trusted"] and not row["reused"]]
    return [
        *(("kled.snapshot.failed", *told) for told in (*unseen, *bad, *store)),
        *(("kled.snapshot.created", row["cluster"], row["id"]) for row in new),
    ]


def publish_verification(verification: VerifySnapshots, seen: VerificationReport | None) -> None:
    """Store the table of what was proved, and announce it; None: it failed before it looked."""
    shown = ("cluster", "id", "level", "trustworthy", "seconds")
    rows = [
        {**{key: row[key] for key in shown}, "findings": "; ".join(row["findings"])}
        for row in (seen.rows if seen is not None else ())
    ]
    if rows:
        create_table_artifact(
            make_visible(rows),
            key=artifact_key("verify snapshots"),
            description="newest of each cluster",
        )
    for told in events_of_verification(verification, seen):
        events.emit(*told)


def events_of_verification(
    verification: VerifySnapshots, seen: VerificationReport | None
) -> list[tuple[str, str, str]]:
    """Return the events of a check: name, cluster, and words; one that found none has failed."""
    if seen is None or not seen.rows:
        return [("kled.snapshot.failed", verification.cluster, UNSEEN)]
    told = []
    for row in seen.rows:
        if row["trustworthy"] and not row["cluster"]:
            continue  # a remark about the store
        event = "kled.snapshot.verified" if row["trustworthy"] else "kled.snapshot.failed"
        message = row["id"] if row["trustworthy"] else f"{row['id']}: {row['findings'][0]}"
        told.append((event, row["cluster"] or ALL, message.removeprefix(": ")))
    return told


def announce_pruning(pruned: PruningReport | None) -> None:
    """Announce each snapshot that was removed."""
    for snapshot in pruned.done.removed if pruned is not None else ():
        events.emit("kled.snapshot.pruned", snapshot.cluster, snapshot.id)


def make_visible(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a table with nothing in their texts that a browser or terminal obeys."""
    return [
        {name: visible(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in rows
    ]


def _described(rows: Sequence[dict[str, Any]]) -> str:
    bad = sum(not row["trusted"] for row in rows)
    return (
        f"{bad} of {len(rows)} clusters have NO TRUSTED SNAPSHOT of what is there"
        if bad
        else (f"{number(len(rows), 'cluster')}, each with a trusted snapshot of what is there")
    )


def backup_row(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return what a person needs: how much would be lost if the state store were gone now.

    A run that saw nothing new knows that the earlier snapshot holds what is there.
    """
    if row["trusted"]:
        recovery_point = "now"
    elif row["newest_trusted"]:
        hours = (now - moment(row["newest_trusted"])).total_seconds() / 3600
        recovery_point = f"{hours:.1f} hours ago"
    else:
        recovery_point = "NEVER"
    return {
        **{key: row[key] for key in _SHOWN},
        "trusted": "yes" if row["trusted"] else "NO",
        "new": "no" if row["reused"] else "yes",
        "recovery point": recovery_point,
        "remark": _wrong(row),
        "what to do": row["mend"],
    }


def _wrong(row: dict[str, Any]) -> str:
    return row["error"] or "; ".join([*row["reasons"], *row["left_out"]])
