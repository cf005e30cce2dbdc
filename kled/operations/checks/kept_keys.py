"""Whether a snapshot has the keys of each applied cluster, which may exist nowhere else."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from kled.errors import KledError
from kled.operations import stores
from kled.operations.checks.check import Check, bad, not_tried

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
    checks = (told[cluster] for cluster in clusters)
    return [check for check in checks if check is not None]


def _asked(ledger: "Ledger", cluster: str) -> tuple[str, Check | None]:
    """Return the cluster, and a check where something is wrong with its newest snapshot."""
    from kled.operations.snapshots.present_keys import say_lack  # noqa: PLC0415
    from kled.snapshot.trust import settling  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.before_keys import speaks_against  # noqa: PLC0415

    take = settling.command_for("", cluster, "")
    try:
        ref = _newest(ledger, cluster)
        if ref is None:
            return cluster, _failed(cluster, _without_any(ledger, cluster), take)
        manifest = ledger.snapshots.manifest(ref)
    except KledError as error:
        if error.retryable:
            raise
        return cluster, None  # a verification tells
    if why := speaks_against(ledger, manifest):
        return cluster, _failed(cluster, f"no trusted snapshot has them: of {ref.id}: {why}", take)
    why = say_lack(ledger, manifest)
    others = "" if not why or settling.is_of_damage(why) else "the newest snapshot has others: "
    told = f"{others}of {ref.id}: {why}" if why else ""
    return cluster, _failed(cluster, told, settling.command_for(why, cluster, ref.id))


def _failed(cluster: str, why: str, hint: str) -> Check | None:
    return bad(f"{NAME}: {cluster}", why, hint) if why else None


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
