"""Clusters that have moved away from the state store at hand.

A revived former home goes on taking hourly snapshots. They do not count, and its runs say so.
"""

from dataclasses import replace
from typing import Final

from kled.errors import SnapshotNotTrustworthy
from kled.kops.fields.fixed_fields import mending
from kled.kops.state_store import contents, locations
from kled.sentences import options
from kled.snapshot.create.results import ClusterResult
from kled.snapshot.epoch import epoch
from kled.snapshot.epoch.raising import raise_command
from kled.snapshot.trust.ledger import Ledger
from kled.store_urls import is_among, is_same
from kled.visible import visible

_BASE: Final = "spec.configBase"
LIVES_ELSEWHERE: Final = "the cluster lives in"
"""How the reason of distrust begins that a raise of the epoch settles."""


def explain_moved(ledger: Ledger, results: list[ClusterResult]) -> list[ClusterResult]:
    """Return the results, each of a cluster that moved away with that as a reason of distrust.

    The epoch is asked only where the newest run of another state store has seen the cluster, too.
    """
    return [_explain(ledger, _explain_misplaced(ledger.here, result)) for result in results]


def _explain_misplaced(here: str | None, result: ClusterResult) -> ClusterResult:
    """Return the result with what mends a definition that names places outside of its own.

    What a snapshot would put back does not: that of before a move names the old place, too. Where
    it is the definition of another cluster, it is put back as a whole.
    """
    if any(map(contents.is_of_another_object, result.reasons)):
        return result
    fields = [field for field in map(locations.field_of, result.reasons) if field]
    if not fields or here is None or result.cure:
        return result
    name = options(name=result.cluster)
    root = locations.root_of(here, result.cluster)
    sets = " ".join(mending(field, root) for field in fields if "[" not in field)
    edited = f"where somebody edited it: kled kops edit-cluster {name} {sets}".rstrip()
    cure = (
        f"the definition has to name places below {root}; where it was restored here from another"
        f" place: kled snapshot restore {name} --snapshot=latest --rewrite-places;"
        f" {_advise_renamed(here, result) or edited}"
    )
    return replace(result, cure=cure)


def _advise_renamed(here: str, result: ClusterResult) -> str:
    """Say what is typed where the definition names the cluster's place in another state store.

    To have it name its own place would not make the machines its own.
    """
    base = (
        locations.url_in(reason) for reason in result.reasons if locations.field_of(reason) == _BASE
    )
    home, _, name = next(base, "").rpartition("/")
    if name != result.cluster or not home:
        return ""
    forgets = options(name=result.cluster, state=here, unregister=True)
    return (
        f"where this is a copy of {home}, it has no machines, and goes with kled kops"
        f" delete-cluster {forgets}; only where the state store was renamed, or nobody uses that"
        f" one any more: {raise_command(result.cluster, here, home)}"
    )


def _explain(ledger: Ledger, result: ClusterResult) -> ClusterResult:
    if result.error is not None or not _is_seen_elsewhere(ledger, result.cluster):
        return result
    try:
        known = epoch.read(ledger.snapshots, result.cluster)
    except SnapshotNotTrustworthy:  # who changes the cluster is told
        return result
    here = ledger.here or ""
    if known is None or known.vacant or is_same(known.state_store, here):
        return result
    if not is_among(here, known.homes or ()):  # another cluster of that name
        return result
    why = f"{LIVES_ELSEWHERE} {visible(known.state_store)} since epoch {known.number}"
    cure = (
        "a recovery moved it, and what is taken here counts for it no more: stop the runs over this"
        " state store; where it lives: kled snapshot epoch show"
        f" {options(name=result.cluster)}"
    )
    return replace(result, reasons=(*result.reasons, why), cure=cure)


def _is_seen_elsewhere(ledger: Ledger, cluster: str) -> bool:
    here = ledger.here
    return any(here is None or not is_same(url, here) for url, _, _ in ledger.alive(cluster))
