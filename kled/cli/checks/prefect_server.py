"""The questions of `kled doctor` to a Prefect server, by HTTP: Prefect takes long to import."""

import re
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from deployments.automation_kinds import ENDING_KINDS, TELLING_KINDS, tag
from kled.errors import FlowFailed
from kled.operations.checks import check
from kled.sentences import hyphenated, number, options, without_number

if TYPE_CHECKING:
    import httpx

ServerFinding = tuple[check.State, str, str]
"""What the check found, the detail, and the hint."""
OURS: Final = "kled"
"""The tag of kled's deployments."""
_SETTLED: Final = timedelta(minutes=5)
"""A scheduler goes round once a minute, so a change may need this long to take effect."""
_AT_MOST: Final = 200
_OLDEST: Final = (3, 9, 1)
"""Of earlier ones the scheduler dies in each loop (docs/decisions/0008)."""
_NEWER: Final = "the server needs Prefect 3.9.1 and whenever 0.11, or later ones"


def answers(url: str, env: Mapping[str, str]) -> ServerFinding:
    """Return whether a Prefect server answers at `url` and accepts the credentials of `env`.

    A server that is too old to make runs of schedules is wrong.
    """
    import httpx  # noqa: PLC0415 - only where there is a server

    from kled.cli.flows import server  # noqa: PLC0415 - imports httpx

    try:
        with client(url, env, seconds=5) as api:
            api.get("health").raise_for_status()  # which needs no credentials
            version = str(api.get("admin/version").raise_for_status().json())
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status in server.DENIED:
            return (
                "wrong",
                f"it does not accept the credentials ({status})",
                server.CREDENTIALS,
            )
        return "wrong", f"it answers {status}", server.advice(status, f"{url.rstrip('/')}/")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        message = f"it does not answer: {type(error).__name__}: {without_number(error)}"
        return "wrong", message, f"is it up, and does PREFECT_API_URL name it? {server.API}"
    except ValueError:
        return "wrong", "what answers is not a Prefect server", server.API
    if _numbers(version) < _OLDEST:
        return "wrong", f"Prefect {version} is too old: its scheduler fails", _NEWER
    return "ok", f"it answers: Prefect {version}", ""


def schedules(url: str, env: Mapping[str, str]) -> ServerFinding:
    """Return whether the server makes runs for the awake schedules.

    Nothing is known yet of schedules that were woken or changed a moment ago and have no runs. A
    server with a dead scheduler answers everything else and looks healthy.
    """
    try:
        with open_api(url, env) as api:
            awake = [deployment for deployment in find_deployments(api) if _woken(deployment)]
            without = [deployment for deployment in awake if not _upcoming(api, deployment["id"])]
            before = datetime.now(UTC) - _SETTLED
            silent = [
                deployment_name(deployment)
                for deployment in without
                if min(_woken(deployment)) < before
            ]
    except FlowFailed as error:
        return "wrong", error.message, error.hint or ""
    if silent:
        summary = (
            f"awake for {_SETTLED.seconds // 60} minutes, and the server makes no runs of:"
            f" {', '.join(sorted(silent))}; its scheduler fails (see its log) or does not run"
        )
        return "wrong", summary, _NEWER
    if without:
        names = ", ".join(sorted(map(deployment_name, without)))
        summary = f"awake for less than {_SETTLED.seconds // 60} minutes, and without runs: {names}"
        return "not tried", summary, "ask again in a few minutes"
    if not awake:
        return "ok", "none is awake", ""
    summary = f"{number(len(awake), 'deployment')} with schedules awake, all with runs to come"
    return "ok", summary, ""


def automations(url: str, env: Mapping[str, str]) -> ServerFinding:
    """Return whether dead runs of kled's deployments are ended, and people told.

    `missing` where an automation that `kled deploy` makes does not exist, or sleeps.
    """
    try:
        with open_api(url, env) as api:
            environments = sorted({str(deployment["name"]) for deployment in find_deployments(api)})
            present = api.post("automations/filter", json={"limit": _AT_MOST}).raise_for_status()
            awake = {
                tag
                for automation in present.json()
                if automation["enabled"]
                for tag in automation["tags"]
            }
    except FlowFailed as error:
        return "wrong", error.message, error.hint or ""
    if not environments:
        return "missing", "nothing is deployed", "kled deploy"
    lacking = [problem for environment in environments if (problem := _lacking(environment, awake))]
    if lacking:
        problems, hints = zip(*lacking, strict=True)
        return "missing", "; ".join(problems), "; ".join(hints)
    return "ok", f"runs that die are ended, and people told: {', '.join(environments)}", ""


def _lacking(environment: str, awake: Container[str]) -> tuple[str, str] | None:
    """Say which automations of an environment do not exist or sleep, and what to do."""
    ending = [kind for kind in ENDING_KINDS if tag(environment, kind) not in awake]
    telling = [kind for kind in TELLING_KINDS if tag(environment, kind) not in awake]
    if not ending and len(telling) == len(TELLING_KINDS):
        return (
            f"{environment}: nobody is told of runs that do not complete",
            f"name a notification block of Prefect (notify:) in it, then {_again(environment)}",
        )
    if ending or telling:
        gone = ", ".join((*ending, *telling))
        return (
            f"{environment}: not there, or paused: {gone}",
            f"{_again(environment)}, or wake them",
        )
    return None


def _again(environment: str) -> str:
    return f"kled deploy {options(environment=environment)}"


def _woken(deployment: Mapping[str, Any]) -> list[datetime]:
    """Return when the awake schedules of a deployment were last changed; empty where all sleep."""
    if deployment["paused"]:
        return []
    return [
        datetime.fromisoformat(schedule["updated"])
        for schedule in deployment["schedules"]
        if schedule["active"]
    ]


def find_deployments(api: "httpx.Client") -> list[dict[str, Any]]:
    """Return kled's deployments on the server."""
    body = {"deployments": {"tags": {"all_": [OURS]}}, "limit": _AT_MOST}
    answer: list[dict[str, Any]] = (
        api.post("deployments/filter", json=body).raise_for_status().json()
    )
    return answer


def deployment_name(deployment: Mapping[str, Any]) -> str:
    """Return the name that people use for a deployment: FLOW/ENVIRONMENT."""
    flow = hyphenated(str(deployment["entrypoint"]).rpartition(".")[2])
    return f"{flow}/{deployment['name']}"


def _upcoming(api: "httpx.Client", deployment: str) -> int:
    states = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    body = {"flow_runs": {"deployment_id": {"any_": [deployment]}, **states}}
    return int(api.post("flow_runs/count", json=body).raise_for_status().json())


def client(url: str, env: Mapping[str, str], *, seconds: float = 10) -> "httpx.Client":
    """Return a client of the API at `url`, with the credentials of `env`; sends no request."""
    import httpx  # noqa: PLC0415 - only where there is a server

    key = env.get("PREFECT_API_KEY")
    name, colon, password = env.get("PREFECT_API_AUTH_STRING", "").partition(":")
    return httpx.Client(
        base_url=url,
        auth=(name, password) if colon else None,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=seconds,
    )


@contextmanager
def open_api(url: str, env: Mapping[str, str]) -> "Iterator[httpx.Client]":
    """Yield a client of the API at `url`; raise `FlowFailed` where an answer makes no sense."""
    import httpx  # noqa: PLC0415 - only where there is a server

    try:
        with client(url, env) as api:
            yield api
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        message = f"they cannot be read: {type(error).__name__}: {without_number(error)}"
        raise FlowFailed(message, hint="the server's log says more") from error


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, or those of the oldest version for other texts."""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, numbers.groups())) if numbers else _OLDEST
