"""Which object it is that kops cannot read: one bad thing stops one thing (faults 10, 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kled.errors import DefinitionRejected, KledError
from kled.operations.cluster.unreadable import listed_groups
from kled.operations.fleet.each_cluster import ListedFields, ask_each, clusters, each_cluster
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.names import only_cluster
from tests.unit.operations.replayed import session, store

if TYPE_CHECKING:
    from pathlib import Path

    from kled.operations.session import Session

C = "demo.k8s.local"
CONFIG = f"""\
apiVersion: kops.k8s.io/v1alpha2
kind: Cluster
metadata: {{name: {C}}}
spec: {{cloudProvider: aws}}
"""
GROUP = """\
apiVersion: kops.k8s.io/v1alpha2
kind: InstanceGroup
metadata: {name: nodes}
spec: {role: Node, maxSize: 2, minSize: 2}
"""
LISTING = ListedFields(listed_groups, what="instance group", partly=True)


def world(root: Path, group: str, *captures: str, config: str = CONFIG) -> Session:
    store(root, f"{C}/config", text=config)
    store(root, f"{C}/instancegroup/nodes", text=group)
    good = GROUP.replace("nodes", "good").replace("Node", "Master")
    store(root, f"{C}/instancegroup/good", text=good)
    return session(root, *captures)


BAD = {
    "67c-get-ig-text-size": (
        GROUP.replace("maxSize: 2", 'maxSize: "2"'),
        "spec.maxSize is not a whole number",
    ),
    "67d-get-ig-other-api": (GROUP.replace("kops.k8s.io/v1alpha2", "v1"), 'the apiVersion "v1"'),
    "67-get-ig-no-name": (GROUP.replace("{name: nodes}", "{}"), "it has no metadata.name"),
    "60g-get-ig-unreadable": ("x: [", "is no InstanceGroup"),
}


@pytest.mark.parametrize("capture", BAD)
def test_the_other_groups_are_listed_beside_a_bad_one(tmp_path: Path, capture: str) -> None:
    group, words = BAD[capture]

    good, bad = listed_groups(world(tmp_path, group, capture), C)

    assert (good.name, good.role, good.problem) == ("good", "control-plane", "")
    assert bad.name == "nodes"
    assert words in bad.problem


@pytest.mark.parametrize("capture", BAD)
def test_the_row_says_what_mends_it(tmp_path: Path, capture: str) -> None:
    found = each_cluster(world(tmp_path, BAD[capture][0], capture), C, LISTING)

    (line,) = [one.line for one in found.troubles]
    assert line.startswith(f"{C}: instance group nodes: ")
    assert "mend that object" in line
    if capture == "67-get-ig-no-name":  # kops goes on with it
        found.require()
    else:
        with pytest.raises(KledError, match="instance group nodes"):
            found.require()


def test_a_cluster_that_cannot_be_read_is_not_called_one_with_a_bad_group(tmp_path: Path) -> None:
    broken = world(tmp_path, "x: [", "67g-get-all-no-api", config=CONFIG.partition("\n")[2])

    with pytest.raises(DefinitionRejected) as raised:
        listed_groups(broken, C)

    assert "config has no apiVersion" in raised.value.message


def test_a_crash_of_all_names_the_cluster_and_why(tmp_path: Path) -> None:
    crashed = ("67f-get-clusters-no-api", "67f-get-clusters-no-api")
    here = world(tmp_path, GROUP, *crashed, config=CONFIG.partition("\n")[2])

    (found,) = listed_clusters(here)

    assert found.name == C
    assert "config has no apiVersion" in found.problem


def test_a_question_to_all_names_the_group_that_kops_crashed_of(tmp_path: Path) -> None:
    group, words = BAD["67d-get-ig-other-api"]
    here = world(tmp_path, group, "10b-get-clusters-json", "67d-get-ig-other-api")
    listed = [one for one in listed_clusters(here) if one.name == C]

    (answer,) = ask_each(here, listed, here.kops.instance_groups.list)

    assert f"instancegroup/nodes has {words}" in getattr(answer, "problem", "")


def test_a_directory_without_its_config_is_a_row(tmp_path: Path) -> None:
    # fault 11, another member: doctor and `snapshot create --all` said it, `get-clusters` did not
    store(tmp_path, f"{C}/config", "lost.example.com/secrets/admin", "notes.example.com/readme")
    store(tmp_path, "left.example.com/backups/etcd/main/control/etcd-cluster-spec")

    found = clusters(session(tmp_path, "11c-get-cluster-json"), None)

    (trouble,) = found.troubles
    assert [row["name"] for row in found.rows] == [C, "lost.example.com"]
    assert trouble.line.startswith("lost.example.com: its config is gone")
    with pytest.raises(KledError, match=r"1 of 2 clusters cannot be read: lost\.example\.com"):
        found.require()
    with pytest.raises(KledError, match="lost"):
        only_cluster(session(tmp_path, "11c-get-cluster-json"), None)
