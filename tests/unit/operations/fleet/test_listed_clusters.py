"""No cluster vanishes from a list, and none hides the others (faults 10, 11)."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kled.errors import InvalidInput
from kled.kops.failures.unloadable import with_unloadable
from kled.models.cluster import Cluster
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.fleet.registered import prefixes
from kled.operations.guards.shared_iam_roles import registered_clusters
from kled.operations.names import named_cluster, only_cluster
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore
from tests.unit.operations.replayed import session, store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kled.storage.base import Entry

LISTED = "60b-get-clusters-unreadable"


def test_a_cluster_that_kops_only_warns_of_is_listed_with_the_reason(tmp_path: Path) -> None:
    # fault 11
    found = {one.name: one for one in listed_clusters(session(tmp_path, LISTED))}

    assert "did not find expected node content" in found["bad.example.com"].problem
    assert "Object 'Kind' is missing" in found["empty.example.com"].problem
    assert found["bad.example.com"].as_json()["problem"] == found["bad.example.com"].problem
    assert found["staging.example.com"].problem == ""
    assert list(found) == sorted(found)


def test_a_cluster_whose_config_names_another_is_listed_under_its_own_name(tmp_path: Path) -> None:
    # faults 11, 98: kops lists staging.example.com twice, and other.example.com never
    found = listed_clusters(session(tmp_path, LISTED))
    names = [one.name for one in found]

    assert names.count("staging.example.com") == 1
    (other,) = [one for one in found if one.name == "other.example.com"]
    assert other.problem == 'its config names "staging.example.com" in metadata.name'


@pytest.mark.parametrize(("place", "left"), [("a.example.com", "zone-1"), ("z.b.c", "zone-0")])
def test_of_two_rows_of_one_name_that_of_the_other_place_goes(place: str, left: str) -> None:
    rows = [Cluster("m.example.com", "aws", (f"zone-{number}",), "1.36") for number in range(2)]
    warning = (
        "W1129 16:17:00.328225 27462 cluster.go:203] Name of cluster does not match: actual name"
        f' was "m.example.com", but cluster name was "{place}" (using registry path config).'
    )

    found = {one.name: one for one in with_unloadable(rows, warning)}

    assert found["m.example.com"].zones == (left,)
    assert place in found


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("q\x1b[1m\nb.example.com", r"q\x1b[1m\nb.example.com"),
        ('a"b\\n.example.com', r"a\"b\\n.example.com"),
        ("a\u202e\x85\U000e0001b", r"a\u202e\u0085\U000e0001b"),
        ("a\ufffdb", r"a\xffb"),
        ("a\ufffdb", r"a\Uffffffffb"),
    ],
)
def test_a_name_that_go_quotes_is_that_of_the_list(name: str, quoted: str) -> None:
    """The list has it as it is; unread, the cluster stood there twice, under both its names."""
    warning = (
        "W1129 21:52:06.630254 13479 cluster.go:203] Name of cluster does not match: actual name"
        f' was "{quoted}", but cluster name was "o.example.com" (using registry path config).'
    )

    (row,) = with_unloadable([Cluster(name, "aws", (), "1.36")], warning)

    assert row.name == "o.example.com"
    assert row.problem == f'its config names "{quoted}" in metadata.name'


def test_a_cluster_that_goes_while_kops_lists_is_named() -> None:
    warning = (
        'W1129 16:17:00.3 1 cluster.go:84] cluster "g.example.com" found in state store listing,'
        " but doesn't exist now"
    )

    (found,) = with_unloadable((), warning)

    assert (found.name, found.problem) == ("g.example.com", "doesn't exist now")


def test_kops_dying_of_one_config_leaves_the_others_listed(tmp_path: Path) -> None:
    # fault 11: a config that is no cluster makes `get clusters` panic for all
    names = ("bad.example.com", "demo.k8s.local")
    store(tmp_path, *(f"{name}/config" for name in names), ".kled/leases/x", "notes/x", "loose")
    answers = ("60c-get-clusters-panic", "60p-get-cluster-unreadable", "11c-get-cluster-json")

    bad, good = listed_clusters(session(tmp_path, *answers))

    assert (bad.name, good.name, good.problem) == (*names, "")
    assert "did not find expected node content" in bad.problem


def test_a_store_with_an_unreadable_cluster_has_more_than_one(tmp_path: Path) -> None:  # fault 11
    for choose in (only_cluster, named_cluster):
        with pytest.raises(InvalidInput, match=r"bad\.example\.com, .*staging"):
            choose(session(tmp_path, LISTED), None)


def test_a_foreign_file_elsewhere_does_not_stop_the_check_of_roles(tmp_path: Path) -> None:
    # fault 73: `.git/config` is no cluster, and what lies below a group's name is not a group
    group = "kind: InstanceGroup\nmetadata: {name: nodes}\nspec: {role: Node}\n"
    cluster = "kind: Cluster\nmetadata: {name: a.example.com}\nspec: {cloudProvider: aws}\n"
    store(tmp_path, "a.example.com/config", text=cluster)
    store(tmp_path, "a.example.com/instancegroup/nodes", text=group)
    store(tmp_path, "a.example.com/instancegroup/.git/config", ".git/config", ".git/HEAD", "README")
    here = session(tmp_path)

    assert list(prefixes(here.state_store)) == ["a.example.com"]
    (found,) = registered_clusters(here, but="b.example.com")
    assert found.definition.group_names == ("nodes",)


def test_a_directory_that_is_no_cluster_is_not_listed(tmp_path: Path) -> None:  # fault 73
    warning = (
        'W1129 16:17:00.3 1 cluster.go:84] cluster ".git" found in state store listing, but'
        " cannot be loaded: yaml: no"
    )

    assert with_unloadable((), warning) == ()


def test_listing_clusters_loads_no_yaml() -> None:
    """`get-clusters` has 100 ms beyond kops; YAML is loaded where a definition is read."""
    modules = "kled.cli.kops.get_clusters, kled.operations.fleet.listed_clusters, kled.kops.client"
    code = f"import sys, {modules}; sys.exit('yaml' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class Listed(MemoryStore):
    """Counts the listings that are begun."""

    begun = 0

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        self.begun += 1
        return super().entries(prefix, start_after=start_after)


def test_directories_are_read_along_one_listing_and_a_large_one_is_passed_over() -> None:
    store = Listed()
    for name, number in (("a.example.com", 90), ("b.example.com", 700), ("b.example.com-2", 90)):
        for at in range(number):
            store.put(f"{name}/object-{at:03d}", b"")
    store.put(".kled/leases/a.json", b"")
    store.put("notes", b"")

    assert list(prefixes(store)) == ["a.example.com", "b.example.com-2", "b.example.com"]
    assert store.begun == 2


def test_of_a_directory_store_not_every_file_is_looked_at(tmp_path: Path) -> None:
    # `get-clusters` has 100 ms beyond kops, and of 60 clusters all files take 0.35 s
    clusters = [f"{letter}.example.com" for letter in "abcde"]
    for cluster in clusters:
        store(tmp_path, *(f"{cluster}/backups/etcd/main/{at:03d}/x" for at in range(60)))
    store(tmp_path, "a.example.com-2/config", "c.example.com.eu/config", ".kled/leases/a", "notes")
    kept = CountingStore(session(tmp_path).state_store)

    assert sorted(prefixes(kept)) == sorted([*clusters, "a.example.com-2", "c.example.com.eu"])
    assert kept.counts["entry"] <= 15 * len(clusters)
