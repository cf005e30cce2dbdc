"""`kled doctor`: what kled needs, what is there, and what to do about the rest."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from kled import process
from kled.cli.leaf import Call, leaf
from kled.cli.output import Column
from kled.errors import KledError
from kled.models.clouds import CLOUDS, missing_variables

_COLUMNS = (Column("CHECK", "check"), Column("STATE", "state"), Column("WHAT", "what"))
_TOOLS = {
    "kubectl": ("version", "--client"),
    "k9s": ("version", "--short"),
    "aws": ("--version",),
    "gcloud": ("--version",),
    "az": ("--version",),
}
_ANSWER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Check:
    """One row: `state` is ok, missing (only a problem where it is needed) or failed."""

    check: str
    state: str
    what: str

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"check": self.check, "state": self.state, "what": self.what}


@leaf("doctor", examples=("kled doctor", "kled doctor --output=json"))
def doctor(call: Call) -> int:
    """Check kops, tools, stores, the Prefect server and each cloud's variables.

    Exit 1 where kops or the state store cannot be used; everything else is only reported.
    """
    rows = [*_needed(call), *_tools(call), _server(call), *_clouds(call)]
    call.show(rows, _COLUMNS)
    return int(any(row.state == "failed" for row in rows))


def _needed(call: Call) -> Iterator[Check]:
    try:
        with call.session() as session:
            yield Check("kops", "ok", f"{session.kops.version()}, {session.kops.program}")
            clusters = len(session.kops.get_clusters())
            yield Check("state store", "ok", f"{call.settings.state_store}, {clusters} clusters")
    except KledError as error:
        yield Check("kops and state store", "failed", _words(error))
    snapshots = call.settings.snapshot_store
    yield Check("snapshot store", "ok" if snapshots else "missing", snapshots or "none configured")


def _words(error: KledError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message


def _tools(call: Call) -> Iterator[Check]:
    env = call.settings.environment
    for tool, asks in _TOOLS.items():
        if shutil.which(tool, path=env.get("PATH")) is None:
            yield Check(tool, "missing", "not on PATH; kled works without it")
            continue
        try:
            done = process.run([tool, *asks], env=env, timeout=_ANSWER)
        except KledError as error:
            yield Check(tool, "missing", error.message)
            continue
        said = (done.stdout or done.stderr).strip().splitlines()
        yield Check(tool, "ok", said[0] if said else f"answered {done.returncode}")


def _server(call: Call) -> Check:
    url = call.settings.environment.get("PREFECT_API_URL")
    if not url:
        return Check(
            "prefect server", "missing", "PREFECT_API_URL is not set: flows start their own"
        )
    import httpx  # noqa: PLC0415 - heavy

    try:
        answer = httpx.get(f"{url.rstrip('/')}/health", timeout=_ANSWER.total_seconds())
    except httpx.HTTPError as error:
        return Check("prefect server", "missing", f"{url} does not answer: {error}")
    state = "ok" if answer.is_success else "missing"
    return Check("prefect server", state, f"{url} answers {answer.status_code}")


def _clouds(call: Call) -> Iterator[Check]:
    for name, cloud in CLOUDS.items():
        if cloud.refused:
            continue
        missing = missing_variables(name, call.settings.environment)
        what = f"not set: {', '.join(missing)}" if missing else "nothing is missing"
        yield Check(f"cloud {name}", "missing" if missing else "ok", what)
