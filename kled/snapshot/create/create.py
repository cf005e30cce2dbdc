"""Making snapshots: of named clusters, or of every cluster of a state store in one run.

A run over all lists the state store once, reads what changed since the newest run, lists once more,
and writes. Nothing is written for a cluster where nothing is new. One cluster that cannot be
snapshotted never keeps the others from it.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from kled.errors import KledError
from kled.pool import Pool
from kled.snapshot.choosing import way_back
from kled.snapshot.create import listing, read_along
from kled.snapshot.create.at_birth import KopsReader
from kled.snapshot.create.earlier import Earlier
from kled.snapshot.create.first_look import FirstLook
from kled.snapshot.create.making import MadeSnapshot, Making
from kled.snapshot.create.next_run import TakenSnapshot, entry_of, next_run, remember, require_fit
from kled.snapshot.create.pools import CLUSTERS_AT_ONCE, open_pools
from kled.snapshot.create.reading import Reader, list_cluster, settle
from kled.snapshot.create.results import ClusterResult, CreateOptions, RunResult
from kled.snapshot.create.row_words import explain_failure, explain_unfit, name_linked
from kled.snapshot.create.rows import row_of_made, row_of_reused
from kled.snapshot.create.selection import Orphan, Selection
from kled.snapshot.create.sorted_out import Early, LookedAt, sort_out
from kled.snapshot.documents import runs, sealing
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.epoch import epoch
from kled.snapshot.losses import moved
from kled.snapshot.losses.losses import losses_of
from kled.snapshot.losses.lost_backups import lost_backups
from kled.snapshot.losses.lost_keysets import lost_keysets
from kled.snapshot.losses.vanished import Vanished, absent_cluster, find_vanished, no_cluster
from kled.snapshot.progress import Progress
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.trust import ages
from kled.snapshot.trust.ledger import prepare_to_write
from kled.snapshot.trust.trust import birth_findings
from kled.storage.base import ObjectStore


def create(
    state: ObjectStore,
    snapshots: SnapshotStore,
    clusters: Sequence[str] | None,
    *,
    options: CreateOptions,
    progress: Progress,
    first: FirstLook | None = None,
) -> RunResult:
    """Snapshot the named clusters, or all; return what became of each.

    `first` is a look that has begun, at the same stores; else this begins with one.

    Safe to repeat, to kill and to run from two machines at once: a snapshot exists when its
    manifest does, which is written last and never over another. Raises what the stores raise where
    they cannot be used at all; errors of one cluster are in its result.
    """
    with open_pools() as (requests, workers):
        run = _Create(state, snapshots, options, progress, requests, workers, first)
        return run.run(clusters)


class _Create:
    """One run."""

    def __init__(  # noqa: PLR0913, PLR0917 - as `create`, and what it works with
        self,
        state: ObjectStore,
        snapshots: SnapshotStore,
        options: CreateOptions,
        progress: Progress,
        requests: Pool,
        workers: Pool,
        first: FirstLook | None,
    ) -> None:
        self._state = state
        self._snapshots = snapshots
        self._options = options
        self._progress = progress
        self._requests = requests
        self._workers = workers
        self._warnings: list[str] = []
        self._orphans: list[str] = []
        self._gone = Vanished()
        self._findings: list[str] = []
        self._lost: set[str] = set()
        self._strangers: set[str] = set()  # named, and known nowhere: none is ever asked for
        self._made: dict[str, TakenSnapshot] = {}
        self._early = Early(workers, self._make_listed)
        self._id = snapshots.new_id()
        first = first or FirstLook(state, lambda: snapshots, options.halfway)
        self._ledger = first.ledger()  # open restores are known before any cluster is listed
        self._earlier = Earlier(
            self._ledger,
            state.location.url,
            self._id,
            options=options,
            requests=requests,
        )
        self._making = Making(
            state,
            snapshots,
            progress,
            self._id,
            options.by,
            options.retain_until,
            KopsReader(options.kops_check),
            lost_keysets(self._ledger, options.rotated),
            lost_backups(self._ledger, options.etcd_backups),
            self._earlier.failed_before,
            self._earlier.failed_backups,
            options.halfway,
            requests,
        )

    def run(self, clusters: Sequence[str] | None) -> RunResult:
        """Do it, and write the run's document where something was looked at."""
        self._settled = self._options.settles and clusters is None
        require_fit(self._ledger, self._options)
        self._store = prepare_to_write(self._snapshots, self._ledger, self._id)
        left, cured = self._ledger.findings_by(self._snapshots.root)
        self._findings += [*self._ledger.doubts, *left]
        self._warnings += [*cured, *self._ledger.remarks]
        self._warnings += sealing.remarks(self._snapshots.sealer, self._snapshots.opener)
        results = self._take_all() if clusters is None else self._take_named(clusters)
        results.sort(key=lambda result: result.cluster)
        written = [result for result in results if result.cluster not in self._strangers]
        known = self._earlier.known() and not self._strangers
        if written or known:  # nothing is written into what may not be mounted
            self._write_run(written)
        settled, findings = self._settled, (*self._findings, *self._earlier.findings)
        return RunResult(
            self._id,
            tuple(moved.explain_moved(self._ledger, results)),
            tuple(self._orphans),
            (*self._warnings, *self._earlier.warnings, *(findings if settled else ())),
            () if settled else findings,
            None if results else no_cluster(self._state.location.url, self._orphans),
        )

    def _look_for_lost(self, clusters: Sequence[str] | None) -> None:
        """Say which of the newest snapshots are gone; before a change that is raised."""
        looking = self._requests.submit(losses_of, self._ledger, clusters)
        self._earlier.sample()
        losses = looking.result()
        self._held = losses.held
        self._lost = {ref.cluster for ref in losses.refs}
        if self._options.before_change:
            self._earlier.require_whole(clusters or (), losses.reasons)
        self._earlier.forget_lost(losses)
        (self._warnings if self._options.settles else self._findings).extend(losses.reasons)

    def _take_named(self, clusters: Sequence[str]) -> list[ClusterResult]:
        self._look_for_lost(clusters)
        self._progress.expect(clusters=len(clusters))
        return list(self._workers.map(self._take, dict.fromkeys(clusters)))

    def _take(self, cluster: str) -> ClusterResult:
        def work() -> ClusterResult:
            listed = self._drop_ended(self._relist(cluster))
            if isinstance(listed, Orphan):
                if not listed.objects and cluster not in self._earlier.known():
                    self._strangers.add(cluster)
                raise absent_cluster(listed)
            reused = None
            if self._earlier.is_unchanged(listed) and self._earlier.to_build_on(listed) is not None:
                reused = self._reuse(listed)
            return reused or self._make(listed, None)

        return self._explain(cluster, work)

    def _take_all(self) -> list[ClusterResult]:
        """Go through one listing; read what is new; agree by a second listing.

        What clusters are held against is asked for while the listing goes on.
        """
        known, backups = self._earlier.known(), self._options.etcd_backups
        with listing.list_fleet(
            self._state, known, backups, self._requests, self._look_at
        ) as under_way:
            self._look_for_lost(None)
            under_way.go_on()
            clusters = sort_out(under_way)
        done, new = clusters.done, clusters.new
        self._orphans += clusters.orphans
        present = {result.cluster for result in done} | {chosen.cluster for _, chosen in new}
        done += self._look_for_gone(present)
        if len(new) * read_along.PAGE > clusters.last:  # a page each, or all the pages once more
            return done + self._read_along(new)
        return done + list(self._workers.map(lambda pair: self._make_listed(pair[1]), new))

    def _look_at(self, listed: Selection | Orphan) -> LookedAt:
        """Return its result where nothing is new or it is begun with, and else what was listed."""
        if isinstance(listed, Orphan):
            return explain_unfit(listed, self._state.location.url) or listed
        try:
            living = self._drop_ended(listed)
            if isinstance(living, Orphan):
                return living
            self._progress.expect(clusters=1)
            reused = self._earlier.is_unchanged(listed) and self._reuse(listed)
            known = self._earlier.entry(listed.cluster) is not None
            return reused or (known and self._early.begin(listed)) or listed
        except KledError as error:
            return self._fail(listed.cluster, error, 0.0)

    def _drop_ended(self, listed: Selection | Orphan) -> Selection | Orphan:
        """Return what was listed; the rest of a cluster that kled is deleting counts as an orphan.

        A GET for each cluster without its definition.
        """
        if isinstance(listed, Orphan) or not listed.lost:
            return listed
        known = epoch.read(self._snapshots, listed.cluster)
        ended = known is not None and epoch.is_ending(known, self._state.location.url)
        return Orphan(listed.cluster, listed.listed) if ended else listed

    def _look_for_gone(self, present: Collection[str]) -> list[ClusterResult]:
        """Say which clusters an earlier run saw and this one does not."""
        back = partial(way_back, self._snapshots, ledger=self._ledger)
        url = self._state.location.url
        self._gone = find_vanished(self._snapshots, self._earlier.known(), present, url, back)
        self._warnings += self._gone.warnings
        self._findings += self._gone.findings
        return list(self._gone.failures)

    def _make_listed(self, chosen: Selection) -> ClusterResult:
        return self._explain(chosen.cluster, lambda: self._make(chosen, None))

    def _read_along(self, new: Sequence[tuple[int, Selection]]) -> list[ClusterResult]:
        """Read many clusters along one second listing of the whole store."""
        finished = []
        for reader, again in read_along.read_along(
            self._state, new, self._options.etcd_backups, self._workers, self._make_reader
        ):
            finished.append(self._workers.submit(self._finish, reader, again))
            if len(finished) > CLUSTERS_AT_ONCE:
                finished[-CLUSTERS_AT_ONCE].result()  # not more in memory than are worked on
        return [future.result() for future in finished]

    def _make_reader(self, chosen: Selection) -> Reader:
        reader = Reader(self._state, chosen, self._requests, self._progress)
        self._progress.expect(objects=len(chosen.entries), size=sum(o.size for o in chosen.entries))
        return reader

    def _finish(self, reader: Reader, again: Selection | Orphan | None) -> ClusterResult:
        """`again` is what the second listing showed; None where it is not worth anything."""
        chosen = reader.selection
        return self._explain(chosen.cluster, lambda: self._make(chosen, (reader, again)))

    def _make(
        self, chosen: Selection, read: tuple[Reader, Selection | Orphan | None] | None
    ) -> ClusterResult:
        began = time.monotonic()
        building = self._requests.submit(self._earlier.to_build_on, chosen)
        if read is None and not self._earlier.has_definition(chosen):
            read = self._make_reader(chosen), None
            read[0].try_to_read()  # meanwhile
        earlier = building.result()
        if earlier is not None and earlier.definition_digest == chosen.definition_digest:
            return self._make_with_backups(chosen, earlier, began)
        reader, again = read or (self._make_reader(chosen), None)
        if reader.failed is not None:
            raise reader.failed
        if isinstance(again, Selection) and reader.agrees_with(again):
            picture = reader.picture(fuzzy=False)
        else:
            settled = settle(reader, lambda: self._relist(chosen.cluster))
            if isinstance(settled, Orphan):
                raise absent_cluster(settled)
            picture = settled
        return self._report(self._making.make(picture, earlier), picture.selection, began)

    def _make_with_backups(
        self, chosen: Selection, earlier: Manifest, began: float
    ) -> ClusterResult:
        """The definition is that of an earlier snapshot: read just the new etcd backups."""
        known = {(record.key, record.tag) for record in earlier.objects}
        new = tuple(backup for backup in chosen.backups if (backup.key, backup.tag) not in known)
        keys = {entry.key for entry in chosen.entries}
        if not new and any(damaged.key in keys for damaged in earlier.damaged):
            findings, reused = birth_findings(earlier), self._reuse(chosen)  # nothing cured it
            if reused is not None:
                return replace(reused, level=earlier.level, findings=findings)
        reader = self._make_reader(replace(chosen, definition=(), backups=new))
        reader.read()
        if not reader.complete:  # etcd-manager dropped one meanwhile: choose anew, and read it all
            again = self._relist(chosen.cluster)
            if isinstance(again, Orphan):
                raise absent_cluster(again)
            return self._make(again, None)
        picture = replace(reader.picture(fuzzy=False), selection=chosen)
        return self._report(self._making.make(picture, earlier), picture.selection, began)

    def _relist(self, cluster: str) -> Selection | Orphan:
        return list_cluster(self._state, cluster, self._options.etcd_backups)

    def _reuse(self, chosen: Selection) -> ClusterResult | None:
        """Return the earlier snapshot, which holds what is there; None where that is made anew."""
        standing = self._earlier.standing(chosen.cluster)
        entry = self._earlier.entry(chosen.cluster)
        if entry is None or standing is None:
            return None
        self._progress.done(clusters=1)
        self._warnings += name_linked(chosen)
        return row_of_reused(chosen, entry, standing)

    def _write_run(self, results: Sequence[ClusterResult]) -> None:
        """Write what is known now, and let the state store remember it."""
        clusters, settles = self._earlier.known(), self._options.settles
        for name, fate in self._gone.became.items():
            held = self._held.due(name, settled=settles)
            clusters[name] = replace(clusters[name], run=self._id, error=fate, held=held)
        for result in results:
            name = result.cluster
            if name not in self._gone.became:
                made, held = self._made.get(name), self._held.due(name, settled=settles)
                before = clusters.get(name)
                clusters[name] = entry_of(self._snapshots, result, before, made, self._id, held)
        forgotten = self._gone.lost_snapshots(self._snapshots) if settles else {}
        self._warnings += forgotten.values()
        clusters = {name: entry for name, entry in clusters.items() if name not in forgotten}
        run = next_run(
            self._ledger,
            self._id,
            self._state.location.url,
            clusters,
            orphans=self._orphans,
            store=self._store,
            settled=self._settled,
        )
        runs.write(self._snapshots, run)
        dating = self._requests.submit(ages.explain_wrong_date, self._snapshots, self._id)
        self._warnings += remember(
            self._state,
            self._ledger,
            run,
            forget=forgotten,
            keep=() if settles else self._lost,
            settled=self._settled,
        )
        self._findings += dating.result()

    def _report(self, made: MadeSnapshot, chosen: Selection, began: float) -> ClusterResult:
        manifest = made.manifest
        self._made[manifest.cluster] = TakenSnapshot.of(manifest)
        if made.remark:
            self._warnings.append(f'cluster "{manifest.cluster}": {made.remark}')
        self._progress.done(clusters=1)
        self._warnings += name_linked(chosen)
        return row_of_made(made, chosen, time.monotonic() - began)

    def _explain(self, cluster: str, work: Callable[[], ClusterResult]) -> ClusterResult:
        """Do the work; an error of one cluster is its result, whatever it is."""
        began = time.monotonic()
        try:
            return work()
        except Exception as caught:  # noqa: BLE001 - one cluster never ends the run of a fleet
            return self._fail(cluster, explain_failure(caught), time.monotonic() - began)

    def _fail(self, cluster: str, error: KledError, seconds: float) -> ClusterResult:
        before = self._earlier.entry(cluster)
        self._progress.done(clusters=1)
        snapshot = before.snapshot if before else None
        return ClusterResult(cluster, snapshot, seconds=seconds, error=error)
