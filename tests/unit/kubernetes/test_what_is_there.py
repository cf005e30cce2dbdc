"""Nodes, budgets and workloads as they are read, and the few changes to nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import KubernetesConflict
from kled.kubernetes.disruption import blocking, budgets
from kled.kubernetes.nodes import cordon, nodes, remove_taint, uncordon
from kled.kubernetes.workloads import load_balanced, unreplicated
from kled.models.kubernetes import Budget, PodState, Requirement, Taint
from tests.unit.kubernetes.cluster import Cluster, connected, failure

if TYPE_CHECKING:
    from pathlib import Path

WEB = {"matchLabels": {"app": "web"}}


def test_a_node_is_read_with_its_machine_and_taints(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.node("n1", unschedulable=True, taints=[{"key": "k", "effect": "NoSchedule"}])
    cluster.node("n0")
    cluster.objects["nodes"]["n0"]["status"]["conditions"][0]["status"] = "Unknown"

    with connected(cluster, tmp_path) as api:
        waiting, found = nodes(api)

    assert (waiting.name, waiting.ready, waiting.cordoned) == ("n0", False, False)
    assert (found.ready, found.cordoned, found.instance) == (True, True, "i-n1")
    assert found.taints == (Taint("k", "", "NoSchedule"),)
    assert found.labels["pool"] == "blue"


def test_cordons_come_and_go_and_say_whether_they_did(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.node("n1")

    with connected(cluster, tmp_path) as api:
        told = [cordon(api, "n1"), cordon(api, "n1"), uncordon(api, "n1"), uncordon(api, "n1")]
        gone = [cordon(api, "n9"), uncordon(api, "n9")]

    assert told == [True, False, True, False]
    assert gone == [False, False]


def test_one_taint_is_removed_and_another_that_comes_meanwhile_stays(tmp_path: Path) -> None:
    cluster = Cluster()
    ours, other = {"key": "ours", "effect": "NoSchedule"}, {"key": "other", "effect": "NoExecute"}
    cluster.node("n1", taints=[ours])
    with connected(cluster, tmp_path) as api:
        stale = {**cluster.objects["nodes"]["n1"], "metadata": {"name": "n1"}}
        stale["metadata"]["resourceVersion"] = "0"
        cluster.answers.append((200, stale, {}))
        cluster.objects["nodes"]["n1"]["spec"]["taints"] = [ours, other]

        assert remove_taint(api, "n1", "ours")
        assert not remove_taint(api, "n1", "ours")

    assert [one["key"] for one in cluster.objects["nodes"]["n1"]["spec"]["taints"]] == ["other"]


def test_who_loses_every_race_for_a_node_says_so(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.node("n1")
    with connected(cluster, tmp_path) as api:
        for _ in range(5):
            found = cluster.objects["nodes"]["n1"]
            cluster.answers.extend([(200, found, {}), failure(409, "has been modified")])

        with pytest.raises(KubernetesConflict, match="node n1"):
            cordon(api, "n1")


def test_budgets_that_let_nothing_go_are_named_with_their_pods(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.pod("web-1", "n1")
    cluster.pod("web-2", "n2")
    cluster.pod("api-1", "n1", labels={"app": "api"})
    cluster.pod("gone-1", "n1", labels={"app": "api"}, deletionTimestamp="2026-11-25T00:00:00Z")
    cluster.budget("web", selector=WEB, disruptionsAllowed=0, currentHealthy=2, desiredHealthy=2)
    cluster.budget(
        "api",
        selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["api"]}]},
        disruptionsAllowed=1,
        currentHealthy=2,
        desiredHealthy=1,
    )
    cluster.budget("nobody", selector=None, disruptionsAllowed=0, currentHealthy=0)

    with connected(cluster, tmp_path) as api:
        (found,) = blocking(api, {"n1"})

    assert str(found) == (
        "shop/web: allows no eviction, it has 2 healthy pods and needs 2 (shop/web-1)"
    )


def test_two_budgets_over_one_pod_block_it_whatever_they_allow(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.pod("web-1", "n1")
    cluster.budget("all", selector={}, disruptionsAllowed=5)
    cluster.budget("web", selector=WEB, disruptionsAllowed=5)

    with connected(cluster, tmp_path) as api:
        (found,) = blocking(api, {"n1"})

    assert found.budget == "shop/all, shop/web"
    assert "more than one" in found.reason


def test_unhealthy_pods_go_where_the_budget_s_policy_says_so(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.pod("web-1", "n1", ready=False)
    cluster.budget("web", selector=WEB, disruptionsAllowed=0, currentHealthy=0, desiredHealthy=1)

    with connected(cluster, tmp_path) as api:
        assert blocking(api, {"n1"})
        spec = cluster.objects["poddisruptionbudgets"]["web"]["spec"]
        spec["unhealthyPodEvictionPolicy"] = "AlwaysAllow"
        assert not blocking(api, {"n1"})
        (found,) = budgets(api)
    assert found.always_evicts_unhealthy


def test_workloads_with_one_pod_are_named_by_what_people_deployed(tmp_path: Path) -> None:
    cluster = Cluster()
    lone = {"pod-template-hash": "6c9"}
    cluster.pod("lone-x", "n1", owner=("ReplicaSet", "lone-6c9"), labels=lone)
    cluster.pod("web-1", "n1")
    cluster.pod("web-2", "n2")
    cluster.pod("db-0", "n1", owner=("StatefulSet", "db"))
    cluster.pod("debug", "n1", owner=None)
    cluster.pod("agent", "n1", owner=("DaemonSet", "agent"))
    cluster.pod("other", "n2", owner=("ReplicaSet", "other-1"))
    for name, kind in (("open", "LoadBalancer"), ("closed", "ClusterIP")):
        cluster.objects["services"][name] = {
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"type": kind},
        }

    with connected(cluster, tmp_path) as api:
        found = [str(one) for one in unreplicated(api, {"n1"})]
        services = load_balanced(api)

    assert found == [
        "shop/db (StatefulSet)",
        "shop/debug (Pod of nobody)",
        "shop/lone (Deployment)",
    ]
    assert services == ("shop/open",)


@given(
    labels=st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")),
    key=st.sampled_from("abc"),
    values=st.sets(st.sampled_from("xyz"), min_size=1),
)
def test_a_requirement_and_its_opposite_never_hold_both(
    labels: dict[str, str], key: str, values: set[str]
) -> None:
    said = tuple(values)

    assert Requirement(key, "In", said).holds(labels) != Requirement(key, "NotIn", said).holds(
        labels
    )
    assert Requirement(key, "Exists").holds(labels) != Requirement(key, "DoesNotExist").holds(
        labels
    )
    assert Requirement(key, "In", said).holds(labels) <= Requirement(key, "Exists").holds(labels)


def test_a_budget_covers_pods_of_its_namespace_only() -> None:
    pod = PodState("shop", "p", "u", "n", {"app": "web"}, None, True, False, False, False)

    assert Budget("shop", "b", (), 0, 0, 0).covers(pod)
    assert not Budget("other", "b", (), 0, 0, 0).covers(pod)
    assert not Budget("shop", "b", None, 0, 0, 0).covers(pod)
    assert not Budget("shop", "b", (Requirement("app", "NotIn", ("web",)),), 0, 0, 0).covers(pod)
