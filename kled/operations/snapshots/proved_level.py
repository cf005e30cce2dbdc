"""Whether a verification proved what was asked for; a missing proof is a failure."""

from collections.abc import Mapping
from typing import Any, Final

from kled.errors import SnapshotNotTrustworthy
from kled.operations.snapshots.verify import VerificationReport
from kled.sentences import options

KOPS_LEVEL: Final = 2


def require_level(report: VerificationReport) -> None:
    """Raise `SnapshotNotTrustworthy` where the wanted level could not be proved.

    A sandbox only has a simulated kops; that it proves nothing is said in the row.
    """
    short = [row for row in report.rows if _falls_short(row, report.wanted)]
    if short:
        first = short[0]
        raise SnapshotNotTrustworthy(
            f"level {report.wanted} was not proved for {len(short)} of {len(report.rows)}"
            f" snapshots, first {first['id']} of {first['cluster']}:"
            f" {'; '.join(first['unproved']) or 'there is no kops to read it'}",
            hint="what was proved stands in its row; etcd backups are taken once etcd-manager has"
            f" written some: kled snapshot create {options(name=first['cluster'])}",
        )


def _falls_short(row: Mapping[str, Any], wanted: int) -> bool:
    simulated = wanted == KOPS_LEVEL and any("simulated" in reason for reason in row["unproved"])
    return row["level"] is not None and row["level"] < wanted and not simulated
