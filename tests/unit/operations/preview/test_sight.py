"""What a radius asks of a Kubernetes API: the machines of its groups, and nobody else's."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import ApiUnreachable
from kled.operations.preview.sight import SessionSight
from tests.unit.operations.driven_fleet import C, Fleet, fleet_in, session_of

SELECTOR = {"matchLabels": {"app": "web"}}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Two groups with one machine each, and a node that kops does not list.

    Each node bears the label of the other group; one workload has its only pod on the first.
    """
    with fleet_in(tmp_path) as fleet:
        fleet.group("nodes", 1)
        fleet.group("nodes-b", 1)
        cluster = fleet.kubernetes
        cluster.node("n3")
        fleet.labelled("nodes-b", "nodes-1", "n3")
        fleet.labelled("nodes", "nodes-b-1")
        cluster.pod("web-1", "nodes-1")
        cluster.pod("db-0", "nodes-1", owner=("StatefulSet", "db"), labels={})
        cluster.pod("web-2", "nodes-b-1")
        cluster.pod("cache-0", "n3", owner=("StatefulSet", "cache"), labels={})
        cluster.budget("web", selector=SELECTOR, disruptionsAllowed=0, currentHealthy=2)
        cluster.objects["services"]["web"] = {
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"type": "LoadBalancer"},
        }
        yield fleet


def sight(fleet: Fleet) -> SessionSight:
    return SessionSight(session_of(fleet), C)


def test_the_machines_of_the_groups_by_kops_word_and_those_of_no_group_are_looked_at(
    fleet: Fleet,
) -> None:  # fault 3
    found = sight(fleet).affected(frozenset({"nodes"}))

    assert found.unreplicated == ("shop/cache (StatefulSet)", "shop/db (StatefulSet)")
    (blocked,) = found.blocking
    assert blocked.startswith("shop/web: allows no eviction")
    assert "web-1" in blocked
    assert "web-2" not in blocked
    assert found.services == ("shop/web",)


def test_the_credentials_for_it_last_for_minutes(fleet: Fleet) -> None:
    sight(fleet).affected(frozenset({"nodes"}))

    assert fleet.admin < timedelta(hours=1)


def test_an_api_that_does_not_answer_is_an_error_and_not_nothing(fleet: Fleet) -> None:
    fleet.server = "http://127.0.0.1:9"

    with pytest.raises(ApiUnreachable):
        sight(fleet).affected(frozenset({"nodes"}))
