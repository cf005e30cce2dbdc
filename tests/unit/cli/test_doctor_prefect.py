"""A server whose scheduler is dead answers all else; `kled doctor` sees it. Fault 40."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployments.automation_kinds import ENDING_KINDS, TELLING_KINDS, tag
from kled.cli.checks.prefect_server import answers, automations, schedules
from tests.unit.cli.prefect_api import Answer, server


def ago(**time: int) -> str:
    """Return a moment as the server tells it, seen from when it is asked."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat().replace("+00:00", "Z")


def deployment(
    name: str, *, active: bool = True, updated: str | None = None, paused: bool = False
) -> dict[str, Any]:
    return {
        "id": f"id-{name}",
        "name": name,
        "entrypoint": "flows.back_up_state.back_up_state",
        "paused": paused,
        "schedules": [{"active": active, "updated": updated or ago(hours=1)}],
    }


def deployed() -> list[dict[str, Any]]:
    return [
        deployment("hourly"),
        deployment("asleep", active=False),
        deployment("fresh", updated=ago(seconds=1)),
        deployment("paused", paused=True),
    ]


def counting(runs: int) -> Answer:
    def answer(path: str, body: dict[str, Any], _: str | None) -> tuple[int, Any]:
        if path == "/api/deployments/filter":
            assert body["deployments"] == {"tags": {"all_": ["kled"]}}
            return 200, deployed()
        assert path == "/api/flow_runs/count"
        (asked,) = body["flow_runs"]["deployment_id"]["any_"]
        assert asked in {"id-hourly", "id-fresh"}
        return 200, runs

    return answer


def test_schedules_with_runs_to_come_are_well() -> None:
    with server(counting(72)) as url:
        state, detail, hint = schedules(url, {})

    assert (state, detail.split()[0], hint) == ("ok", "2", "")


def test_no_schedule_is_not_said_to_have_runs_to_come() -> None:
    with server(lambda *_: (200, [deployment("asleep", active=False)])) as url:
        assert schedules(url, {}) == ("ok", "none is awake", "")


def test_one_that_was_woken_a_moment_ago_is_not_said_to_sleep() -> None:
    """Four were awake, and "none is awake" was ok."""
    fresh = deployment("fresh", updated=ago(seconds=40))
    with server(lambda path, *_: (200, [fresh] if path.endswith("filter") else 0)) as url:
        state, detail, hint = schedules(url, {})

    assert (state, hint) == ("not tried", "ask again in a few minutes")
    assert detail == "awake for less than 5 minutes, and without runs: back-up-state/fresh"


def test_a_schedule_that_has_been_awake_for_minutes_without_runs_is_wrong() -> None:
    with server(counting(0)) as url:
        state, detail, hint = schedules(url, {})

    assert state == "wrong"
    assert "makes no runs of: back-up-state/hourly;" in detail
    assert "Prefect 3.9.1 and whenever 0.11" in hint


@pytest.mark.parametrize(
    ("env", "sent"),
    [
        ({"PREFECT_API_AUTH_STRING": "admin:pass"}, "Basic YWRtaW46cGFzcw=="),
        ({"PREFECT_API_KEY": "pnu_x"}, "Bearer pnu_x"),
        ({}, None),
    ],
)
def test_the_servers_credentials_are_sent(env: dict[str, str], sent: str | None) -> None:
    heard: list[str | None] = []

    def answer(_path: str, _body: dict[str, Any], credentials: str | None) -> tuple[int, Any]:
        heard.append(credentials)
        return 200, []

    with server(answer) as url:
        schedules(url, env)

    assert heard == [sent]


@pytest.mark.parametrize(
    ("status", "value"), [(401, {"exception_message": "no"}), (200, {"not": "a list"}), (200, [{}])]
)
def test_an_answer_that_is_none_is_wrong_and_no_traceback(status: int, value: Any) -> None:
    with server(lambda *_: (status, value)) as url:
        state, detail, _ = schedules(url, {"PREFECT_API_AUTH_STRING": "admin:hush-hush"})

    assert state == "wrong"
    assert "they cannot be read: " in detail
    assert "hush" not in detail


@pytest.mark.parametrize(
    ("status", "value", "detail", "hint"),
    [
        (200, "3.9.1", "it answers: Prefect 3.9.1", ""),
        (200, "3.10.0rc1", "it answers: Prefect 3.10.0rc1", ""),
        (200, "3.8.8", "Prefect 3.8.8 is too old: its scheduler fails", "the server needs Prefect"),
        (401, {}, "it does not accept the credentials (401)", "set PREFECT_API_AUTH_STRING"),
        (403, {}, "it does not accept the credentials (403)", "set PREFECT_API_AUTH_STRING"),
        (404, {}, "it answers 404", ""),
        (
            200,
            b"<!DOCTYPE html>",
            "what answers is not a Prefect server",
            "PREFECT_API_URL ends with",
        ),
    ],
)
def test_a_server_that_refuses_is_told_from_one_that_answers(  # fault 54
    status: int, value: Any, detail: str, hint: str
) -> None:
    with server(lambda path, *_: (200, True) if "health" in path else (status, value)) as url:
        state, words, advice = answers(url, {"PREFECT_API_AUTH_STRING": "admin:hush-hush"})

    assert state == ("ok" if detail.startswith("it answers:") else "wrong")
    assert words == detail
    assert advice.startswith(hint)
    assert "hush" not in words + advice


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "no-url", "http://[::1/api"])
def test_a_server_that_does_not_answer_is_said_to(url: str) -> None:
    state, words, hint = answers(url, {})

    assert (state, words.partition(":")[0]) == ("wrong", "it does not answer")
    assert "PREFECT_API_URL" in hint


def automating(*kinds: str, asleep: tuple[str, ...] = ()) -> Answer:
    """Answer as a server with one environment that has automations of `kinds`."""

    def answer(path: str, _body: dict[str, Any], _: str | None) -> tuple[int, Any]:
        if path == "/api/deployments/filter":
            return 200, [deployment("production")]
        assert path == "/api/automations/filter"
        return 200, [
            {"enabled": kind not in asleep, "tags": ["kled", tag("production", kind)]}
            for kind in kinds
        ]

    return answer


@pytest.mark.parametrize(
    ("there", "asleep", "state", "detail"),
    [
        ((*ENDING_KINDS, *TELLING_KINDS), (), "ok", "runs that die are ended, and people told"),
        (ENDING_KINDS, (), "missing", "production: nobody is told of runs that do not complete"),
        (
            (*ENDING_KINDS, *TELLING_KINDS),
            TELLING_KINDS[:1],
            "missing",
            "production: not there, or paused: tell of failed runs: kled deploy --environment=prod",
        ),
        (
            (*ENDING_KINDS[1:], *TELLING_KINDS),
            (),
            "missing",
            "production: not there, or paused: crash runs whose heartbeat stopped: kled deploy",
        ),
    ],
)
def test_runs_that_die_unnoticed_are_named_with_what_would_notice_them(
    there: tuple[str, ...], asleep: tuple[str, ...], state: str, detail: str
) -> None:  # fault 47
    with server(automating(*there, asleep=asleep)) as url:
        found = automations(url, {})

    assert found[0] == state
    assert ": ".join(filter(None, found[1:])).startswith(detail)


@pytest.mark.parametrize(("status", "value"), [(500, {}), (200, [{}]), (200, 3)])
def test_automations_that_cannot_be_read_are_no_traceback(status: int, value: Any) -> None:
    with server(lambda *_: (status, value)) as url:
        state, detail, _ = automations(url, {})

    assert state == "wrong"
    assert "they cannot be read: " in detail
