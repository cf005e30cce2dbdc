"""Rows of a check about snapshots that are missing, were put in, or were never taken."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from kled.kops.state_store import keyset_keys
from kled.operations.snapshots import present_keys
from kled.sentences import options
from kled.snapshot.trust.settling import OF_A_COPY
from kled.store_urls import is_same

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.repository import SnapshotRef
    from kled.snapshot.trust.judging import Listing
    from kled.snapshot.trust.ledger import Ledger
    from kled.snapshot.trust.origin import Origins
    from kled.snapshot.verify.verify import VerifyReport

_PUT_BACK: Final = (
    "put it back from the bucket's versions or the second site, or give it up:"
    " kled snapshot create --all --anew"
)


def of_one(origins: "Origins", report: "VerifyReport") -> list[dict[str, Any]]:
    """Return the row of a single snapshot; only `latest` must have the present keys."""
    keys = present_keys.look(origins, present_keys.proved_manifests([report]))
    if keys.lacking and not present_keys.is_latest(origins, report.ref):
        keys = present_keys.PresentKeys()
    return of_reports(origins, [report], keys)


def of_reports(
    origins: "Origins", reports: "Sequence[VerifyReport]", keys: present_keys.PresentKeys
) -> list[dict[str, Any]]:
    """Return a row for each report; present keys that a proved snapshot lacks become a finding.

    Nothing of that is written beside the snapshot, which is as good as before. A copy of a cluster
    that was never complete is no finding: the copy's own runs report it.
    """
    rows = [
        _of_report(origins, report, keys.lacking.get(report.ref.cluster, "")) for report in reports
    ]
    manifests = [report.manifest for report in reports if report.manifest is not None]
    return [
        _in_the_light_of(origins, row, report, manifests)
        for row, report in zip(rows, reports, strict=True)
    ]


def _in_the_light_of(
    origins: "Origins",
    row: dict[str, Any],
    report: "VerifyReport",
    manifests: "Sequence[Manifest]",
) -> dict[str, Any]:
    """Return the row; the findings of a copy that was never complete become a remark.

    Where no epoch tells whether it is a copy, a finding says how to record that.
    """
    manifest, here = report.manifest, origins.ledger.here
    if manifest is None or not report.findings or report.level is None or manifest.level:
        return row
    home = origins.home_of_the_original(manifest)
    if home and _original(manifest, home, manifests):
        return _of_a_copy(row, home)
    unknown = origins.home_of(manifest.cluster) is None
    if here and unknown and (original := _original(manifest, here, manifests)):
        named = options(name=manifest.cluster, state=here, snapshot=original.id)
        said = f"{OF_A_COPY} kled snapshot epoch raise {named}"
        return {**row, "findings": [*row["findings"], said]}
    return row


def _original(
    manifest: "Manifest", home: str, manifests: "Sequence[Manifest]"
) -> "Manifest | None":
    """Return the snapshot of `home` that shares keys with a copy's; None where there is none.

    Without any key in common the other one is a different cluster of that name.
    """
    theirs = keyset_keys.certificates(manifest.keysets.values())
    same = (
        original
        for original in manifests
        if original.cluster == manifest.cluster
        and is_same(original.state_store, home)
        and theirs & keyset_keys.certificates(original.keysets.values())
    )
    return None if is_same(manifest.state_store, home) else next(same, None)


def _of_a_copy(row: dict[str, Any], home: str) -> dict[str, Any]:
    remark = f"it is of a copy of the cluster, which lives in {home}: {row['findings'][0]}"
    return {**row, "trustworthy": True, "findings": [], "unproved": [*row["unproved"], remark]}


def _of_report(origins: "Origins", report: "VerifyReport", lacks: str) -> dict[str, Any]:
    row: dict[str, Any] = report.as_json()
    if not lacks or report.manifest is None or origins.foreign(report.manifest):
        return row
    return {**row, "trustworthy": False, "findings": [*row["findings"], lacks]}


def rows_of_unsnapshotted(ledger: "Ledger", bare: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of clusters that were never taken, and of those whose keys no snapshot has.

    For a cluster that is both, the row has the error of its run, which says more.
    """
    taken = clusters_never_taken(ledger)
    more = (name for name in bare if name not in dict(taken))
    unkept = (
        {**row_of_store((present_keys.say_unkept(name),), ()), "cluster": name} for name in more
    )
    return [*(row_of_never_taken(cluster, error) for cluster, error in taken), *unkept]


def row_of_removed(ref: "SnapshotRef") -> dict[str, Any]:
    """Return the row of a snapshot that somebody removed."""
    findings = ("a run made it, and its manifest is gone: somebody removed it",)
    return {**row_of_store(findings, ()), "cluster": ref.cluster, "id": ref.id}


def row_of_stray(ref: "SnapshotRef", problem: str) -> dict[str, Any]:
    """Return the row of a snapshot with a problem."""
    return {**row_of_store((problem,), ()), "cluster": ref.cluster, "id": ref.id}


def strays_without_archive(
    ledger: "Ledger", listing: "Listing", checked: Sequence["SnapshotRef"]
) -> list[tuple["SnapshotRef", str]]:
    """Return the older snapshots that have lost their archives since losses were last settled."""
    from kled.snapshot.trust.judging import find_lost_archives  # noqa: PLC0415 - not for --help

    settled = (ledger.newest.begins if ledger.newest else None) or ""
    lost = find_lost_archives(ledger.snapshots, listing, settled)
    return [(ref, f"{problem}: {_PUT_BACK}") for ref, problem in lost if ref not in checked]


def clusters_never_taken(ledger: "Ledger") -> list[tuple[str, str]]:
    """Return the clusters that the newest runs saw and never took, each with the error."""
    return sorted(
        (cluster, entry.error)
        for run in ledger.runs.values()
        for cluster, entry in run.clusters.items()
        if entry.snapshot is None and entry.error
    )


def row_of_never_taken(cluster: str, error: str) -> dict[str, Any]:
    """Return the row of a cluster that was never taken."""
    return {**row_of_store((f"it has no snapshot: {error}",), ()), "cluster": cluster}


def row_of_store(findings: Sequence[str], remarks: Sequence[str]) -> dict[str, Any]:
    """Return the row of the store itself."""
    return {
        "cluster": "",
        "id": "",
        "wanted": None,
        "level": None,
        "trustworthy": not findings,
        "findings": list(findings),
        "seconds": 0.0,
        "etcd": {},
        "unproved": list(remarks),
    }
