"""A run that finds nothing new is not green over a newest snapshot that somebody has altered.

It reads no manifest of a cluster in which nothing is new, and looked at one cluster of the fleet,
another one each time: in a fleet of a hundred the damage stayed green for a hundred runs. The
listing that it makes anyhow tells what was written after the run that names it. Members of faults
41 and 81.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kled import config
from kled.errors import SnapshotNotTrustworthy
from kled.operations.snapshots.verify import verify_snapshots
from kled.retry import Clock
from kled.snapshot.choosing import choose, way_back
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions, RunResult
from kled.snapshot.documents.keys import Keys
from kled.snapshot.losses.losses import losses_of
from kled.snapshot.progress import Quiet
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.trust.settling import advise
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore, keys
from tests.unit.snapshot.attacks import ADDON, NEW, OLD
from tests.unit.snapshot.fleets import Runs, etcd_backup, name, restored, state
from tests.unit.snapshot.signing_keys import signing_key

FLEET = 5
VICTIM = 0


@pytest.fixture(params=["plain", "signed"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Runs:
    """A fleet in which nothing is new, an hour after its last run."""
    key = None if request.param == "plain" else signing_key(tmp_path)
    runs = Runs(state(FLEET), MemoryStore(), Keys(signing_key=key))
    for body in (OLD, NEW):
        runs.state.put(f"{name(VICTIM)}/{ADDON}", body)
        runs.run().require_whole()
    runs.later += timedelta(hours=1)
    return runs


def newest(runs: Runs, file: str, cluster: int = VICTIM) -> str:
    found = keys(runs.store, f"clusters/{name(cluster)}/")
    return max(key for key in found if f"/{file}" in key)


def rewrite(runs: Runs, key: str, change: Callable[[bytes], bytes]) -> None:
    runs.store.put(key, change(runs.store.get(key).body))


def flipped(body: bytes) -> bytes:
    return body[:99] + bytes([body[99] ^ 1]) + body[100:]


def made_anew(done: RunResult) -> list[str]:
    return [one.cluster for one in done.clusters if not one.reused]


@pytest.mark.parametrize("file", ["manifest.json", "state.tar"])
@pytest.mark.parametrize("change", [flipped, lambda _: b""])
def test_what_was_written_again_since_the_last_run_is_read_back(
    runs: Runs, file: str, change: Callable[[bytes], bytes]
) -> None:
    rewrite(runs, newest(runs, file), change)

    done = runs.run()

    assert made_anew(done) == [name(VICTIM)]
    with pytest.raises(SnapshotNotTrustworthy, match=f"{name(VICTIM)}.* names it"):
        done.require_whole()
    assert restored(runs.snapshots, name(VICTIM))[ADDON] == NEW


def test_an_older_snapshot_put_in_place_of_the_newest_is_noticed(runs: Runs) -> None:
    manifests = [key for key in keys(runs.store, f"clusters/{name(VICTIM)}/") if "manifest" in key]
    rewrite(runs, max(manifests), lambda _: runs.store.get(min(manifests)).body)

    with pytest.raises(SnapshotNotTrustworthy, match="is that of"):
        runs.run().require_whole()


def test_a_cluster_without_any_archive_is_noticed(runs: Runs) -> None:
    for key in keys(runs.store, f"clusters/{name(VICTIM)}/"):
        if "state.tar" in key:
            runs.store.delete(key)

    done = runs.run()

    assert made_anew(done) == [name(VICTIM)]
    with pytest.raises(SnapshotNotTrustworthy, match=r"state\.tar"):
        done.require_whole()


def test_a_store_that_was_copied_is_read_back_once_and_is_green(runs: Runs) -> None:
    for key in keys(runs.store, "clusters/"):
        rewrite(runs, key, bytes)

    runs.run().require_whole()

    again = losses_of(read_ledger(runs.snapshots, runs.state))
    assert (made_anew(runs.run()), again.altered) == ([], ())


def test_where_nothing_was_written_since_nothing_more_is_read(runs: Runs) -> None:
    runs.store = counting = CountingStore(runs.store)

    runs.run().require_whole()

    read = [key for method, key in counting.keys if method in {"get", "read"}]
    assert [key for key in read if "state.tar" in key] == []
    assert len([key for key in read if "manifest" in key]) == 1  # another one each time


def test_in_a_directory_what_was_written_right_after_the_run_is_read_back(tmp_path: Path) -> None:
    """A write that a power cut tore has such a date; the next run's own came after it for good."""
    (tmp_path / "snapshots").mkdir()
    store = LocalStore(tmp_path / "snapshots", Clock(time.monotonic, time.sleep))
    runs = Runs(state(FLEET), store)
    runs.run().require_whole()
    archive = tmp_path / "snapshots" / newest(runs, "state.tar")
    archive.write_bytes(flipped(archive.read_bytes()))

    done = runs.run()

    assert made_anew(done) == [name(VICTIM)]
    with pytest.raises(SnapshotNotTrustworthy, match=f"{name(VICTIM)}.* names it"):
        done.require_whole()
    runs.run().require_whole()


def test_a_link_in_the_place_of_a_manifest_is_noticed_whatever_its_date(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    runs = Runs(state(FLEET), LocalStore(tmp_path / "snapshots", Clock(time.monotonic, time.sleep)))
    runs.run().require_whole()
    manifest = tmp_path / "snapshots" / newest(runs, "manifest.json")
    manifest.unlink()
    manifest.symlink_to("/etc/hostname")

    with pytest.raises(SnapshotNotTrustworthy, match="symbolic link"):
        runs.run().require_whole()


def test_a_hint_names_no_snapshot_that_cannot_be_read(runs: Runs) -> None:
    """It named the newest that is left, be it damaged: the next command failed, too."""
    runs.state.put(f"{name(VICTIM)}/{ADDON}", b"newer still")
    good = choose(runs.snapshots, name(VICTIM), "latest").id
    for _ in range(2):
        runs.seconds += 60
        runs.state.put(f"{name(VICTIM)}/{ADDON}", b"%d" % runs.seconds)
        runs.run()
    ids = sorted(ref.id for ref in runs.snapshots.list(name(VICTIM)))
    runs.store.delete(f"clusters/{name(VICTIM)}/{ids[-1]}/manifest.json")
    rewrite(runs, f"clusters/{name(VICTIM)}/{ids[-2]}/manifest.json", flipped)

    with pytest.raises(SnapshotNotTrustworthy) as refused:
        choose(runs.snapshots, name(VICTIM), "latest", state=runs.state)

    assert str(refused.value.hint).endswith(f"name it: {good}")


def own_archives(runs: Runs) -> list[str]:
    return [key for key in keys(runs.store, f"clusters/{name(VICTIM)}/") if "state.tar" in key]


def back_up_etcd(runs: Runs, moment: str = "2026-11-25T00:00:00Z-000076") -> None:
    for file in ("_etcd_backup.meta", "etcd.backup.gz"):
        body = etcd_backup(moment) if file.endswith(".gz") else b"{}"
        runs.state.put(f"{name(VICTIM)}/backups/etcd/main/{moment}/{file}", body)


def test_the_newest_that_lost_its_archive_is_noticed_beside_an_older_one(runs: Runs) -> None:
    """Any archive of the cluster passed for that of the newest."""
    runs.store.delete(newest(runs, "state.tar"))

    done = runs.run()

    assert made_anew(done) == [name(VICTIM)]
    with pytest.raises(SnapshotNotTrustworthy, match=r"state\.tar.* names it"):
        done.require_whole()
    assert restored(runs.snapshots, name(VICTIM))[ADDON] == NEW


def test_that_is_noticed_where_the_cluster_changed_since(runs: Runs) -> None:
    runs.store.delete(newest(runs, "state.tar"))
    runs.state.put(f"{name(VICTIM)}/{ADDON}", b"newer still")

    with pytest.raises(SnapshotNotTrustworthy, match=r"state\.tar.* names it"):
        runs.run().require_whole()


def test_an_earlier_archive_that_the_newest_refers_to_is_missed(runs: Runs) -> None:
    back_up_etcd(runs)
    runs.run().require_whole()
    first, second = sorted(own_archives(runs))
    runs.store.delete(second)

    done = runs.run()

    assert made_anew(done) == [name(VICTIM)]
    with pytest.raises(SnapshotNotTrustworthy, match=r"state\.tar.* names it"):
        done.require_whole()
    assert first in own_archives(runs)


def test_one_that_refers_to_an_earlier_archive_costs_a_manifest_and_is_green(runs: Runs) -> None:
    back_up_etcd(runs)
    runs.run().require_whole()
    runs.store = counting = CountingStore(runs.store)

    done = runs.run()
    done.require_whole()

    read = [key for method, key in counting.keys if method in {"get", "read"}]
    assert made_anew(done) == []
    assert [key for key in read if "state.tar" in key] == []


def test_a_blob_that_a_new_snapshot_would_refer_to_and_is_gone_is_no_warning(runs: Runs) -> None:
    """It was made anew, and the run was green."""
    at_work = runs.snapshots.manifest(choose(runs.snapshots, name(VICTIM), "latest"))
    runs.store.delete(next(one.key for one in at_work.blobs))
    runs.state.put(f"{name(VICTIM)}/{ADDON}", b"newer still")

    done = runs.run()

    assert made_anew(done) == [name(VICTIM)]
    with pytest.raises(SnapshotNotTrustworthy, match=r"blobs/.* names it"):
        done.require_whole()


def test_a_blob_that_is_gone_where_nothing_is_new_is_found_by_the_look_at_one_more() -> None:
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()
    made = runs.snapshots.manifest(choose(runs.snapshots, name(VICTIM), "latest"))
    runs.store.delete(next(one.key for one in made.blobs))

    with pytest.raises(SnapshotNotTrustworthy, match=r"blobs/.* is gone"):
        runs.run().require_whole()


def test_a_blob_that_is_damaged_is_said_and_keeps_the_cluster_from_nothing() -> None:
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()
    made = runs.snapshots.manifest(choose(runs.snapshots, name(VICTIM), "latest"))
    runs.store.put(next(one.key for one in made.blobs), b"other bytes")

    again = runs.run()

    assert [row.error for row in again.clusters] == [None]
    with pytest.raises(SnapshotNotTrustworthy, match=r"blobs/.* is damaged"):
        again.require_whole()


def verdicts(runs: Runs) -> dict[str, bool]:
    rows = verify_snapshots(
        config.load({"HOME": "/nonexistent"}),
        runs.snapshots,
        level=0,
        progress=Quiet(),
        state=runs.state,
    )
    return {row["id"]: row["trustworthy"] for row in rows if row["cluster"] == name(VICTIM)}


def test_a_check_of_all_names_older_ones_that_lost_their_archives_until_that_is_settled(
    runs: Runs,
) -> None:
    older, latest = sorted(ref.id for ref in runs.snapshots.list(name(VICTIM)))
    back_up_etcd(runs)
    assert verdicts(runs) == {latest: True}
    runs.store.delete(min(own_archives(runs)))

    assert verdicts(runs) == {older: False, latest: True}

    settled = CreateOptions(by="test", reuse=False, settles=True)
    create(runs.state, runs.snapshots, None, options=settled, progress=Quiet()).require_whole()
    assert list(verdicts(runs).values()) == [True]


def test_a_check_of_all_names_all_that_refer_to_an_archive_that_is_gone(runs: Runs) -> None:
    for moment in ("2026-11-25T00:00:00Z-000076", "2026-11-25T01:00:00Z-000077"):
        back_up_etcd(runs, moment)
        runs.run().require_whole()
    runs.state.put(f"{name(VICTIM)}/{ADDON}", b"newer still")
    runs.run().require_whole()
    _, second, _ = sorted(own_archives(runs))
    runs.store.delete(second)

    assert sorted(verdicts(runs).values()) == [False, False, False, True]


def test_a_damaged_run_is_settled_by_the_next_one(runs: Runs) -> None:
    """The one after that ended with 4 once more: it went on from another than the last it saw."""
    damaged = max(keys(runs.store, "runs/"))
    runs.store.put(damaged, b"x")

    told = runs.run()

    assert any(finding.startswith(f"{damaged} is damaged") for finding in told.findings)
    assert read_ledger(runs.snapshots, runs.state).doubts == ()
    assert runs.run().findings == ()


def test_what_has_no_trusted_snapshot_is_brought_back_by_a_command_too(runs: Runs) -> None:
    """An error's message stood where people read a command."""
    runs.store.put(max(keys(runs.store, "runs/")), b"x")

    told = way_back(runs.snapshots, name(VICTIM), state=runs.state)

    assert told.startswith(f"kled snapshot list --name={name(VICTIM)} shows what there is: ")
    assert "to use the newest that is left, name it" in told


def test_a_kled_json_that_is_gone_is_settled_by_a_plain_run() -> None:
    """The advice was to give up what is lost, and nothing was."""
    assert advise(["kled.json is gone from s3://b"]) == (
        "the next run makes kled.json anew: kled snapshot create --all"
    )
