"""Copies the snapshots that a second snapshot store lacks."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kled.errors import BucketMissing
from kled.operations.guards.guards import STORES
from kled.operations.session import Session
from kled.operations.snapshots.over_clusters import ALL, count_for
from kled.operations.step import ADDS_ONLY, Step, step_with_result
from kled.retry import CHANGE

if TYPE_CHECKING:
    from kled.snapshot.retention.mirror import MirrorReport


_MAKE: Final = (
    "is its name right? kled makes no bucket for snapshots: docs/snapshots.md says how one is made"
)


@dataclass(frozen=True, slots=True)
class MirrorSnapshots:
    """Copy the snapshots that a second snapshot store lacks."""

    to: str
    only: str | None = None
    """A cluster; None copies those of all clusters."""
    retain_until: datetime | None = None
    """Lock the objects there until then."""

    name = "mirror snapshots"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or the name for all."""
        return self.only or ALL

    def steps(self) -> "tuple[Step[MirrorReport]]":
        """Return the one step. Raises the first failure, when the rest is copied."""

        def act(session: Session) -> "tuple[MirrorReport, str]":
            from kled.snapshot.retention.mirror import mirror  # noqa: PLC0415 - not for --help

            kept = session.snapshot_store
            session.stores.require_apart(self.to, "the mirror")
            kept.require()
            target = session.other_store(self.to)
            try:
                report = mirror(
                    kept,
                    target,
                    count_for(session),
                    cluster=self.only,
                    retain_until=self.retain_until,
                )
            except BucketMissing as error:
                error.advise(_MAKE)
                raise
            return report, f"{len(report.copied)} copied, {report.present} there already"

        return (
            step_with_result(
                "mirror snapshots",
                act,
                CHANGE,
                require=lambda report: report.require(),
                way_back=ADDS_ONLY,
            ),
        )
