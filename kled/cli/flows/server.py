"""The Prefect server that a command uses, and kled's own messages for its refusals."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

import httpx

from kled.errors import FlowFailed, FlowServerDenied, KledError, SettingsError
from kled.sentences import without_number, word

DENIED: Final = frozenset({401, 403})
CREDENTIALS: Final = (
    "set PREFECT_API_AUTH_STRING to the server's USER:PASSWORD; for Prefect Cloud, PREFECT_API_KEY"
)
API: Final = "PREFECT_API_URL ends with /api, for example http://127.0.0.1:4200/api"
_SHOWN: Final = 300


def named(env: Mapping[str, str]) -> str | None:
    """Return the URL of the named Prefect server; None where none is named.

    Outside of a sandbox Prefect's own order holds: environment, files, profile. Within one only the
    environment may name a server, because `sandbox env` cannot hide a `prefect.toml` in the working
    directory. Raises `SettingsError` where a file does.
    """
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415 - costs seconds

    url: str | None = PREFECT_API_URL.value()
    if url and env.get("KLED_SANDBOX") and not env.get("PREFECT_API_URL"):
        raise SettingsError(
            f"a settings file of Prefect names the server {url}, which is outside of the sandbox",
            hint=f"go to another directory, or mean it: export PREFECT_API_URL={word(url)}",
        )
    return url


@contextmanager
def explain_server_errors(url: str | None) -> Iterator[None]:
    """Turn refusals of the Prefect server at `url` within the block into kled's errors.

    Raises `FlowServerDenied` for credentials that it does not accept, `FlowFailed` where it does
    not answer, fails, or is not a Prefect server.
    """
    try:
        yield
    except (RuntimeError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        told = _told(error, url)
        if told is None:
            raise
        raise told from error


def _told(error: BaseException, url: str | None) -> KledError | None:
    """Return the error for a refusal by a server; None where no server is the cause."""
    at = f"the Prefect server at {url}" if url else "the Prefect server of this run"
    match error:
        case httpx.HTTPStatusError():
            return _refusal(at, error.response)
        case httpx.TransportError() | httpx.InvalidURL():
            hint = "PREFECT_API_URL names it; kled doctor asks it"
            return FlowFailed(f"{at} does not answer: {without_number(error)}", hint=hint)
        case json.JSONDecodeError():
            return FlowFailed(f"what answers at {url} is not a Prefect server", hint=API)
        case RuntimeError() if error.__cause__ is not None:  # Prefect's first look at its server
            return _told(error.__cause__, url)
    return None


def _refusal(at: str, response: httpx.Response) -> FlowFailed | FlowServerDenied:
    status = response.status_code
    if status in DENIED:
        return FlowServerDenied(
            f"{at} does not accept the credentials ({status})", hint=CREDENTIALS
        )
    shown = f"{at} answers {status}: {response.text[:_SHOWN]}"
    return FlowFailed(shown, hint=advice(status, str(response.url)))


def advice(status: int, url: str) -> str:
    """Return what to do where a server answers a request to `url` with `status`."""
    if status == HTTPStatus.NOT_FOUND and "/api/" not in url:
        return API
    return "its log says more; kled doctor asks it"
