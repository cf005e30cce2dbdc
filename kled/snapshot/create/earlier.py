"""What a new run takes over from earlier ones: what they knew, and what it may build on.

Where nothing is new an earlier snapshot counts, and says again what is wrong with the cluster, in
every run until that is cured. One that failed a check, mixes two states, or was judged incomplete
by another kled is not built on: it is taken anew.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.create.halfway import has_open_restore
from kled.snapshot.create.making import find_referred_payloads
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.create.selection import Selection
from kled.snapshot.documents.manifest import Manifest, Payload
from kled.snapshot.documents.proofs import find_marked
from kled.snapshot.documents.runs import Run, RunEntry
from kled.snapshot.epoch import epoch
from kled.snapshot.losses.losses import Losses, change_refusal
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust import failed_backups
from kled.snapshot.trust.failed_before import failed_before, rest_on_check
from kled.snapshot.trust.failed_checks import FailedCheck, failed_checks
from kled.snapshot.trust.judging import check_blobs, judge, read_listing
from kled.snapshot.trust.ledger import Ledger
from kled.snapshot.trust.trust import COMPLETE, birth_findings, sum_up
from kled.snapshot.verify.contents import require_stored
from kled.store_urls import of_store


@dataclass(frozen=True, slots=True)
class Standing:
    """What an earlier snapshot is worth for an unchanged cluster."""

    findings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why it cannot be trusted."""
    anew: str = ""
    """Why a new snapshot has to replace it; empty where it may stay."""


class Earlier:
    """The newest run of one state store, and the snapshots that it names."""

    def __init__(
        self,
        ledger: Ledger,
        state_store: str,
        run_id: str,
        *,
        options: CreateOptions,
        requests: Executor,
    ) -> None:
        """Without the `reuse` of `options`, or with what was `rotated`, nothing is built on."""
        self._snapshots = ledger.snapshots
        self._ledger = ledger
        self._state_store = state_store
        self._id = run_id
        self._by = options.by
        self._reuse = options.reuse and not options.rotated
        self._halfway = options.halfway
        self._requests = requests
        self._distrusted: set[str] = set()
        self._damaged: set[str] = set()
        self.warnings: list[str] = []
        self.findings: list[str] = []
        self._marking = requests.submit(
            find_marked, self._snapshots
        )  # nobody waits for one LIST more
        self._failed: dict[str, tuple[FailedCheck, ...]] = {}
        self._run = self._newest_run()

    def sample(self) -> None:
        """Look whether one snapshot, another one each time, is there with its blobs, or forget it.

        To look at all costs a request for each cluster; that is done where it is not sure that the
        run is the newest, where it is not signed though a key is configured, and by `verify`.
        """
        run = self._run
        if run is None or not self._reuse:
            return
        names = sorted(name for name, entry in run.clusters.items() if entry.snapshot)
        if not names:
            return
        at = int(self._id[-4:], 16) % len(names)
        unsure = self._ledger.doubts or (self._snapshots.verification_keys and not run.signed)
        looked_at = names if unsure else names[at : at + 1]
        with_blobs = partial(self._if_lost, run, sampled=names[at])
        lost = set(filter(None, self._requests.map(with_blobs, looked_at)))
        kept = {name: entry for name, entry in run.clusters.items() if name not in lost}
        self._run = replace(run, clusters=kept)

    def forget_lost(self, losses: Losses) -> None:
        """Build on none of these that is gone, as its listing says; a GET for each.

        The newest snapshots of the clusters that are altered are read back, every byte of their
        archives; of those without an archive of their own it is asked whose they have.
        """
        run = self._run
        if run is None:
            return
        names = [ref.cluster for ref in losses.refs if self._is_newest(run, ref)]
        gone = self._requests.map(partial(self._why_lost, run), names)
        lost = {name for name, why in zip(names, gone, strict=True) if why is not None}
        kept = {name: entry for name, entry in run.clusters.items() if name not in lost}
        asked = dict.fromkeys((*losses.altered, *losses.unarchived))
        doubted = [name for name in asked if name in kept and kept[name].snapshot]
        unread = set(filter(None, self._requests.map(partial(self._if_lost, run), doubted)))
        kept = {name: entry for name, entry in kept.items() if name not in unread}
        whole = self._requests.map(partial(self._is_archived, run, losses), {*doubted} - unread)
        self._damaged |= {name for name, good in whole if not good}
        self._run = replace(run, clusters=kept)

    def require_whole(self, clusters: Sequence[str], lost: Sequence[str]) -> None:
        """Raise the losses that prevent a change of the clusters; a GET for each.

        That is what is known to be `lost`, and a newest snapshot that is gone or another one than
        the run names: somebody was at the store.
        """
        run = of_store(self._ledger.runs, self._state_store)
        known = run.clusters if run is not None else {}
        reasons = list(lost)
        for name in clusters:
            if run is None or name not in known or known[name].snapshot is None:
                continue
            why = self._why_lost(run, name)
            reasons += [f"{why}, though run {run.id} names it"] if why is not None else []
        if reasons:
            raise change_refusal(reasons)

    def known(self) -> dict[str, RunEntry]:
        """Return what earlier runs of this state store knew, whoever could read their snapshots."""
        earlier = self._run or of_store(self._ledger.runs, self._state_store)
        return dict(earlier.clusters) if earlier else {}

    def entry(self, cluster: str) -> RunEntry | None:
        """Return what is known of a cluster that has a snapshot to go on from; else None."""
        if self._run is None or not self._reuse or cluster in self._distrusted:
            return None
        entry = self._run.clusters.get(cluster)
        return entry if entry and entry.snapshot else None

    def is_unchanged(self, chosen: Selection) -> bool:
        """Say whether nothing is new since an earlier snapshot."""
        entry = self.entry(chosen.cluster)
        if entry is None or entry.fuzzy or chosen.cluster in self._damaged:
            return False
        seen = (entry.definition_digest, entry.etcd_digest)
        return seen == (chosen.definition_digest, chosen.etcd_digest)

    def has_definition(self, chosen: Selection) -> bool:
        """Say whether an earlier snapshot has an archive of the same definition."""
        entry = self.entry(chosen.cluster)
        return entry is not None and entry.definition_digest == chosen.definition_digest

    def standing(self, cluster: str) -> Standing | None:
        """Return what the earlier snapshot is worth now; None where it is no longer built on.

        Asks the store only of one that was not complete, or that a check went wrong for.
        """
        entry = self.entry(cluster)
        if entry is None:
            return None
        ref = SnapshotRef(cluster, entry.snapshot or "")
        marked = any(name == cluster for name, _ in self._marking.result())
        look = entry.level < COMPLETE or marked
        standing = standing_of(self._snapshots, ref, self._by) if look else Standing()
        anew = standing.anew or self._is_cured(cluster, entry, standing)
        if marked and not anew:
            anew = self._fails_by_now(ref, entry, standing)
        if anew:
            self._distrust(cluster, f"{ref.id} of {cluster}: {anew}")
            return None
        return standing

    def failed_backups(self, cluster: str) -> Mapping[str, str]:
        """Say which backups of etcd failed a check, by the SHA-256 of their data."""
        return failed_backups.failed_backups(self._failed_checks(cluster))

    def failed_before(self, cluster: str, digest: str) -> tuple[str, ...]:
        """Say which checks failed of snapshots that hold the definition of that digest."""
        return failed_before(self._failed_checks(cluster), digest)

    def _failed_checks(self, cluster: str) -> tuple[FailedCheck, ...]:
        """Return the failed checks of a cluster, which is asked about once in a run."""
        if cluster not in self._failed:
            checks = failed_checks(self._snapshots, self._marking.result(), cluster)
            self._failed[cluster] = tuple(checks)
        return self._failed[cluster]

    def _is_cured(self, cluster: str, entry: RunEntry, standing: Standing) -> str:
        """Say that what it was not complete for is over: a check holds, or a restore has ended."""
        if has_open_restore(standing.findings) and not self._halfway(cluster):
            return "the restore that was open has ended"
        definition = rest_on_check(standing.findings)
        backups = failed_backups.rest_on_check(standing.findings)
        if not (definition or backups):
            return ""
        if definition and self.failed_before(cluster, entry.definition_digest or ""):
            return ""
        return "" if backups and self.failed_backups(cluster) else "the check that failed holds now"

    def _fails_by_now(self, ref: SnapshotRef, entry: RunEntry, standing: Standing) -> str:
        """Say that a check of another snapshot failed what this one holds, and does not say so.

        A check of the newest one comes too late for one that was made after it was taken.
        """
        digest = entry.definition_digest or ""
        if not standing.findings and self.failed_before(ref.cluster, digest):
            return "its definition failed a check since"
        failed = self.failed_backups(ref.cluster)
        manifest = self._snapshots.manifest(ref)
        known = {damage.key for damage in manifest.damaged}
        held = (
            record
            for record in manifest.objects
            if record.sha256 in failed and record.key not in known
        )
        return "a backup of etcd in it failed a check since" if next(held, None) else ""

    def to_build_on(self, chosen: Selection) -> Manifest | None:
        """Return the manifest to build on; None where there is none that can be trusted.

        What the new snapshot would refer to is read back, every byte: a damaged archive would be
        handed on from snapshot to snapshot, as long as nothing changes.
        """
        cluster, entry = chosen.cluster, self.entry(chosen.cluster)
        if entry is None or entry.fuzzy or self.standing(cluster) is None:
            return None
        ref = SnapshotRef(cluster, entry.snapshot or "")
        try:
            earlier = self._snapshots.manifest(ref)
            self._require_all_stored(ref, find_referred_payloads(earlier, chosen))
        except (SnapshotMissing, SnapshotNotTrustworthy) as error:
            if cluster not in self._damaged:  # else that was said
                self.findings.append(f"{error.message}, though run {entry.run} names it")
            self._distrust(cluster, error.message)
            return None
        return earlier if earlier.recipients == self._snapshots.keys.recipients else None

    def _require_all_stored(self, ref: SnapshotRef, payloads: Sequence[Payload]) -> None:
        """Read all at once; raise what is wrong with the first that is not as it was written."""
        stored = [
            self._requests.submit(
                require_stored,
                self._snapshots,
                payload,
                f"{payload.key}, of snapshot {ref.id},",
            )
            for payload in payloads
        ]
        for reading in stored:
            reading.result()

    @staticmethod
    def _is_newest(run: Run, ref: SnapshotRef) -> bool:
        entry = run.clusters.get(ref.cluster)
        return entry is not None and entry.snapshot == ref.id

    def _distrust(self, cluster: str, why: str) -> None:
        self.warnings.append(f"{why}: a new snapshot is made that needs no earlier one")
        self._distrusted.add(cluster)

    def _newest_run(self) -> Run | None:
        """Return the run to build on; one with other recipients is none, nor is one in doubt."""
        run = of_store(self._ledger.runs, self._state_store)
        if run is None or run.recipients != self._snapshots.keys.recipients:
            return None
        return run

    def _if_lost(self, run: Run, name: str, sampled: str = "") -> str | None:
        """Return the name where its snapshot is not there, or blobs of the `sampled` one are not.

        Says so.
        """
        why = self._why_lost(run, name, blobs=name == sampled)
        if why is None:
            return None
        self.findings.append(f"{why}, though run {run.id} names it")
        return name

    def _is_archived(self, run: Run, losses: Losses, name: str) -> tuple[str, bool]:
        """Return the name, and whether the archive is what was written; say so where it is not.

        An archive that is listed, and was not written since, is not read.
        """
        ref = SnapshotRef(name, run.clusters[name].snapshot or "")
        try:
            manifest = self._snapshots.manifest(ref)
            listed = SnapshotRef(name, manifest.archive_of) in losses.archived
            if name in losses.altered or not listed:
                archived = manifest.archive
                require_stored(self._snapshots, archived, f"{archived.key}, of snapshot {ref.id},")
        except (SnapshotMissing, SnapshotNotTrustworthy) as error:
            self.findings.append(f"{error.message}, though run {run.id} names it")
            return name, False
        return name, True

    def _why_lost(self, run: Run, name: str, *, blobs: bool = False) -> str | None:
        ref = SnapshotRef(name, run.clusters[name].snapshot or "")
        try:
            manifest = self._snapshots.manifest(ref)
        except (SnapshotMissing, SnapshotNotTrustworthy) as error:
            return error.message
        if not blobs:
            return None
        seen = check_blobs(self._snapshots, manifest)
        if seen.damaged:  # a new one would need them, too: what is there is not written over
            self.findings.append(f"snapshot {ref.id} of {name}: {sum_up(seen.damaged)}")
            return None
        return f"snapshot {ref.id} of {name}: {sum_up(seen.gone)}" if seen.gone else None


def standing_of(snapshots: SnapshotStore, ref: SnapshotRef, by: str) -> Standing:
    """Look at an earlier snapshot; `by` is the kled that looks. One LIST, and a GET or a few.

    Raises what may pass.
    """
    try:
        judged = judge(snapshots, ref, read_listing(snapshots, ref.cluster), {ref})
    except SnapshotMissing as error:
        return Standing(anew=error.message)
    if judged.manifest is None or judged.failed:
        return Standing(anew=sum_up(judged.trust.reasons[-1:]))
    if judged.manifest.level < COMPLETE and not _is_judged_by(judged.manifest, by):
        return Standing(anew="another kled judged it incomplete, or did not say why")
    if judged.manifest.level < COMPLETE and _is_past(snapshots, judged.manifest):
        return Standing(anew="the cluster was deleted or began anew with other keys since")
    return Standing(birth_findings(judged.manifest), judged.trust.reasons)


def _is_past(snapshots: SnapshotStore, judged: Manifest) -> bool:
    """Whether it was judged beside the snapshots of an earlier cluster of that name."""
    try:
        known = epoch.read(snapshots, judged.cluster)
    except SnapshotNotTrustworthy:  # who changes the cluster is told
        return False
    return known is not None and epoch.is_past(known, judged.id, judged.state_store)


def _is_judged_by(manifest: Manifest, by: str) -> bool:
    return bool(birth_findings(manifest)) and all(proof.by == by for proof in manifest.proofs)
