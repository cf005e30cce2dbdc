"""What is left of a cluster that lost its definition is copied, and said in each run.

Members of faults 11 and 41: a directory without a `config` was no cluster, named in JSON alone,
with exit status 0, though the only copy of its keys lay there.
"""

from __future__ import annotations

import pytest

from kled.errors import ClusterNotFound, SnapshotNotTrustworthy
from kled.snapshot.choosing import NEWEST, choose
from kled.snapshot.create.selection import LARGE
from kled.snapshot.epoch import epoch
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, group, name, objects, restored, state

LOST = name(1)
NODES = group("").partition(b"spec:")[0]


@pytest.mark.parametrize("clusters", [2, 60])  # each listed by itself; along one listing
def test_a_lost_definition_is_a_finding_in_each_run_and_the_rest_is_copied(clusters: int) -> None:
    store = state(clusters)
    store.delete(f"{LOST}/config")
    runs = Runs(store, MemoryStore())

    for reused in (False, True):
        done = runs.run()
        with pytest.raises(SnapshotNotTrustworthy, match="config is missing"):
            done.require_whole()
        (bad,) = [one for one in done.clusters if one.problems]
        assert (bad.cluster, bad.reused, bad.level) == (LOST, reused, 0)
        assert done.orphans == ()
    kept = runs.snapshots.manifest(choose(runs.snapshots, LOST, NEWEST))
    assert {one.key for one in kept.objects if one.kind == "identity"} == {
        key for key in objects(1) if key.startswith(("pki/", "secrets/"))
    }


def test_it_comes_back_from_the_snapshot_before() -> None:
    store = state(2)
    runs = Runs(store, MemoryStore())
    runs.run().require_whole()
    store.delete(f"{LOST}/config")
    runs.run()

    assert restored(runs.snapshots, LOST)["config"] == objects(1)["config"]


@pytest.mark.parametrize("named", [None, [LOST]])
@pytest.mark.parametrize("left", ["vacant", "ends"])
def test_what_is_left_while_kled_deletes_a_cluster_is_none(
    left: str, named: list[str] | None
) -> None:
    store = state(2)
    runs = Runs(store, MemoryStore())
    runs.run().require_whole()
    store.delete(f"{LOST}/config")
    url = store.location.url
    epoch.check(runs.snapshots, LOST, url)
    epoch.announce_end(runs.snapshots, LOST, url, ends=True)
    if left == "vacant":
        epoch.vacate(runs.snapshots, LOST, url)

    done = runs.run(named)

    if named:
        assert isinstance(done.clusters[0].error, ClusterNotFound)
    else:
        assert [one.cluster for one in done.require_whole().clusters] == [name(0)]
        assert done.orphans == (LOST,)


@pytest.mark.parametrize(
    "key",
    ["config", "instancegroup/nodes", "pki/private/kubernetes-ca/keyset.yaml", "secrets/admin"],
)
def test_what_is_too_large_is_copied_and_named_as_that(key: str) -> None:  # a member of 80
    store = state(2)
    store.put(f"{LOST}/{key}", b"\0" * (LARGE + 1))
    runs = Runs(store, MemoryStore())

    _, bad = runs.run().clusters

    (finding,) = bad.findings
    assert finding == f"{key} has {LARGE + 1} bytes: kops writes nothing as large there"
    kept = runs.snapshots.manifest(choose(runs.snapshots, LOST, NEWEST))
    assert [one.size for one in kept.objects if one.key == key] == [LARGE + 1]


@pytest.mark.parametrize("body", [NODES + b"spec: null\n", NODES])
def test_a_group_without_a_spec_is_a_finding(body: bytes) -> None:  # a member of 10
    store = state(2)
    store.put(f"{LOST}/instancegroup/nodes", body)

    _, bad = Runs(store, MemoryStore()).run().clusters

    assert bad.findings == ("instancegroup/nodes has no spec: its end may be cut off",)
