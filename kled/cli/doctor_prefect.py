"""What `kled doctor` asks a Prefect server; over HTTP, for importing Prefect takes seconds."""

from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from deployments.automation_kinds import ENDING_KINDS, TELLING_KINDS, tag
from kled.sentences import options

if TYPE_CHECKING:
    import httpx

State = tuple[str, str]
"""`ok` or `wrong`, and the detail."""
_OURS: Final = "kled"
"""The tag of kled's deployments."""
_SETTLED: Final = timedelta(minutes=5)
"""A scheduler goes round once a minute; what was changed since may still be on its way."""
_AT_MOST: Final = 200


def answers(url: str, env: Mapping[str, str]) -> State:
    """Return whether a Prefect server answers at `url` and accepts the credentials of `env`."""
    import httpx  # noqa: PLC0415 - only where there is a server

    from kled.cli import flow_server  # noqa: PLC0415 - imports httpx

    try:
        with httpx.Client(base_url=url, auth=_auth(env), headers=_headers(env), timeout=5) as api:
            api.get("health").raise_for_status()  # which needs no credentials
            api.get("admin/version").raise_for_status().json()
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status in flow_server.DENIED:
            return (
                "wrong",
                f"it does not accept the credentials ({status}): {flow_server.CREDENTIALS}",
            )
        return "wrong", f"it answers {status}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return "wrong", f"it does not answer: {type(error).__name__}"
    except ValueError:
        return "wrong", f"what answers is no Prefect server: {flow_server.API}"
    return "ok", "it answers"


def schedules(url: str, env: Mapping[str, str]) -> State:
    """Return whether the server makes runs for the schedules that are awake.

    A server whose scheduler dies answers everything else and looks healthy.
    """
    import httpx  # noqa: PLC0415 - only where there is a server

    try:
        with httpx.Client(base_url=url, auth=_auth(env), headers=_headers(env), timeout=10) as api:
            awake, silent = _awake(api), []
            for deployment in awake:
                silent += [] if _upcoming(api, deployment["id"]) else [_name(deployment)]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        return "wrong", f"they cannot be read: {type(error).__name__}: {error}"
    if silent:
        words = (
            f"awake for {_SETTLED.seconds // 60} minutes, and the server makes no runs of:"
            f" {', '.join(sorted(silent))}; its scheduler fails (see its log) or does not run:"
            " the server needs Prefect 3.9.1 and whenever 0.11, or later ones"
        )
        return "wrong", words
    return "ok", f"{len(awake)} deployments have schedules that are awake, all with runs to come"


def automations(url: str, env: Mapping[str, str]) -> State:
    """Return whether runs of kled's deployments that die are ended, and people told of them.

    `missing` where an automation that `kled deploy` makes is not there, or sleeps.
    """
    import httpx  # noqa: PLC0415 - only where there is a server

    try:
        with httpx.Client(base_url=url, auth=_auth(env), headers=_headers(env), timeout=10) as api:
            body = {"deployments": {"tags": {"all_": [_OURS]}}, "limit": _AT_MOST}
            deployed = api.post("deployments/filter", json=body).raise_for_status().json()
            environments = sorted({str(one["name"]) for one in deployed})
            present = api.post("automations/filter", json={"limit": _AT_MOST}).raise_for_status()
            awake = {tag for one in present.json() if one["enabled"] for tag in one["tags"]}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        return "wrong", f"they cannot be read: {type(error).__name__}: {error}"
    if not environments:
        return "missing", "nothing is deployed: kled deploy"
    lacking = [words for one in environments if (words := _lacking(one, awake))]
    if lacking:
        return "missing", "; ".join(lacking)
    return "ok", f"runs that die are ended, and people told: {', '.join(environments)}"


def _lacking(environment: str, awake: Container[str]) -> str:
    """Say which automations of an environment are not there or sleep; empty: none."""
    ending = [kind for kind in ENDING_KINDS if tag(environment, kind) not in awake]
    telling = [kind for kind in TELLING_KINDS if tag(environment, kind) not in awake]
    if not ending and len(telling) == len(TELLING_KINDS):
        return (
            f"{environment}: nobody is told of runs that do not complete: name a notification block"
            f" of Prefect (notify:) in the environment, then {_again(environment)}"
        )
    if ending or telling:
        gone = ", ".join((*ending, *telling))
        return f"{environment}: not there, or paused: {gone}: {_again(environment)}, or wake them"
    return ""


def _again(environment: str) -> str:
    return f"kled deploy {options(environment=environment)}"


def _awake(api: "httpx.Client") -> list[dict[str, Any]]:
    """Return kled's deployments that have had a schedule awake for some minutes."""
    body = {"deployments": {"tags": {"all_": [_OURS]}}, "limit": _AT_MOST}
    before = datetime.now(UTC) - _SETTLED
    return [
        deployment
        for deployment in api.post("deployments/filter", json=body).raise_for_status().json()
        if not deployment["paused"]
        and any(
            schedule["active"] and datetime.fromisoformat(schedule["updated"]) < before
            for schedule in deployment["schedules"]
        )
    ]


def _name(deployment: Mapping[str, Any]) -> str:
    flow = str(deployment["entrypoint"]).rpartition(".")[2].replace("_", "-")
    return f"{flow}/{deployment['name']}"


def _upcoming(api: "httpx.Client", deployment: str) -> int:
    states = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    body = {"flow_runs": {"deployment_id": {"any_": [deployment]}, **states}}
    return int(api.post("flow_runs/count", json=body).raise_for_status().json())


def _auth(env: Mapping[str, str]) -> tuple[str, str] | None:
    name, colon, password = env.get("PREFECT_API_AUTH_STRING", "").partition(":")
    return (name, password) if colon else None


def _headers(env: Mapping[str, str]) -> dict[str, str]:
    key = env.get("PREFECT_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}
