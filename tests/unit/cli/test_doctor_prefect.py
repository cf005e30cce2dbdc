"""A server whose scheduler is dead answers all else; `kled doctor` sees it. Fault 40."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kled.cli.doctor_prefect import schedules


def ago(**time: int) -> str:
    """Return a moment as the server tells it, seen from when it is asked."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat().replace("+00:00", "Z")


Answer = Callable[[str, dict[str, Any], str | None], tuple[int, Any]]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """Yield the address of an API that answers path, body and credentials with status and JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, value = answer(self.path, body, self.headers["Authorization"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/api"
        http.shutdown()


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
        assert body["flow_runs"]["deployment_id"] == {"any_": ["id-hourly"]}
        return 200, runs

    return answer


def test_schedules_with_runs_to_come_are_well() -> None:
    with server(counting(72)) as url:
        state, detail = schedules(url, {})

    assert (state, detail.split()[0]) == ("ok", "1")


def test_a_schedule_that_has_been_awake_for_minutes_without_runs_is_wrong() -> None:
    with server(counting(0)) as url:
        state, detail = schedules(url, {})

    assert state == "wrong"
    assert "makes no runs of: back-up-state/hourly;" in detail
    assert "Prefect 3.9.1 and whenever 0.11" in detail


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
        state, detail = schedules(url, {"PREFECT_API_AUTH_STRING": "admin:hush-hush"})

    assert state == "wrong"
    assert "they cannot be read: " in detail
    assert "hush" not in detail
