"""All that reads what was mutated, and what must hold of it; a `KledError` is an answer."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kled.errors import KledError
from kled.kops.state_store import layout
from kled.operations.snapshots import list_snapshots
from kled.snapshot.choosing import choose
from kled.snapshot.diff.diff import diff
from kled.snapshot.diff.views import view_live, view_snapshot
from kled.snapshot.documents import names
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.snapshot.retention.mirror import mirror
from kled.snapshot.verify.verify import verify
from tests.crash.mutating.mutations import Mutation
from tests.crash.mutating.world import BY, A, B, Scene, Store, Target, World, sha256, told

LEVELS: Final = (0, 1, 4)


@dataclass(frozen=True)
class Case:
    """A mutation of a world; each consumer has a scene of its own."""

    world: World
    mutation: Mutation
    number: int

    def scene(self) -> Scene:
        return self.mutation.apply(self.world)

    @property
    def two(self) -> list[SnapshotRef]:
        """Two of the good snapshots: one that was hit, where there is one, and another."""
        refs = sorted(self.world.good)
        refs = refs[self.number % len(refs) :] + refs[: self.number % len(refs)]
        return sorted(refs, key=self.is_hit, reverse=True)[:2]

    def is_hit(self, ref: SnapshotRef) -> bool:
        """Whether what the snapshot itself is made of was written to."""
        if self.mutation.side == "state":
            return False
        own = names.snapshot_prefix(ref.cluster, ref.id)
        manifest = self.world.scene.snapshots.manifest(ref)
        needed = {payload.key for payload in manifest.payloads}
        return any(key.startswith(own) or key in needed for key in self.mutation.keys)


def lists(case: Case) -> None:
    kept = case.scene().snapshots
    with suppress(KledError):
        found = list_snapshots.list_snapshots(kept, None)
        list_snapshots.find_missing(kept, found, None)
        for one in found:
            one.as_json()
    for ref in case.world.newest.values():
        with suppress(KledError):
            list_snapshots.judge_worth(kept, ref)


def compares(case: Case) -> None:
    scene = case.scene()
    for ref in case.world.newest.values():
        live = stored = None
        with suppress(KledError):
            live = view_live(scene.state, ref.cluster, b"k")
        with suppress(KledError):
            stored = view_snapshot(scene.snapshots, scene.snapshots.manifest(ref), b"k")
        if live and stored:
            for change in diff(live, stored):
                change.line()
                change.as_json()


def verifies(case: Case) -> None:
    """What was not hit verifies, whatever stands beside it."""
    scene, level = case.scene(), LEVELS[case.number % 3]
    for ref in case.world.newest.values():
        try:
            report = verify(scene.snapshots, ref, level=level, by=BY, record=case.number % 2 == 0)
        except KledError:
            assert case.is_hit(ref) or case.mutation.key == names.ROOT, ref
            continue
        report.as_json()
        assert case.is_hit(ref) or report.trustworthy, (ref, report.findings)


def restores(case: Case) -> None:
    """By id what was not hit, all of it; and `latest` only what is good, or nothing."""
    for ref in case.two:
        scene = case.scene()
        with refused(case.is_hit(ref)):
            require_good(case, ref, restored(scene, ref), case.world.good[ref])
    for cluster in (A, B):
        scene = case.scene()
        with suppress(KledError):
            ref = choose(scene.snapshots, cluster, "latest", state=scene.state)
            written = restored(scene, ref)
            require_good(case, ref, written, case.world.good.get(ref, {}))


class refused(suppress):  # noqa: N801 - reads as a sentence
    """Lets a `KledError` pass for an answer where that is right."""

    def __init__(self, may_be: bool) -> None:
        super().__init__(*((KledError,) if may_be else ()))


def restored(scene: Scene, ref: SnapshotRef) -> dict[str, bytes]:
    """Restore into a store that holds something else; return what is there, and that it stays."""
    target = Target()
    target.put("neighbour.example.com/config", b"mine")
    kept = scene.snapshots
    plan = plan_restore(kept, kept.manifest(ref), target)
    assert {entry.key for entry in target.entries()} == {"neighbour.example.com/config"}
    plan.as_json()
    try:
        apply_restore(plan, kept, target)
    except KledError:
        assert len(list(target.entries())) == 1, "something was written before the refusal"
        raise
    found = {entry.key: target.get(entry.key).body for entry in target.entries()}
    assert found.pop("neighbour.example.com/config") == b"mine"
    return found


def require_good(
    case: Case, ref: SnapshotRef, written: Mapping[str, bytes], good: Mapping[str, bytes]
) -> None:
    assert all(key.startswith(f"{ref.cluster}/") for key in written), "outside of its place"
    assert not any(part in {"", ".", ".."} for key in written for part in key.split("/"))
    if case.mutation.strict(case.world.scene) or not case.is_hit(ref):
        prefix = f"{ref.cluster}/"
        plain = {
            k: v for k, v in good.items() if layout.kind_of(k.removeprefix(prefix)) != "control"
        }
        assert written == plain, f"wrong: {sorted(set(written.items()) ^ set(plain.items()))[:2]}"
        return
    records = {one.key: one.sha256 for one in case.scene().snapshots.manifest(ref).objects}
    for key, body in written.items():
        assert records[key.removeprefix(f"{ref.cluster}/")] == sha256(body)


def takes(case: Case) -> None:
    """A run takes every cluster that is whole, whatever else is not; and what it made is good."""
    scene = case.scene()
    try:
        result = scene.run()
    except KledError:
        assert case.mutation.side == "kept", "a state store ends no run"
        assert case.mutation.key in {names.ROOT, "odd key"} or case.mutation.kind == "run", (
            "nor this"
        )
        return
    with suppress(KledError):
        result.require_whole()
    rows = {one.cluster: one for one in result.clusters}
    for cluster in (A, B):
        own = case.mutation.side == "state" and case.mutation.key.startswith(f"{cluster}/")
        if not own:
            assert rows[cluster].error is None, (cluster, rows[cluster].error)
        row = rows.get(cluster)
        if row is not None and row.error is not None:
            row.as_json()
            assert "unexpected" not in row.error.message, row.error
        elif row is not None and not own:
            require_taken(case, scene, SnapshotRef(cluster, row.snapshot or ""))


def require_taken(case: Case, scene: Scene, ref: SnapshotRef) -> None:
    """What a run says that it took restores to what the state store holds."""
    if ref in case.world.good and case.is_hit(ref):
        return
    written = restored(scene, ref)
    for key, body in written.items():
        assert told(scene.state.bodies()[key]) == body, key


def prunes(case: Case) -> None:
    """Nothing goes that a snapshot needs which stays, and no cluster is left without a good one."""
    scene = case.scene()
    before = scene.kept.bodies()
    scene.clock.now += timedelta(days=3 if case.number % 2 else 120)
    with suppress(KledError):
        scene.prune()
    after = scene.kept.bodies()
    genuine = case.world.scene.kept.bodies()
    for ref in case.world.good:
        key = names.manifest_key(ref.cluster, ref.id)
        if after.get(key) != genuine[key]:
            continue
        manifest = case.world.scene.snapshots.manifest(ref)
        for payload in manifest.payloads:
            assert payload.key in after or payload.key not in before, f"{ref} needs {payload.key}"
    for ref in case.world.newest.values():
        if not case.is_hit(ref):
            assert names.manifest_key(ref.cluster, ref.id) in after, f"the newest of {ref.cluster}"


def mirrors(case: Case) -> None:
    """What was not hit is copied, and restores from the copy."""
    scene = case.scene()
    target = Store("second", scene.clock)
    with suppress(KledError):
        mirror(scene.snapshots, target, Quiet()).as_json()
        copy = Scene(scene.state, target, scene.keys, scene.clock, scene.variant)
        for ref in case.two:
            with refused(case.is_hit(ref)):
                require_good(case, ref, restored(copy, ref), case.world.good[ref])


def knows_where_it_lives(case: Case) -> None:
    scene = case.scene()
    url = scene.state.location.url
    for cluster in (A, B):
        for act in (
            lambda name=cluster: epoch.read(scene.snapshots, name),
            lambda name=cluster: epoch.check(scene.snapshots, name, url),
            lambda name=cluster: epoch.announce_end(scene.snapshots, name, url, ends=True),
            lambda name=cluster: epoch.advance(scene.snapshots, name, "s3://elsewhere"),
            lambda name=cluster: epoch.vacate(scene.snapshots, name, "s3://elsewhere"),
            lambda name=cluster: epoch.begin_anew(scene.snapshots, name, url),
        ):
            with suppress(KledError):
                act()


OF_SNAPSHOTS: Final[Mapping[str, Callable[[Case], None]]] = {
    "list, show": lists,
    "diff": compares,
    "verify": verifies,
    "restore": restores,
    "create": takes,
    "prune": prunes,
    "mirror": mirrors,
    "epoch": knows_where_it_lives,
}


def every(
    case: Case, more: Mapping[str, Callable[[Case], None]], readers_of_each: int
) -> Iterator[tuple[str, Callable[[Case], None]]]:
    """Yield some of those who read what was mutated, by name; by chance, so that all come."""
    of_state = {one: OF_SNAPSHOTS[one] for one in ("create", "diff", "prune")}
    readers = OF_SNAPSHOTS if case.mutation.side == "kept" else {**of_state, **more}
    chance = random.Random(case.number)  # noqa: S311 - not for keys
    yield from ((name, readers[name]) for name in chance.sample(sorted(readers), readers_of_each))
