"""Foreseeing, before a snapshot is taken, whether it could be trusted. Writes nothing."""

from dataclasses import replace
from typing import Final

from kled.pool import Pool
from kled.snapshot.create.earlier import Earlier
from kled.snapshot.create.making import find_definition_faults
from kled.snapshot.create.next_run import require_fit
from kled.snapshot.create.reading import Reader, list_cluster
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.create.selection import Orphan, Selection
from kled.snapshot.losses.losses import losses_of
from kled.snapshot.losses.lost_backups import lost_backups
from kled.snapshot.losses.lost_keysets import lost_keysets
from kled.snapshot.progress import Quiet
from kled.snapshot.trust.ledger import Ledger
from kled.storage.base import ObjectStore

_AT_ONCE: Final = 16
_BACKUPS: Final = 1


def foresee_doubts(
    state: ObjectStore, ledger: Ledger, cluster: str, options: CreateOptions
) -> tuple[str, ...]:
    """Return why the snapshot before a change could not be trusted; empty where no reason is known.

    One LIST; the objects of the definition are read where they are new since the newest snapshot.
    What is only found by copying, such as a damaged backup of etcd, shows when it is taken. Raises
    what keeps it from being taken with these `options` at all, and what the stores raise.
    """
    require_fit(ledger, options)
    lost = losses_of(ledger, [cluster]).reasons
    options.halfway.look()
    chosen = list_cluster(state, cluster, _BACKUPS)
    with Pool(_AT_ONCE) as requests:
        run = ledger.snapshots.new_id()
        earlier = Earlier(ledger, state.location.url, run, options=options, requests=requests)
        earlier.sample()
        earlier.require_whole([cluster], lost)
        if isinstance(chosen, Orphan):
            return ()
        entry, standing = earlier.entry(cluster), earlier.standing(cluster)
        if entry and standing and entry.definition_digest == chosen.definition_digest:
            if earlier.is_unchanged(chosen):
                return standing.reasons
            known = standing.findings
        else:
            known = _find_faults(state, ledger, chosen, requests)
    now = filter(None, [options.halfway(cluster)])
    return (*known, *lost_backups(ledger, _BACKUPS)(chosen, None), *now)


def _find_faults(
    state: ObjectStore, ledger: Ledger, chosen: Selection, requests: Pool
) -> tuple[str, ...]:
    reader = Reader(state, replace(chosen, backups=()), requests, Quiet())
    reader.read()
    bodies = reader.picture(fuzzy=False).bodies
    wrong = tuple(find_definition_faults(chosen, bodies, state.location.url))
    return (*wrong, *lost_keysets(ledger)(chosen.cluster, bodies, None, wrong))
