"""What a run writes down at its end, and what it looks at before it begins.

The next run goes on from the newest one of any state store: it counts one more, carries on what is
known of all clusters of its own state store, and names the newest runs of the others.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from kled.errors import SnapshotMissing, StoreDenied
from kled.snapshot import last_seen, order
from kled.snapshot.ledger import Ledger
from kled.snapshot.manifest import Manifest
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.results import ClusterResult
from kled.snapshot.root import require_recipients
from kled.snapshot.runs import MOST, Run, RunEntry
from kled.storage.base import ObjectStore


def require_fit(ledger: Ledger, *, anew: bool) -> None:
    """Raise what keeps a run from being written here, before anything is read or written.

    `InvalidInput` where its snapshots would be plain among encrypted ones, `SnapshotMissing` where
    the store does not seem to be mounted, unless all is made `anew`.
    """
    require_recipients(ledger.snapshots, ledger.recipients)
    if not anew:
        _require_mounted(ledger)


def _require_mounted(ledger: Ledger) -> None:
    """Raise `SnapshotMissing` where the store is empty that this state store was copied to.

    A directory that nothing is mounted on looks like that; whoever writes there has no backup.
    """
    snapshots, seen = ledger.snapshots, ledger.seen
    if seen is None or ledger.newest is not None or not ledger.root.missing:
        return
    if next(iter(snapshots.list()), None) is None:
        raise SnapshotMissing(
            f"{snapshots.url} is empty, and run {seen.run} was written there",
            hint="is it mounted, and is it the right one? if it was emptied on purpose:"
            " kled snapshot create --all --anew",
        )


def next_run(
    ledger: Ledger,
    run_id: str,
    state_store: str,
    clusters: Mapping[str, RunEntry],
    *,
    orphans: Sequence[str],
    store: str | None,
) -> Run:
    """Return the run that follows the newest one; `store` is the identity that it is bound to."""
    keys = ledger.snapshots.keys
    numbers = [one.number for one in (ledger.newest, ledger.seen) if one]
    since = ledger.signed_since or run_id
    return Run(
        run_id,
        state_store,
        tuple(keys.recipients),
        clusters,
        tuple(orphans),
        number=min(max(numbers, default=0) + 1, MOST),
        previous=ledger.newest.id if ledger.newest else None,
        others={url: run.id for url, run in ledger.runs.items() if url != state_store},
        overtakes=order.overtaken(run_id, ledger.run_ids),
        signed_since=since if keys.signing_key is not None else None,
        store=store,
    )


def entry_of(
    snapshots: SnapshotStore,
    result: ClusterResult,
    before: RunEntry | None,
    made: Manifest | None,
    run_id: str,
) -> RunEntry:
    """Return what the run knows of one cluster; `made` is the new snapshot, where there is one.

    Lists the cluster's snapshots only where the new one sorts before the one before it.
    """
    if result.error is not None:
        return replace(before or RunEntry(None), run=run_id, error=result.error.message)
    if made is None:
        known = before or RunEntry(result.snapshot)
        return replace(known, run=run_id, reused=True, error=None, seconds=0.0)
    older = before.snapshot if before else None
    late = older is not None and older > made.id
    return RunEntry(
        made.id,
        made.definition_digest,
        made.etcd_digest,
        made.archive.sha256,
        run_id,
        fuzzy=made.fuzzy,
        level=made.level,
        seconds=round(result.seconds, 3),
        overtakes=order.overtaken(
            made.id, (ref.id for ref in snapshots.list(made.cluster)) if late else ()
        ),
    )


def remember(
    state: ObjectStore, ledger: Ledger, run: Run, forget: Collection[str]
) -> tuple[str, ...]:
    """Let the state store remember the run; return a warning where it may only be read."""
    known = (ledger.seen, ledger.seen_tag) if ledger.seen else None
    try:
        last_seen.write(state, ledger.snapshots, run, known, forget)
    except StoreDenied:
        words = (
            "the state store may only be read here, so it cannot remember its newest snapshots:"
            " a snapshot store that is taken back to an earlier moment goes unnoticed"
        )
        return (words,)
    return ()
