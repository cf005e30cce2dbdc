"""Whether a verification proved what was asked for; a missing proof is a failure."""

from typing import Any, Final

from kled.errors import SnapshotNotTrustworthy
from kled.operations.snapshots.verify import VerifySnapshots
from kled.sentences import options

KOPS_LEVEL: Final = 2


def require_level(operation: VerifySnapshots) -> None:
    """Raise `SnapshotNotTrustworthy` where the wanted level could not be proved.

    A sandbox only has a simulated kops; that it proves nothing is said in the row.
    """
    short = [row for row in operation.results if _falls_short(row, operation.level)]
    if short:
        first = short[0]
        raise SnapshotNotTrustworthy(
            f"level {operation.level} was not proved for {len(short)} of {len(operation.results)}"
            f" snapshots, first {first['id']} of {first['cluster']}:"
            f" {'; '.join(first['unproved']) or 'there is no kops to read it'}",
            hint="what was proved stands in its row; etcd backups are taken once etcd-manager has"
            f" written some: kled snapshot create {options(name=first['cluster'])}",
        )


def _falls_short(row: dict[str, Any], wanted: int) -> bool:
    simulated = wanted == KOPS_LEVEL and any("simulated" in reason for reason in row["unproved"])
    return row["level"] is not None and row["level"] < wanted and not simulated
