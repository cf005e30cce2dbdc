"""Verifying up to a level that was not reached is no success."""

from typing import Any

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.operations.snapshots.proved_level import require_level
from kled.operations.snapshots.verify import VerificationReport

NO_BACKUP = "level 4: the snapshot holds no etcd backup that could be opened"
SIMULATED = "level 2: read by a simulated kops, which proves nothing"


def verified(wanted: int, level: int | None, *unproved: str) -> VerificationReport:
    row: dict[str, Any] = {"id": "ID", "cluster": "c", "level": level, "unproved": list(unproved)}
    return VerificationReport(wanted, (row,))


def test_etcd_backups_that_are_not_there_are_not_proved() -> None:  # fault 37
    with pytest.raises(SnapshotNotTrustworthy) as caught:
        require_level(verified(4, 1, SIMULATED, NO_BACKUP))

    assert "level 4 was not proved for 1 of 1 snapshots, first ID of c: " in caught.value.message
    assert NO_BACKUP in caught.value.message
    assert caught.value.exit_code == 4


def test_without_a_kops_level_2_is_not_proved() -> None:
    with pytest.raises(SnapshotNotTrustworthy, match="there is no kops to read it"):
        require_level(verified(2, 1))


@pytest.mark.parametrize(
    "report", [verified(4, 4), verified(1, 1), verified(2, 1, SIMULATED), verified(4, None)]
)
def test_what_was_reached_and_what_failed_by_itself_is_left_alone(
    report: VerificationReport,
) -> None:
    require_level(report)
