"""Whether somebody takes the runs of kled's deployments. Fault 33: doctor tries what it claims."""

from typing import Any

import pytest

from kled.cli.checks.work_pools import find_sleeping, pools, rules
from tests.unit.cli.prefect_api import Answer, server

BACKUP = "flows.back_up_state.back_up_state"
POOL = {"type": "process", "is_paused": False}
WORKER = {"name": "w1", "status": "ONLINE", "last_heartbeat_time": "2026-11-30T03:00:00Z"}


def deployment(pool: str | None = "kled", **more: Any) -> dict[str, Any]:
    return {
        "name": "production",
        "entrypoint": BACKUP,
        "paused": False,
        "schedules": [],
        "work_pool_name": pool,
        **more,
    }


def serving(
    *deployed: dict[str, Any],
    pool: Any = POOL,
    workers: Any = (WORKER,),
    status: int = 200,
) -> Answer:
    def answer(path: str, body: dict[str, Any], _: str | None) -> tuple[int, Any]:
        if path == "/api/deployments/filter":
            assert body["deployments"] == {"tags": {"all_": ["kled"]}}
            return 200, list(deployed)
        if path == "/api/work_pools/kled":
            return status, pool
        assert path == "/api/work_pools/kled/workers/filter"
        return 200, list(workers)

    return answer


@pytest.mark.parametrize(
    ("more", "state", "detail", "hint"),
    [
        ({}, "ok", "polled by w1", ""),
        ({"workers": ()}, "wrong", "no worker polls it: no run starts", "--pool=kled"),
        (
            {"workers": ({**WORKER, "status": "OFFLINE"},)},
            "wrong",
            "no worker polls it, the last was seen 2026-11-30T03:00:00Z: no run starts",
            "prefect worker start --pool=kled",
        ),
        ({"pool": {**POOL, "is_paused": True}}, "wrong", "it is paused", "work-pool resume kled"),
        ({"status": 404, "pool": {}}, "wrong", "it is not there", "kled deploy"),
        ({"pool": {**POOL, "type": "ecs:push"}, "workers": ()}, "ok", "of type ecs:push", ""),
    ],
)
def test_a_pool_is_well_where_a_worker_polls_it(
    more: dict[str, Any], state: str, detail: str, hint: str
) -> None:
    with server(serving(deployment(), deployment(), **more)) as url:
        ((name, found),) = pools(url, {})

    assert (name, found[0]) == ("kled", state)
    assert found[1].startswith(detail)
    assert hint in found[2]


def test_deployments_whose_pool_was_deleted_are_named() -> None:
    with server(serving(deployment(None))) as url:
        ((name, found),) = pools(url, {})

    assert (name, found[0]) == ("", "wrong")
    assert found[1] == "their work pool is gone: back-up-state/production"


def test_nothing_deployed_is_no_green_row() -> None:
    with server(serving()) as url:
        assert pools(url, {}) == [("", ("missing", "nothing is deployed", "kled deploy"))]


def schedule(slug: str, *, active: bool) -> dict[str, Any]:
    return {"slug": slug, "active": active}


@pytest.mark.parametrize(
    ("active", "paused", "state"),
    [(True, False, "ok"), (False, False, "found"), (True, True, "found")],
)
def test_schedules_that_should_be_awake_and_sleep_are_named(
    *, active: bool, paused: bool, state: str
) -> None:
    there = deployment(
        paused=paused,
        schedules=[schedule("hourly", active=active), schedule("of-the-ui", active=False)],
    )
    with server(serving(there)) as url:
        found = find_sleeping(url, {})

    assert found[0] == state
    assert ("back-up-state/production (hourly)" in found[1]) is (state == "found")


def carrying(*names: str) -> dict[str, Any]:
    return {"job_variables": {"env": dict.fromkeys(names, "{}")}}


@pytest.mark.parametrize(
    ("more", "state"),
    [
        (carrying("KLED_APPROVAL", "KLED_RULES", "REGION"), "ok"),
        (carrying("PREFECT_LOGGING_EXTRA_LOGGERS"), "wrong"),
        (carrying("KLED_APPROVAL"), "wrong"),
        ({"job_variables": {}}, "wrong"),
        ({"job_variables": None}, "wrong"),
    ],
    ids=["kled deploy", "prefect deploy", "an earlier kled", "nothing", "null"],
)
def test_a_deployment_that_lost_its_rules_is_named(more: dict[str, Any], state: str) -> None:
    # `prefect deploy --all` drops what `kled deploy` lets a deployment carry (decision 35)
    with server(serving(deployment(**more))) as url:
        found = rules(url, {})

    assert found[0] == state
    assert ("back-up-state/production" in found[1]) is (state == "wrong")
    assert ("kled deploy --environment=production" in found[2]) is (state == "wrong")


@pytest.mark.parametrize(("status", "value"), [(500, {}), (200, [{}]), (200, 3)])
def test_what_cannot_be_read_is_no_traceback(status: int, value: Any) -> None:
    with server(lambda *_: (status, value)) as url:
        ((_, pool),) = pools(url, {"PREFECT_API_AUTH_STRING": "admin:hush-hush"})
        sleeping = find_sleeping(url, {})
        ruled = rules(url, {})

    assert (pool[0], sleeping[0], ruled[0]) == ("wrong", "wrong", "wrong")
    assert "hush" not in str(pool)
