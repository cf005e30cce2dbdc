"""Etcd backups that a cluster has lost: without one, people's objects cannot be restored.

A damaged backup is found when it is copied (`older_backup`); one that is gone is found here, by the
newest snapshot that can be trusted and has one.
"""

from collections.abc import Callable, Iterable
from typing import Final

from kled.snapshot.create.halfway import HALFWAY
from kled.snapshot.create.selection import Selection
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.losses.lost_keysets import find_reference, was_deleted
from kled.snapshot.trust.ledger import Ledger

MAIN: Final = "main"
"""The etcd cluster that holds what people made; `events` and `cilium` fill themselves again."""
_NONE_LEFT: Final = f"no complete etcd backup of {MAIN} is left"

LostBackups = Callable[[Selection, Manifest | None], tuple[str, ...]]
"""Is given what is taken of a cluster, and the manifest that is built on."""


def lost_backups(ledger: Ledger, wanted: int | None) -> LostBackups:
    """Return what says that a cluster has no backup of etcd any more, in words; nothing: it has.

    `wanted` is how many of each etcd cluster a snapshot takes, None all; nobody misses what nobody
    wanted. It asks the store only where there is none, and the manifest that is built on is not
    sound.
    """

    def findings(chosen: Selection, earlier: Manifest | None) -> tuple[str, ...]:
        if wanted == 0 or chosen.etcd.get(MAIN):
            return ()
        before = find_reference(ledger, chosen.cluster, earlier)
        had = before.etcd_backups.get(MAIN) if before is not None else None
        if before is None or not had or was_deleted(ledger, before):
            return ()
        return (f"{_NONE_LEFT}, and snapshot {before.id} has {had[0]}",)

    return findings


def name_others_gone(chosen: Selection, earlier: Manifest | None) -> str:
    """Say which etcd clusters beside `main` had backups in the `earlier` snapshot and have none.

    They fill themselves again, so the snapshot is worth what it was. Nothing is said where no
    backup is wanted: then there is none of `main` either.
    """
    if earlier is None or not chosen.etcd.get(MAIN):
        return ""
    gone = [
        f"no complete etcd backup of {etcd} is left, and snapshot {earlier.id} has {names[0]}"
        for etcd, names in earlier.etcd_backups.items()
        if etcd != MAIN and names and not chosen.etcd.get(etcd)
    ]
    return "; ".join(gone)


def keep_definition_findings(findings: Iterable[str]) -> tuple[str, ...]:
    """Return the findings of a manifest that go with its definition, and not with its moment.

    Lost backups may come back, and an open restore may have ended.
    """
    return tuple(finding for finding in findings if not finding.startswith((_NONE_LEFT, HALFWAY)))
