"""A Prefect server of its own process, as a team runs it, with its services; and workers.

Everything goes through processes and the HTTP API, so that the server and the worker may belong to
another installation than the tests.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
BOUND = 240.0
"""Seconds after which something that should have come true never will, on a busy machine too."""
QUICK = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "DO_NOT_TRACK": "1",
}
_STRANGE = ("PREFECT_", "KLED_", "KOPS_", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Standing:
    """A server, and what its users and workers have in their environment."""

    programs: Path
    """The directory of the installation's `kled` and `prefect`."""
    api: httpx.Client
    directory: Path
    env: Mapping[str, str] = field(repr=False)

    def run(self, program: str, *args: str, cwd: Path | None = None) -> str:
        """Run a program of the installation, which must succeed; return what it wrote."""
        command = [str(self.programs / program), *args]
        place = cwd or self.directory
        done = subprocess.run(
            command, env=dict(self.env), cwd=place, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def get(self, path: str) -> Any:
        return self.asked("GET", path).json()

    def post(self, path: str, **body: Any) -> Any:
        return self.asked("POST", path, body).json()

    def patch(self, path: str, **body: Any) -> None:
        self.asked("PATCH", path, body)

    def delete(self, path: str) -> None:
        self.asked("DELETE", path)

    def asked(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask, again where the server is busy, as Prefect's clients do: SQLite has one writer."""

        def answered() -> httpx.Response | None:
            response = self.api.request(method, path, json=body)
            busy = response.status_code == httpx.codes.SERVICE_UNAVAILABLE
            return None if busy else response

        return eventually(answered).raise_for_status()

    def deployment(self, flow: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/deployments/name/{flow}/default")
        return found

    def runs(self, flow: str, *states: str) -> list[dict[str, Any]]:
        """Return the runs of the flow's deployment that are in one of `states`, the newest first.

        The server answers with 200 at most.
        """
        wanted = {"state": {"type": {"any_": list(states)}}} if states else {}
        found: list[dict[str, Any]] = self.post(
            "/flow_runs/filter",
            flow_runs={"deployment_id": {"any_": [self.deployment(flow)["id"]]}, **wanted},
            sort="EXPECTED_START_TIME_DESC",
        )
        return found

    def lines(self, run: str) -> list[str]:
        """Return the run's log lines so far: they come in batches, some after its end."""
        found = self.post("/logs/filter", logs={"flow_run_id": {"any_": [run]}})
        return [line["message"] for line in found]

    def start(self, flow: str, **parameters: Any) -> str:
        """Let a worker run `flow`; return the run's id."""
        made = self.post(
            f"/deployments/{self.deployment(flow)['id']}/create_flow_run", parameters=parameters
        )
        return str(made["id"])

    def until(self, run: str, *states: str) -> dict[str, Any]:
        """Return the run once it is in one of `states`; fail where it ends in another."""

        def there() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(f"/flow_runs/{run}")
            kind = found["state_type"]
            assert kind in states or kind not in _FINAL, found["state"]
            return found if kind in states else None

        return eventually(there)


_FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def eventually(ask: Callable[[], T | None]) -> T:
    """Return the first answer of `ask` that is true; fail where none comes within the bound."""
    give_up = time.monotonic() + BOUND
    while not (answer := ask()):
        assert time.monotonic() < give_up, "it did not come true"
        time.sleep(0.3)
    return answer


@contextmanager
def serving(programs: Path, directory: Path, more: Mapping[str, str]) -> Iterator[Standing]:
    """Yield the server of the installation in `programs`, whose users have `more`."""
    directory.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{free_port()}"
    env = {name: value for name, value in os.environ.items() if not name.startswith(_STRANGE)}
    env |= {"PREFECT_HOME": str(directory / "prefect"), "HOME": str(directory), **QUICK, **more}
    env |= {"PREFECT_API_URL": f"{url}/api", "PREFECT_SERVER_API_HOST": "127.0.0.1"}
    env |= {"PREFECT_SERVER_API_PORT": url.rpartition(":")[2]}
    with (
        httpx.Client(base_url=f"{url}/api", timeout=60) as api,
        _process(
            [str(programs / "prefect"), "server", "start"], env, directory / "server"
        ) as alive,
    ):
        eventually(lambda: alive() and _healthy(api))
        yield Standing(programs, api, directory, env)


@contextmanager
def working(standing: Standing) -> Iterator[None]:
    """Run a worker of kled's work pool until the end of the block."""
    command = [str(standing.programs / "prefect"), "worker", "start", "--pool=kled"]
    with _process(command, standing.env, standing.directory / "worker"):
        yield


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _healthy(api: httpx.Client) -> bool:
    try:
        return api.get("/health").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@contextmanager
def _process(
    command: list[str], env: Mapping[str, str], place: Path
) -> Iterator[Callable[[], bool]]:
    """Run `command` in the directory `place`; yield what fails where it has ended."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=dict(env), cwd=place, stdout=log, stderr=log, start_new_session=True
        )

    def alive() -> bool:
        assert process.poll() is None, (place / "log").read_text()[-3000:]
        return True

    try:
        yield alive
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
