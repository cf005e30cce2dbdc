"""Snapshots of state stores: taken, looked at, proved, restored, kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kled.api.calls import Calls, checked
from kled.api.values import Mirrored, PlannedRestore, Pruned, Restored, RestoreOptions, Verified
from kled.errors import InvalidInput
from kled.kops.state_store.layout import require_cluster_name
from kled.operations.recovery import restore_state
from kled.operations.recovery.restorable import require_readable, require_trusted
from kled.operations.recovery.restore_state import RestoreState
from kled.operations.snapshots import list_snapshots, named_snapshots
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.snapshots.list_snapshots import Listed
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.operations.snapshots.plan_snapshots import PlanPrune, refusal
from kled.operations.snapshots.proved_level import require_level
from kled.operations.snapshots.prune import PruneSnapshots
from kled.operations.snapshots.verify import VerifySnapshots

if TYPE_CHECKING:
    from kled.snapshot.create.results import RunResult
    from kled.snapshot.diff.diff import Difference
    from kled.snapshot.retention.prune import PrunePlan

_LEVELS = (0, 1, 2, 4)
_USUAL = RestoreOptions()


@dataclass(frozen=True, slots=True)
class Snapshots:
    """A snapshot is named by its id, `newest`, or `latest`: the newest that can be trusted.

    Where a cluster is None all are meant. Raises `SettingsError` where no snapshot store is named,
    `SnapshotMissing` where there is no such snapshot, and `SnapshotNotTrustworthy` where something
    is wrong with one that a call rests on.
    """

    _calls: Calls

    def create(
        self,
        names: Sequence[str] | None = None,
        *,
        etcd_backups: int | None = 1,
        retain_until: datetime | None = None,
        anew: bool = False,
        rotated: Sequence[str] = (),
        raises: bool = True,
    ) -> "RunResult":
        """Take snapshots of the named clusters, or of all; a row for each is in the result.

        Where nothing is new the result names the earlier snapshot (`reused`). `etcd_backups` is how
        many of each etcd cluster are taken, None all of them. `retain_until` locks new objects.
        `anew` writes everything anew, and gives up what the store has lost. `rotated` names secrets
        of the one cluster that were changed on purpose. Raises where not all of every cluster is in
        a snapshot that can be trusted; without `raises` the rows alone say so.
        """
        _require_zone(retain_until)
        chosen = None if names is None else _clusters(names)
        operation = BackUpState(chosen, etcd_backups, retain_until, not anew, tuple(rotated))
        report = self._calls.run_to_end(operation)
        if not raises and report.result is not None:
            return report.result.run
        return report.require().result.run

    def list(self, cluster: str | None = None) -> tuple[Listed, ...]:
        """Return the snapshots, oldest first; each says whether it can be trusted, or why not."""
        with self._calls.stores() as stores:
            return list_snapshots.list_snapshots(
                stores.snapshots, _one(cluster), stores.remembering
            )

    def missing(self, cluster: str | None = None) -> tuple[str, ...]:
        """Say in words which snapshots somebody removed, and what else is odd about the store.

        And which clusters of the state store have keys, and no snapshot; it is listed for that.
        """
        with self._calls.stores() as stores:
            kept, state = stores.snapshots, stores.remembering
            listed = list_snapshots.list_snapshots(kept, _one(cluster), state)
            return list_snapshots.find_missing(kept, listed, cluster, state).warnings

    def show(self, cluster: str, snapshot: str = "newest") -> Mapping[str, object]:
        """Return the manifest as plain data, with `trusted`, `reasons`, `level` and `proofs`."""
        with self._calls.stores() as stores:
            manifest, worth = named_snapshots.describe(
                stores, require_cluster_name(cluster), snapshot, self._calls.observer.noted
            )
            return {**manifest.model_dump(mode="json"), **worth}

    def diff(self, cluster: str, before: str, after: str) -> "tuple[Difference, ...]":
        """Return what differs between two snapshots, or one and what is `live`.

        Secrets are compared by fingerprints, and no value of one is in the result.
        """
        with self._calls.stores() as stores:
            name = require_cluster_name(cluster)
            noted = self._calls.observer.noted
            return named_snapshots.compare(stores, name, before, after, noted)

    def verify(
        self,
        cluster: str | None = None,
        *,
        snapshot: str = "newest",
        level: int = 1,
        raises: bool = True,
    ) -> tuple[Verified, ...]:
        """Read one snapshot back and prove it, or the newest of every cluster.

        Levels: 0 digests, 1 contents, 2 a kops reads it, 4 etcd backups open. Raises where one
        cannot be trusted, or was not proved up to `level`; without `raises` the rows alone say so.
        """
        if level not in _LEVELS:
            raise InvalidInput("level", f"{level} is none of {', '.join(map(str, _LEVELS))}")
        if cluster is not None:
            with self._calls.stores() as stores:
                named = named_snapshots.named_snapshot(stores, _one(cluster) or "", snapshot)
            operation = VerifySnapshots(level, named)
        else:
            operation = VerifySnapshots(level, which=snapshot)
        report = self._calls.run_to_end(operation)
        if raises or report.result is None:
            require_level(report.require().result)
        seen = report.result.rows if report.result is not None else ()
        return tuple(map(Verified.of, seen))

    def plan_restore(
        self,
        cluster: str,
        snapshot: str,
        *,
        options: RestoreOptions = _USUAL,
        digest: str | None = None,
    ) -> PlannedRestore:
        """Return what a restore would write, every byte proved; and what it would be refused with.

        With `digest` also where that plan is not this one any more.
        """
        wish, moves = options.wish(require_cluster_name(cluster), snapshot), options.raise_epoch
        digest = None if digest is None else checked(digest)
        with self._calls.session(with_kops=False) as session:
            meant = restore_state.settle(session.stores, wish, moves=moves)
            require_readable(meant)
            plan = restore_state.plan(session.stores, meant.wish)
            error = refusal(session, meant, moves=moves, digest=digest, now=True)
            looked_at = meant.looked_at(session.stores, plan)
            return PlannedRestore.of(plan, looked_at, self._calls.told(error))

    def restore(
        self,
        cluster: str,
        snapshot: str,
        *,
        confirm: str | None = None,
        digest: str | None = None,
        options: RestoreOptions = _USUAL,
    ) -> Restored:
        """Write what the snapshot has and the place lacks, after every byte was proved.

        A protected cluster needs its name once more in `confirm`: that of the place written to.
        `digest` goes on only with the plan that was looked at. What is there already is left as it
        is, so that after a kill the same call goes on where it stopped.
        """
        wish, moves = options.wish(require_cluster_name(cluster), snapshot), options.raise_epoch
        digest = None if digest is None else checked(digest)
        with self._calls.stores() as stores:
            meant = restore_state.settle(stores, wish, moves=moves)
            require_trusted(meant)
        for remark in meant.passed_over:
            self._calls.observer.noted(f"warning: {remark}")
        operation = RestoreState(meant.wish, confirm, digest, moves)
        return Restored.of(cluster, self._calls.run(operation).result.as_json())

    def plan_prune(
        self, cluster: str | None = None, *, keep: Mapping[str, int] | None = None
    ) -> "PrunePlan":
        """Return which snapshots retention would remove, and why the others stay.

        `keep` has numbers for `last`, `hourly`, `daily`, `weekly`, `monthly` and `yearly`, which
        win over the settings file's.
        """
        return self._calls.run(PlanPrune(_numbers(keep), _one(cluster))).result

    def prune(
        self,
        cluster: str | None = None,
        *,
        keep: Mapping[str, int] | None = None,
        confirm: str | None = None,
    ) -> Pruned:
        """Remove what retention does not keep; never the newest that can be trusted.

        A protected cluster is pruned by itself, with its name once more in `confirm`.
        """
        operation = PruneSnapshots(_numbers(keep), _one(cluster), confirm)
        return Pruned.of(self._calls.run(operation).result.as_json())

    def mirror(
        self, to: str, *, cluster: str | None = None, retain_until: datetime | None = None
    ) -> Mirrored:
        """Copy what the snapshot store `to` lacks, every byte proved; nothing is deleted there."""
        _require_zone(retain_until)
        operation = MirrorSnapshots(to, _one(cluster), retain_until)
        return Mirrored.of(self._calls.run(operation).result.as_json())


def _clusters(names: Sequence[str]) -> tuple[str, ...]:
    """Return the clusters meant; raise `InvalidInput` for none, and for a name by itself."""
    if isinstance(names, str):
        raise InvalidInput("names", f"is one name: write [{names!r}]")
    if not names:
        raise InvalidInput("names", "names no cluster: leave it out for all of them")
    return tuple(map(require_cluster_name, names))


def _one(cluster: str | None) -> str | None:
    return None if cluster is None else require_cluster_name(cluster)


def _numbers(keep: Mapping[str, int] | None) -> dict[str, int]:
    """Return how many snapshots are kept; raise `InvalidInput` for what no policy has."""
    known = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
    for name in keep or {}:
        if name not in known:
            raise InvalidInput("keep", f"{name!r} is none of {', '.join(known)}")
    return dict(keep or {})


def _require_zone(moment: datetime | None) -> None:
    if moment is not None and moment.tzinfo is None:
        raise InvalidInput("retain_until", "has no time zone")
