"""The document that a run writes at its end, and what it requires before it begins.

The next run goes on from the newest one of any state store: it counts one more, carries on what is
known of all clusters of its own state store, and names the newest runs of the others.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

from kled.errors import StoreDenied
from kled.snapshot.create.results import ClusterResult, CreateOptions
from kled.snapshot.documents import last_seen
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.documents.root import require_recipients
from kled.snapshot.documents.runs import MOST, Run, RunEntry
from kled.snapshot.losses.losses import change_refusal, require_mounted
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.trust import order
from kled.snapshot.trust.ledger import Ledger
from kled.storage.base import ObjectStore
from kled.store_urls import is_same


class TakenSnapshot(NamedTuple):
    """What a run keeps of a snapshot that it took.

    Its manifest names each object: 0.1 MB and more, and a fleet has hundreds.
    """

    cluster: str
    id: str
    definition_digest: str
    etcd_digest: str | None
    """None where what is derived is damaged: the next run looks again, and says it again."""
    archive: str
    fuzzy: bool
    level: int

    @classmethod
    def of(cls, made: Manifest) -> Self:
        """Return what is kept of a manifest."""
        etcd = None if made.derived_damage else made.etcd_digest
        archive = made.archive.sha256
        return cls(
            made.cluster,
            made.id,
            made.definition_digest,
            etcd,
            archive,
            fuzzy=made.fuzzy,
            level=made.level,
        )


def require_fit(ledger: Ledger, options: CreateOptions) -> None:
    """Raise what keeps a run from being written here, before anything is read or written.

    `InvalidInput` where its snapshots would be plain among encrypted ones, `SnapshotMissing` where
    the store does not seem to be mounted, unless a person settled that, and before a change
    `SnapshotNotTrustworthy` where newer snapshots may be lost.
    """
    signed = ledger.recipients_are_signed
    require_recipients(ledger.snapshots, ledger.recipients, signed=signed)
    if not options.settles:
        require_mounted(ledger)
    if options.before_change and ledger.doubts:
        raise change_refusal(ledger.doubts, taken_back=ledger.taken_back)


def next_run(  # noqa: PLR0913 - what a run says, each by its name
    ledger: Ledger,
    run_id: str,
    state_store: str,
    clusters: Mapping[str, RunEntry],
    *,
    orphans: Sequence[str],
    store: str | None,
    settled: bool = False,
) -> Run:
    """Return the run that follows the newest one; `store` is the identity that it is bound to.

    Where a person `settled` what was lost, history begins with it, as in a store without any.
    """
    keys = ledger.snapshots.keys
    numbers = [newest.number for newest in (ledger.newest, ledger.seen) if newest]
    since = ledger.signed_since or run_id
    return Run(
        run_id,
        state_store,
        tuple(keys.recipients),
        clusters,
        tuple(orphans),
        number=min(max(numbers, default=0) + 1, MOST),
        previous=ledger.newest.id if ledger.newest else None,
        others={url: run.id for url, run in ledger.runs.items() if not is_same(url, state_store)},
        overtakes=(
            *(passed for passed in ledger.passed if passed < run_id),  # said once, by this run
            *order.find_overtaken(run_id, ledger.run_ids),
        ),
        begins=_find_beginning(ledger, run_id, settled=settled),
        signed_since=since if keys.signing_key is not None else None,
        store=store,
    )


def _find_beginning(ledger: Ledger, run_id: str, *, settled: bool) -> str | None:
    first = ledger.newest is None and ledger.seen is None and ledger.root.missing
    if settled or first:
        return run_id
    return ledger.newest.begins if ledger.newest else None


def entry_of(
    snapshots: SnapshotStore,
    result: ClusterResult,
    before: RunEntry | None,
    made: TakenSnapshot | None,
    run_id: str,
    held: int,
) -> RunEntry:
    """Return what the run knows of one cluster; `made` is the new snapshot, where there is one.

    `held` is how many others there must be. Lists the cluster's snapshots only where the new one
    sorts before the one before it.
    """
    if result.error is not None:
        known = before or RunEntry(None)
        return replace(known, run=run_id, error=result.error.message, held=held)
    if made is None:
        known = before or RunEntry(result.snapshot)
        return replace(known, run=run_id, reused=True, error=None, seconds=0.0, held=held)
    older = before.snapshot if before else None
    late = older is not None and older > made.id
    overtaken = before.overtakes if before else ()
    return RunEntry(
        made.id,
        made.definition_digest,
        made.etcd_digest,
        made.archive,
        run_id,
        fuzzy=made.fuzzy,
        level=made.level,
        seconds=round(result.seconds, 3),
        overtakes=order.find_overtaken(
            made.id, (ref.id for ref in snapshots.list(made.cluster)) if late else overtaken
        ),
        held=held + 1,
    )


def remember(
    state: ObjectStore,
    ledger: Ledger,
    run: Run,
    *,
    forget: Collection[str] = (),
    keep: Collection[str] = (),
    settled: bool = False,
) -> tuple[str, ...]:
    """Let the state store remember the run; return a warning where it may only be read.

    Where the store was taken back, nothing is remembered until a person `settled` that: what was
    known of the later moment is all that tells of it. So it is with the clusters to `keep`, whose
    remembered snapshots are lost; `forget` are those that nobody asks for any more.
    """
    if ledger.taken_back and not settled:
        return ()
    known = (ledger.seen, ledger.seen_tag) if ledger.seen else None
    try:
        last_seen.write(state, ledger.snapshots, run, known, forget=forget, keep=keep, anew=settled)
    except StoreDenied:
        warning = (
            "the state store may only be read here, so it cannot remember its newest snapshots:"
            " a snapshot store that is taken back to an earlier moment goes unnoticed"
        )
        return (warning,)
    return ()
