"""Draining: which pods are evicted, when it is over, and what is said when it cannot be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import DrainBlocked
from kled.kubernetes.drain import drain
from kled.retry import Clock
from tests.unit.kubernetes.cluster import Answer, Cluster, connected, failure, held

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kled.kubernetes.client import Api
    from kled.models.kubernetes import DrainReport

MINUTE = timedelta(minutes=1)


class Time:
    """Seconds that pass only while somebody sleeps; `then` happens at each sleep."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.now = 0.0
        self._then = then
        self.clock = Clock(lambda: self.now, self._sleep, lambda: 0.0)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        self._then()


def drained(api: Api, time: Time, lines: list[str], **more: bool) -> DrainReport:
    return drain(api, "n1", deadline=MINUTE, clock=time.clock, on_line=lines.append, **more)


def test_pods_are_evicted_once_and_those_of_the_machine_stay(tmp_path: Path) -> None:
    cluster, lines = Cluster(), list[str]()
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    cluster.pod("web-2", "n2")
    cluster.pod("agent", "n1", owner=("DaemonSet", "agent"))
    cluster.pod("proxy", "n1", owner=None, annotations={"kubernetes.io/config.mirror": "x"})
    cluster.pod("job", "n1", owner=None, phase="Succeeded")

    with connected(cluster, tmp_path) as api:
        report = drained(api, Time(), lines)

    assert cluster.evictions == ["job", "web-1"]
    assert (report.evicted, report.stayed) == (("shop/job", "shop/web-1"), 2)
    assert cluster.objects["nodes"]["n1"]["spec"]["unschedulable"] is True
    assert lines == ["shop/job is evicted from n1", "shop/web-1 is evicted from n1"]


def test_a_pod_that_a_budget_holds_is_tried_again_until_it_may_go(tmp_path: Path) -> None:
    cluster, lines, refusals = Cluster(), list[str](), [held("web"), held("web")]
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    cluster.on_evict = lambda _name: refusals.pop() if refusals else None

    time = Time()
    with connected(cluster, tmp_path) as api:
        drained(api, time, lines)

    assert cluster.evictions == ["web-1"]
    assert time.now >= 10
    assert lines[0].startswith("shop/web-1 is held: The disruption budget web needs 2 healthy")
    assert len(lines) == 2


def test_a_drain_that_is_held_says_so_every_half_minute(tmp_path: Path) -> None:  # fault 37
    cluster, lines = Cluster(), list[str]()
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    cluster.pod("db-0", "n1", deletionTimestamp="2026-11-25T00:00:00Z", finalizers=["keep"])
    cluster.on_evict = lambda _name: held("web")

    with connected(cluster, tmp_path) as api, pytest.raises(DrainBlocked):
        drain(api, "n1", deadline=timedelta(minutes=2), clock=Time().clock, on_line=lines.append)

    first, *more = lines
    assert first.startswith("shop/web-1 is held")
    assert [one.partition(";")[0] for one in more] == [
        "n1 drains for 30 seconds",
        "n1 drains for 1 minute",
        "n1 drains for 90 seconds",
        "n1 drains for 2 minutes",
    ]
    assert "shop/web-1 (The disruption budget web needs 2" in more[0]
    assert "shop/db-0 (does not end" in more[0]


def test_the_api_s_own_wait_is_kept(tmp_path: Path) -> None:
    status, document, _ = held("web")
    refusals: list[Answer] = [(status, document, {"Retry-After": "20"})]
    cluster = Cluster()
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    cluster.on_evict = lambda _name: refusals.pop() if refusals else None

    time = Time()
    with connected(cluster, tmp_path) as api:
        drained(api, time, [])

    assert time.now >= 20


def test_at_the_deadline_the_pods_and_what_holds_them_are_named(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    cluster.pod("db-0", "n1", deletionTimestamp="2026-11-25T00:00:00Z", finalizers=["keep"])
    cluster.on_evict = lambda _name: held("web")

    with connected(cluster, tmp_path) as api, pytest.raises(DrainBlocked) as raised:
        drained(api, Time(), [])

    assert raised.value.message.startswith("node n1 was not drained in 1 minute; left: ")
    assert "shop/web-1 (The disruption budget web needs 2 healthy pods" in raised.value.message
    assert "shop/db-0 (does not end" in raised.value.message
    assert cluster.evictions == []


def test_a_pod_under_two_budgets_is_refused_at_once(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    words = "This pod has more than one PodDisruptionBudget, which the eviction subresource does"
    cluster.on_evict = lambda _name: failure(500, words)

    time = Time()
    with connected(cluster, tmp_path) as api, pytest.raises(DrainBlocked, match=r"shop/web-1"):
        drained(api, time, [])

    assert time.now == 0


def test_pods_that_nothing_makes_anew_are_refused_before_any_is_evicted(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    cluster.pod("debug", "n1", owner=None)

    with connected(cluster, tmp_path) as api:
        with pytest.raises(DrainBlocked, match="shop/debug"):
            drained(api, Time(), [])
        assert cluster.evictions == []

        drained(api, Time(), [], force_unmanaged=True)
    assert cluster.evictions == ["debug", "web-1"]


def test_an_api_that_is_gone_for_a_while_is_asked_again(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    for status in (503, 503, 429):
        cluster.answers.append(failure(status, "apiserver is shutting down"))

    with connected(cluster, tmp_path) as api:
        report = drained(api, Time(), [])

    assert report.evicted == ("shop/web-1",)


def test_an_api_that_stays_away_ends_it_at_the_deadline(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.answers.extend(failure(503, "shutting down") for _ in range(100))

    with connected(cluster, tmp_path) as api, pytest.raises(DrainBlocked, match="did not answer"):
        drained(api, Time(), [])


def test_another_pod_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.node("n1")
    cluster.pod("db-0", "n1", owner=("StatefulSet", "db"))

    def moved(_name: str) -> Answer:
        cluster.pod("db-0", "n2", owner=("StatefulSet", "db"))
        return failure(409, "the UID in the precondition does not match")

    cluster.on_evict = moved
    with connected(cluster, tmp_path) as api:
        drained(api, Time(), [])

    assert cluster.objects["pods"]["db-0"]["spec"]["nodeName"] == "n2"
    assert cluster.evictions == []


def test_a_drain_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    cluster = Cluster()
    cluster.node("n1")
    cluster.pod("web-1", "n1")
    cluster.pod("web-2", "n1")
    cluster.on_evict = lambda name: held("web") if name == "web-2" else None
    with connected(cluster, tmp_path) as api:
        with pytest.raises(Killed):
            drained(api, Time(die), [])
        cluster.on_evict = lambda _name: None

        drained(api, Time(), [])

    assert cluster.evictions == ["web-1", "web-2"]
