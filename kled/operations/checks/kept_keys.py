"""Whether a snapshot has the keys of each applied cluster, which may exist nowhere else."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from kled.errors import KledError
from kled.operations import stores
from kled.operations.checks.check import Check, bad, not_tried
from kled.sentences import options

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotRef
    from kled.snapshot.trust.ledger import Ledger

NAME: Final = "keys of the clusters"


def kept_keys_checks(opened: stores.Stores, clusters: Sequence[str]) -> list[Check]:
    """Return a check for each cluster whose newest snapshot lacks its present keys. Only reads.

    A GET for each cluster, and two LISTs of the state store. Raises nothing.
    """
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415 - not for --help

    if opened.settings.snapshot_store is None or not clusters:
        return []
    try:
        ledger = read_ledger(opened.snapshots, opened.remembering)
        told = dict(in_parallel((0, partial(_asked, ledger, cluster)) for cluster in clusters))
    except KledError as error:
        return [not_tried(NAME, error.message)]
    return [
        bad(
            f"{NAME}: {cluster}",
            told[cluster],
            f"kled snapshot create {options(name=cluster)}",
        )
        for cluster in clusters
        if told[cluster]
    ]


def _asked(ledger: "Ledger", cluster: str) -> tuple[str, str]:
    """Return the cluster, and what is wrong with its newest snapshot; empty where nothing is."""
    from kled.operations.snapshots.present_keys import say_lack  # noqa: PLC0415
    from kled.snapshot.trust.before_keys import speaks_against  # noqa: PLC0415 - not for --help

    try:
        ref = _newest(ledger, cluster)
        if ref is None:
            return cluster, _without_any(ledger, cluster)
        manifest = ledger.snapshots.manifest(ref)
    except KledError as error:
        if error.retryable:
            raise
        return cluster, ""  # a verification tells
    if why := speaks_against(ledger, manifest):
        return cluster, f"no trusted snapshot has them: of {ref.id}: {why}"
    why = say_lack(ledger, manifest)
    return cluster, f"the newest snapshot has others: of {ref.id}: {why}" if why else ""


def _newest(ledger: "Ledger", cluster: str) -> "SnapshotRef | None":
    """Return the newest snapshot; where a run did not trust it, the newest that it trusted."""
    from kled.snapshot.choosing import LATEST, make_choice  # noqa: PLC0415 - not for --help
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415

    entry = ledger.entry(cluster)
    if entry is None or entry.snapshot is None:
        return None
    if entry.level and not entry.fuzzy:
        return SnapshotRef(cluster, entry.snapshot)
    return make_choice(ledger.snapshots, cluster, LATEST, ledger=ledger).ref


def _without_any(ledger: "Ledger", cluster: str) -> str:
    """Say that a cluster with keys has no snapshot, where a run names the cluster.

    For any other cluster a verification says so.
    """
    from kled.snapshot.trust.before_keys import has_keysets  # noqa: PLC0415 - not for --help

    if ledger.state is None or next(ledger.snapshots.list(cluster), None) is not None:
        return ""
    return "no snapshot has them: there is none of it" if has_keysets(ledger.state, cluster) else ""
