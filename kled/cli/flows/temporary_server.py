"""A Prefect server that lives as long as this process runs a flow.

Prefect would start one in the process group of this process: a Ctrl-C at the terminal would end it
together with the run, which then waits for its answer for ever. This one has a session of its own.
It ends when the run is marked, or with this process, whatever ends that.
"""

import atexit
import os
import socket
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import IO, Final

import httpx

from kled import process
from kled.cli.frame.signals import LAST_WORDS
from kled.errors import FlowFailed, SettingsError
from kled.retry import Clock

_POLL: Final = 0.1
_TRIES: Final = 3
"""Another process may take the free port before the server does."""
_END_SECONDS: Final = 5.0
_INTERRUPTED_SECONDS: Final = 0.7
_VARIABLE: Final = "PREFECT_API_URL"
_ALLOWED: Final = "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"


def start(clock: Clock) -> None:
    """Start a server for this process' Prefect; it ends when the process does.

    Does nothing where Prefect is told to start none. Call it from the main thread, before the first
    call of Prefect's API, so that Prefect's last messages are sent before the server ends. Raises
    `FlowFailed` where the server does not answer in the time that Prefect's settings give.
    """
    from prefect.context import refresh_global_settings_context  # noqa: PLC0415 - costs seconds
    from prefect.settings import get_current_settings  # noqa: PLC0415

    settings = get_current_settings().server.ephemeral
    if not settings.enabled and "enabled" in settings.model_fields_set:
        raise SettingsError(
            f"no Prefect server is named, and {_ALLOWED}=false lets none be started for this run",
            hint=f"export {_VARIABLE}=URL of a server, or {_ALLOWED}=true",
        )
    os.environ[_VARIABLE] = _running(clock, settings.startup_timeout_seconds)
    refresh_global_settings_context()


def _running(clock: Clock, patience: float) -> str:
    """Return the URL of a server that answers."""
    for left in reversed(range(_TRIES)):
        with tempfile.TemporaryFile() as output:
            server, url = _started(output)
            atexit.register(_end, server)
            if _answers(server, url, clock, patience):
                return url
            if server.poll() is None or not left:
                raise FlowFailed(_why(server, output), hint="kled doctor tries Prefect")
    raise AssertionError


def _started(output: IO[bytes]) -> tuple[process.Apart, str]:
    """Start it on a free port, as Prefect starts its own."""
    import prefect  # noqa: PLC0415 - costs seconds
    from prefect.settings import get_current_settings  # noqa: PLC0415

    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ephemeral = dict.fromkeys(("PREFECT__SERVER_EPHEMERAL", "PREFECT__SERVER_FINAL"), "1")
    known = get_current_settings().to_environment_variables(exclude_unset=True)
    return process.spawn_apart(
        [
            *(sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"),
            *("--app-dir", str(Path(str(prefect.__module_path__)).parent)),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--log-level", "error", "--lifespan", "on"),
        ],
        env={**os.environ, "PREFECT_UI_ENABLED": "0", **ephemeral, **known},
        says=output,
    ), f"http://127.0.0.1:{port}/api"


def _answers(server: process.Apart, url: str, clock: Clock, patience: float) -> bool:
    """Wait until it is healthy; return False where it ended, or time is over."""
    ends = clock.monotonic() + patience
    with httpx.Client(trust_env=False) as client:
        while server.poll() is None and clock.monotonic() < ends:
            try:
                if client.get(f"{url}/health").is_success:
                    return True
            except httpx.TransportError:
                pass  # it starts
            clock.sleep(_POLL)
    return False


def _why(server: process.Apart, output: IO[bytes]) -> str:
    output.seek(0)
    said = output.read().decode(errors="replace").strip().splitlines()
    ended = "does not answer" if server.poll() is None else f"ended with {server.poll()}"
    return f"the Prefect server of this run {ended}: {said[-1] if said else 'it said nothing'}"


def _end(server: process.Apart) -> None:
    server.end(_INTERRUPTED_SECONDS if LAST_WORDS.told else _END_SECONDS)
