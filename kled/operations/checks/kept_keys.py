"""Whether a snapshot has the keys of each cluster that was applied: they may exist nowhere else."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from kled.errors import KledError
from kled.operations import stores
from kled.operations.checks.check import Check, bad, not_tried
from kled.sentences import options

if TYPE_CHECKING:
    from kled.snapshot.trust.ledger import Ledger

NAME: Final = "keys of the clusters"


def kept_keys_checks(opened: stores.Stores, clusters: Sequence[str]) -> list[Check]:
    """Return a check for each cluster whose newest snapshot is from before its keys; only reads.

    A GET for each cluster that has a snapshot. Of one without any nothing is said. Raises nothing.
    """
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415 - not for --help

    if opened.settings.snapshot_store is None or not clusters:
        return []
    try:
        ledger = read_ledger(opened.snapshots, opened.remembering)
        told = dict(in_parallel((0, partial(_asked, ledger, one)) for one in clusters))
    except KledError as error:
        return [not_tried(NAME, error.message)]
    return [
        bad(
            f"{NAME}: {cluster}",
            f"no trusted snapshot has them: of {snapshot}: {why}",
            f"kled snapshot create {options(name=cluster)}",
        )
        for cluster in clusters
        for snapshot, why in filter(None, [told[cluster]])
    ]


def _asked(ledger: "Ledger", cluster: str) -> tuple[str, tuple[str, str] | None]:
    """Return the newest snapshot of the cluster and what speaks against it; None: nothing does."""
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415
    from kled.snapshot.trust.before_keys import speaks_against  # noqa: PLC0415 - not for --help

    entry = ledger.entry(cluster)
    if entry is None or entry.snapshot is None:
        return cluster, None
    try:
        manifest = ledger.snapshots.manifest(SnapshotRef(cluster, entry.snapshot))
    except KledError as error:
        if error.retryable:
            raise
        return cluster, None  # a verification tells
    why = speaks_against(ledger, manifest)
    return cluster, (entry.snapshot, why) if why else None
