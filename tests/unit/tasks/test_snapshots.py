"""What a flow tells of the snapshots of a run (faults 41 and 60)."""

from datetime import datetime, timedelta

from kled.errors import StoreDenied
from kled.operations.snapshots.back_up import BackUpReport, BackUpState
from kled.snapshot.create.results import ClusterResult, RunResult
from kled.snapshot.documents.names import moment
from tasks.running.snapshot_table import backup_row, events_of, rows_bad_first

OLD, NEW = "20261125T040000Z-a1b2c3d4", "20261125T070000Z-a1b2c3d4"
NOW = moment(NEW)
ALL = BackUpState()


def ran(*clusters: ClusterResult, **fallbacks: str | None) -> BackUpReport:
    named = {f"{name}.example.com": one for name, one in fallbacks.items()}
    return BackUpReport(RunResult(NEW, clusters), named)


def row(taken: BackUpReport, now: datetime = NOW) -> dict[str, object]:
    (only,) = taken.rows
    return backup_row(only, now)


def events(taken: BackUpReport | None, wish: BackUpState = ALL) -> list[tuple[str, str, str]]:
    return events_of(wish, taken)


def result(name: str = "c", **fields: object) -> ClusterResult:
    return ClusterResult(f"{name}.example.com", NEW, level=1, **fields)  # type: ignore[arg-type]


def test_the_recovery_point_is_the_newest_trusted_snapshot_however_new_the_damage_is() -> None:
    """Fault 41: level 0, Completed, recovery point "now", event `created`."""
    damaged = ran(result(reasons=("config is no Cluster",)), c=OLD)

    shown = row(damaged, NOW + timedelta(hours=1))

    assert shown["recovery point"] == "4.0 hours ago"
    assert (shown["trusted"], shown["remark"]) == ("NO", "config is no Cluster")
    assert events(damaged) == [("kled.snapshot.failed", "c.example.com", "config is no Cluster")]
    assert row(ran(result(reasons=("config is no Cluster",)), c=None))["recovery point"] == "NEVER"


def test_damage_in_which_nothing_is_new_is_told_again() -> None:
    """Fault 41: "next run: no remark at all"."""
    again = ran(result(reused=True, reasons=("config is no Cluster",)), c=OLD)

    assert events(again) == [("kled.snapshot.failed", "c.example.com", "config is no Cluster")]


def test_created_is_told_of_new_and_trusted_snapshots_alone() -> None:
    """Fault 60: where nothing is new, nothing is told of the cluster; the run has completed."""
    assert events(ran(result())) == [("kled.snapshot.created", "c.example.com", NEW)]
    assert events(ran(result(reused=True))) == []
    assert row(ran(result(reused=True)))["recovery point"] == "now"


def test_bad_rows_come_first_and_an_error_has_the_words() -> None:
    refused = ClusterResult("z.example.com", None, error=StoreDenied("no"))

    backup = ran(result("a"), result("b"), refused, z=None)

    assert [one["cluster"][0] for one in rows_bad_first(backup)] == ["z", "a", "b"]
    assert events(backup)[0] == ("kled.snapshot.failed", "z.example.com", "no")


def test_a_run_that_looked_at_none_tells_of_each_that_it_was_for() -> None:
    told = events(None, BackUpState(("a.example.com", "b.example.com")))

    assert [one[:2] for one in told] == [
        ("kled.snapshot.failed", "a.example.com"),
        ("kled.snapshot.failed", "b.example.com"),
    ]
    assert events(None)[0][1] == "all clusters"
