"""The questions of `kled doctor` to a Prefect server about work pools and sleeping schedules."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from kled import carried
from kled.cli.checks.prefect_server import (
    ServerFinding,
    deployment_name,
    find_deployments,
    open_api,
)
from kled.errors import FlowFailed
from kled.sentences import enumerated, options

if TYPE_CHECKING:
    import httpx

_NAMED: Final = 5
_NOT_FOUND: Final = 404
_WITHOUT_WORKER: Final = (":push", ":managed", "prefect:managed")
"""The ends of pool types whose runs Prefect Cloud starts by itself."""


def pools(url: str, env: Mapping[str, str]) -> list[tuple[str, ServerFinding]]:
    """Return for each work pool of kled's deployments whether a worker polls it.

    Where nothing is deployed, or the server does not answer, one row without a pool says so.
    """
    try:
        with open_api(url, env) as api:
            ours = find_deployments(api)
            homeless = sorted(deployment_name(each) for each in ours if not _pool(each))
            names = sorted({_pool(each) for each in ours if _pool(each)})
            states = [(name, _polled(api, name)) for name in names]
    except FlowFailed as error:
        return [("", ("wrong", error.message, error.hint or ""))]
    if homeless:
        message = f"their work pool is gone: {enumerated(homeless, _NAMED)}"
        states = [("", ("wrong", message, "make it and them again: kled deploy")), *states]
    return states or [("", ("missing", "nothing is deployed", "kled deploy"))]


def find_sleeping(url: str, env: Mapping[str, str]) -> ServerFinding:
    """Say which schedules of prefect.yaml sleep on the server, also in paused deployments."""
    from deployments import catalog  # noqa: PLC0415 - reads YAML

    wanted = {
        entry.entrypoint: {schedule.slug for schedule in entry.schedules if schedule.active}
        for entry in catalog.load(catalog.path())
    }
    try:
        with open_api(url, env) as api:
            sleeping = sorted(_sleeping(find_deployments(api), wanted))
    except FlowFailed as error:
        return "wrong", error.message, error.hint or ""
    if sleeping:
        message = f"asleep, or of a paused deployment: {enumerated(sleeping, _NAMED)}"
        return "found", message, "kled deploy --environment=NAME wakes those of an environment"
    return "ok", "none that prefect.yaml has awake", ""


def rules(url: str, env: Mapping[str, str]) -> ServerFinding:
    """Say which deployments carry no rules, so that their runs follow those of each worker."""
    try:
        with open_api(url, env) as api:
            bare = [
                deployment
                for deployment in find_deployments(api)
                if carried.VARIABLES - _variables(deployment)
            ]
            names = sorted(map(deployment_name, bare))
            environments = sorted({str(deployment["name"]) for deployment in bare})
    except FlowFailed as error:
        return "wrong", error.message, error.hint or ""
    if not bare:
        return "ok", "every deployment carries those of its environment", ""
    again = " and ".join(
        f"kled deploy {options(environment=environment)}" for environment in environments
    )
    message = (
        "no maintenance windows, notifications and approval rules travel with"
        f" {enumerated(names, _NAMED)}"
    )
    return "wrong", message, f"prefect deploy drops them; {again} brings them back"


def _variables(deployment: Mapping[str, Any]) -> set[str]:
    return set((deployment.get("job_variables") or {}).get("env") or {})


def _sleeping(ours: Iterable[dict[str, Any]], wanted: Mapping[str, set[str]]) -> Iterable[str]:
    for deployment in ours:
        slugs = wanted.get(str(deployment["entrypoint"]), set())
        awake = {
            schedule["slug"]
            for schedule in deployment["schedules"]
            if schedule["active"] and not deployment["paused"]
        }
        if slugs - awake:
            yield f"{deployment_name(deployment)} ({', '.join(sorted(slugs - awake))})"


def _pool(deployment: Mapping[str, Any]) -> str:
    return str(deployment.get("work_pool_name") or "")


def _polled(api: "httpx.Client", name: str) -> ServerFinding:
    """Say whether a pool takes runs: it exists, is not paused, and was polled lately."""
    start = f"prefect worker start {options(pool=name)}"
    answer = api.get(f"work_pools/{quote(name, safe='')}")
    if answer.status_code == _NOT_FOUND:
        return "wrong", "it is not there", "kled deploy makes it"
    pool = answer.raise_for_status().json()
    if pool["is_paused"]:
        return "wrong", "it is paused: no run starts", f"prefect work-pool resume {name}"
    if str(pool["type"]).endswith(_WITHOUT_WORKER):
        return "ok", f"of type {pool['type']}, which needs no worker", ""
    polling = api.post(f"work_pools/{quote(name, safe='')}/workers/filter", json={})
    workers = polling.raise_for_status().json()
    online = sorted(str(worker["name"]) for worker in workers if worker["status"] == "ONLINE")
    if online:
        return "ok", f"polled by {enumerated(online, _NAMED)}", ""
    seen = max((str(worker["last_heartbeat_time"]) for worker in workers), default="")
    message = f"no worker polls it{f', the last was seen {seen}' if seen else ''}: no run starts"
    return "wrong", message, f"{start}, and keep it running (a service)"
