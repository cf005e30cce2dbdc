"""What a radius asks of a Kubernetes API: the machines of its groups, and nobody else's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kled.errors import ApiUnreachable
from kled.kops.footprint import GROUP_LABEL
from kled.operations.sight import SessionSight
from tests.unit.kubernetes.cluster import Cluster, kubeconfig, serving

C = "c.example.com"
SELECTOR = {"matchLabels": {"app": "web"}}


@dataclass
class Kops:
    """Exports a kubeconfig for a server; remembers for how long."""

    scratch: Path
    server: str
    lifetime: timedelta | None = None

    def export_kubeconfig(self, _name: str, path: Path, admin: timedelta) -> None:
        self.lifetime = admin
        kubeconfig(self.scratch, self.server).rename(path)


@pytest.fixture
def cluster() -> Cluster:
    """Two groups with one machine each; one workload has its only pod on the first."""
    cluster = Cluster()
    for name, group in (("n1", "nodes-a"), ("n2", "nodes-b"), ("n3", "")):
        cluster.node(name)
        cluster.objects["nodes"][name]["metadata"]["labels"] = {GROUP_LABEL: group} if group else {}
    cluster.pod("web-1", "n1")
    cluster.pod("db-0", "n1", owner=("StatefulSet", "db"), labels={})
    cluster.pod("web-2", "n2")
    cluster.pod("cache-0", "n3", owner=("StatefulSet", "cache"), labels={})
    cluster.budget("web", selector=SELECTOR, disruptionsAllowed=0, currentHealthy=2)
    cluster.objects["services"]["web"] = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"type": "LoadBalancer"},
    }
    return cluster


@pytest.fixture
def kops(cluster: Cluster, tmp_path: Path) -> Iterator[Kops]:
    with serving(cluster) as server:
        yield Kops(tmp_path, server)


def sight(kops: Kops) -> SessionSight:
    session: Any = SimpleNamespace(kops=kops)
    return SessionSight(session, C)


def test_only_the_machines_of_the_groups_and_those_of_no_group_are_looked_at(kops: Kops) -> None:
    found = sight(kops).affected(frozenset({"nodes-a"}))

    assert found.unreplicated == ("shop/cache (StatefulSet)", "shop/db (StatefulSet)")
    (blocked,) = found.blocking
    assert blocked.startswith("shop/web: allows no eviction")
    assert "web-1" in blocked
    assert "web-2" not in blocked
    assert found.services == ("shop/web",)


def test_the_credentials_for_it_last_for_minutes(kops: Kops) -> None:
    sight(kops).affected(frozenset({"nodes-a"}))

    assert kops.lifetime is not None
    assert kops.lifetime < timedelta(hours=1)


def test_an_api_that_does_not_answer_is_an_error_and_not_nothing(tmp_path: Path) -> None:
    with pytest.raises(ApiUnreachable):
        sight(Kops(tmp_path, "http://127.0.0.1:9")).affected(frozenset({"nodes-a"}))
