"""Copies the snapshots that a second snapshot store lacks."""

from dataclasses import dataclass, field
from datetime import datetime

from kled.operations.guards.guards import STORES
from kled.operations.session import Session
from kled.operations.snapshots.over_clusters import ALL, Rows, count_for
from kled.operations.step import ADDS_ONLY, Step
from kled.retry import CHANGE


@dataclass(frozen=True, slots=True)
class MirrorSnapshots:
    """Copy the snapshots that a second snapshot store lacks."""

    to: str
    only: str | None = None
    """A cluster; None copies those of all clusters."""
    retain_until: datetime | None = None
    """Lock the objects there until then."""
    results: Rows = field(default_factory=list)

    name = "mirror snapshots"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or the name for all."""
        return self.only or ALL

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def act(session: Session) -> str:
            from kled.snapshot.retention.mirror import mirror  # noqa: PLC0415 - not for --help

            self.results.clear()
            kept = session.snapshot_store
            session.stores.require_apart(self.to, "the mirror")
            kept.require()
            target = session.other_store(self.to)
            report = mirror(
                kept,
                target,
                count_for(session),
                cluster=self.only,
                retain_until=self.retain_until,
            )
            self.results.append(report.as_json())
            report.require()
            return f"{len(report.copied)} copied, {report.present} there already"

        return (Step("mirror snapshots", act, CHANGE, way_back=ADDS_ONLY),)
