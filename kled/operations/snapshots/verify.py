"""Verifies snapshots: one, or the newest of every cluster and that none was removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from kled.config import Settings
from kled.errors import InvalidInput, SnapshotNotTrustworthy
from kled.operations.guards.guards import STORES
from kled.operations.session import Session
from kled.operations.snapshots import present_keys, verify_rows
from kled.operations.snapshots.back_up import BY
from kled.operations.snapshots.kops_proof import kops_check
from kled.operations.snapshots.over_clusters import ALL, count_for
from kled.operations.step import Step, step_with_result
from kled.pool import Pool
from kled.retry import CHANGE
from kled.sentences import number

if TYPE_CHECKING:
    from kled.snapshot.progress import Progress
    from kled.snapshot.repository import SnapshotRef, SnapshotStore
    from kled.snapshot.trust.judging import Listing
    from kled.snapshot.trust.ledger import Ledger
    from kled.snapshot.verify.verify import VerifyReport
    from kled.storage.base import ObjectStore

_UNPACKED: Final = 16
"""How many clusters' objects are in memory at once."""
_BESIDE: Final = 3
"""What is asked for while snapshots are read: earlier runs, what is gone, and other clusters."""


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What a verification saw."""

    wanted: int
    """The level that was asked for."""
    rows: tuple[Mapping[str, Any], ...]
    """A row per snapshot: cluster, id, level, trustworthy, findings, seconds."""

    @property
    def summary(self) -> str:
        """How many snapshots were verified, and how far, in words."""
        snapshots = [row for row in self.rows if row["id"]]  # not the store's own row
        levels = [row["level"] for row in snapshots if row["level"] is not None]
        lowest = min(levels, default=self.wanted)
        short = f", not {self.wanted}" if lowest < self.wanted else ""
        return f"{number(len(snapshots), 'snapshot')} verified at level {lowest}{short}"

    def require_trustworthy(self) -> None:
        """Raise `SnapshotNotTrustworthy` where something is wrong with any of them."""
        from kled.snapshot.trust.settling import advise  # noqa: PLC0415 - not for --help

        bad = [row for row in self.rows if not row["trustworthy"]]
        if bad:
            first = bad[0]
            raise SnapshotNotTrustworthy(
                f"{_wrong(bad, len(self.rows))}, first {_which(first)}: {first['findings'][0]}",
                hint=advise([finding for row in bad for finding in row["findings"]]),
            )


@dataclass(frozen=True, slots=True)
class VerifySnapshots:
    """Check one snapshot, or the newest of every cluster and that none was removed."""

    level: int = 1
    only: "SnapshotRef | None" = None
    of: str | None = None
    """A cluster; None verifies those of all clusters, unless `only` names one snapshot."""
    which: str = "newest"
    """The snapshot of that cluster: an id, `newest` or `latest`."""

    name = "verify snapshots"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or the name for all."""
        return self.only.cluster if self.only else self.of or ALL

    def steps(self) -> "tuple[Step[VerificationReport]]":
        """Return the one step. Raises `SnapshotNotTrustworthy` where something is wrong."""

        def act(session: Session) -> "tuple[VerificationReport, str]":
            rows = verify_snapshots(
                session.settings,
                session.snapshot_store,
                level=self.level,
                progress=count_for(session),
                only=self._meant(session),
                state=session.stores.remembering,
            )
            report = VerificationReport(self.level, tuple(rows))
            return report, report.summary

        require = VerificationReport.require_trustworthy
        return (step_with_result("verify snapshots", act, CHANGE, require=require),)

    def _meant(self, session: Session) -> "SnapshotRef | None":
        """Return the one snapshot to verify; None means the newest of every cluster."""
        if self.of is None and self.which != "newest":
            raise InvalidInput("--snapshot", "is one cluster's: name the cluster, too")
        if self.only is not None or self.of is None:
            return self.only
        from kled.snapshot.choosing import choose  # noqa: PLC0415 - not for --help

        session.snapshot_store.require()
        remembering = session.stores.remembering
        return choose(session.snapshot_store, self.of, self.which, state=remembering)


def _wrong(bad: Sequence[Mapping[str, Any]], looked_at: int) -> str:
    """Say how many are wrong: snapshots, or clusters with keys that their newest snapshot lacks."""
    from kled.snapshot.trust.settling import is_of_damage, is_of_keys  # noqa: PLC0415

    if all(is_of_damage(row["findings"][0]) for row in bad):
        have = "has" if len(bad) == 1 else "have"
        return f"{number(len(bad), 'cluster')} {have} keys that are damaged in the state store"
    if all(is_of_keys(row["findings"][0]) for row in bad):
        have = "has keys that its" if len(bad) == 1 else "have keys that their"
        return f"{number(len(bad), 'cluster')} {have} newest snapshot lacks"
    return f"{len(bad)} of {looked_at} snapshots cannot be trusted"


def _which(row: Mapping[str, object]) -> str:
    """Name what a row of `VerifySnapshots` is about."""
    if row["id"]:
        return f"{row['id']} of {row['cluster']}"
    return str(row["cluster"] or "the snapshot store itself")


def verify_many(  # noqa: PLR0913 - what, how far, and what is known of the store
    settings: Settings,
    snapshots: "SnapshotStore",
    refs: Sequence["SnapshotRef"],
    *,
    level: int,
    progress: "Progress",
    ledger: "Ledger | None" = None,
    listing: "Listing | None" = None,
) -> tuple["VerifyReport", ...]:
    """Check snapshots, several at once; the reports, in the order of `refs`, say what is wrong.

    `listing` is one that has them; without it each snapshot costs a LIST more.
    """
    from kled.snapshot.parallel import THREADS, in_parallel  # noqa: PLC0415
    from kled.snapshot.verify.verify import DIGESTS, KOPS, verify  # noqa: PLC0415

    check = kops_check(settings) if level >= KOPS else None
    threads = THREADS if level == DIGESTS else _UNPACKED  # digests hold next to nothing

    def one(ref: "SnapshotRef") -> "VerifyReport":
        checked = listing.checked.get(ref, frozenset()) if listing is not None else None
        report = verify(
            snapshots, ref, level=level, by=BY, kops_check=check, ledger=ledger, checked=checked
        )
        progress.done(clusters=1)
        return report

    progress.expect(clusters=len(refs))
    reports = {
        report.ref: report
        for report in in_parallel(((0, partial(one, ref)) for ref in refs), threads=threads)
    }
    return tuple(reports[ref] for ref in refs)


def verify_snapshots(
    settings: Settings,
    snapshots: "SnapshotStore",
    *,
    level: int,
    progress: "Progress",
    only: "SnapshotRef | None" = None,
    state: "ObjectStore | None" = None,
) -> list[dict[str, Any]]:
    """Check one snapshot, or the newest of every cluster and that none is lost; return the rows.

    A cluster that the newest run could not take, and that has no snapshot, has a row, too. So has
    an older snapshot that lost its archive.

    A row is cluster, id, wanted, level, trustworthy, findings, seconds, etcd, unproved; a problem
    of the store as a whole is a row without cluster and id. `state` is asked what it remembers, and
    whether clusters have keys that their newest snapshot, or any, lacks. Raises `SnapshotMissing`
    where there is no snapshot at all.
    """
    from kled.snapshot.losses.losses import find_older_lost  # noqa: PLC0415
    from kled.snapshot.trust.judging import read_listing  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415
    from kled.snapshot.trust.strays import find_newest_of_each  # noqa: PLC0415

    snapshots.require()
    ledger = read_ledger(snapshots, state)
    check = partial(verify_many, settings, snapshots, level=level, progress=progress, ledger=ledger)
    origins = Origins(ledger)
    if only is not None:
        return verify_rows.of_one(origins, check([only])[0])
    with Pool(_BESIDE, "kled-beside") as beside:
        made = beside.submit(lambda: ledger.made)
        listing = read_listing(snapshots)
        present = listing.refs
        made.result()
        gone = ledger.lost(present)
        if not present and not gone and not ledger.doubts:
            raise snapshots.nothing()
        known = {ref.cluster for ref in (*present, *gone)}
        others = beside.submit(present_keys.without_snapshot, ledger, known)
        older = beside.submit(find_older_lost, ledger, present)
        newest, strays = find_newest_of_each(origins, present)
        reports = check(newest, listing=listing)
        keys = present_keys.look(origins, present_keys.proved_manifests(reports), others.result)
    lacking = verify_rows.strays_without_archive(ledger, listing, newest)
    rows = [
        *verify_rows.of_reports(origins, reports, keys),
        *map(verify_rows.row_of_removed, gone),
        *(verify_rows.row_of_stray(*stray) for stray in (*strays, *lacking)),
        *verify_rows.rows_of_unsnapshotted(ledger, keys.bare),
    ]
    remarks = (*ledger.remarks, *filter(None, [keys.unknown]))
    wrong = (*ledger.doubts, *older.result(), *ledger.findings)
    return rows + ([verify_rows.row_of_store(wrong, remarks)] if wrong or remarks else [])
