"""Flow runs that wait for an approval: listing them, finding one, and answering it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from kled.errors import KledError
from kled.models.question import Question, input_key
from kled.retry import Clock
from kled.sentences import enumerated

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PREFIX: Final = re.compile(r"[0-9a-f][0-9a-f-]{3,}")
_PAGE_OF_A_RUN: Final = re.compile(r"(https?://[^?#]+?)(?:/v2)?/(?:flow-)?runs/flow-run/")
_IN_CLOUD: Final = re.compile(r"https://app\.prefect\.cloud/account/([\w-]+)/workspace/([\w-]+)")
_PAGE: Final = 200
SHORTEST: Final = 8
"""The fewest digits of an id that are shown."""
_PATIENCE: Final = 15.0
"""Seconds until a paused run has its form, which Prefect stores after the pause."""
_LIST: Final = "kled approve without a run lists what waits"


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run that waits, and its question."""

    run: UUID
    name: str
    question: Question

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"run": str(self.run), "name": self.name, **self.question.as_json()}


class Runs(Protocol):
    """What a server knows of waiting runs; `Server` asks Prefect's."""

    def waiting(self) -> Sequence[WaitingRun]:
        """Return all runs that wait for an approval."""

    def named(self, run: UUID) -> WaitingRun | str | None:
        """Return a waiting run, the state of any other run, or None where there is none."""

    def resume(self, run: UUID, answer: dict[str, Any]) -> str | None:
        """Send the answer; return why it was not accepted, None where it was."""


def find_meant(runs: Runs, typed: str) -> WaitingRun:
    """Return the run for an id, a unique prefix of one, its name, or its address.

    Raises `KledError` where there is none, it does not wait, or more than one fits.
    """
    id_ = _UUID.search(typed.lower())
    if id_:
        named = runs.named(UUID(id_[0]))
        if isinstance(named, WaitingRun):
            return named
        why = f"it is {named}" if named else "the Prefect server has no such run"
        raise KledError(f"the run {id_[0]} does not wait for an approval: {why}", hint=_LIST)
    waiting = runs.waiting()
    prefix = typed.lower() if _PREFIX.fullmatch(typed.lower()) else None
    these = [
        run for run in waiting if run.name == typed or (prefix and str(run.run).startswith(prefix))
    ]
    if len(these) == 1:
        return these[0]
    if not these:
        raise KledError(f'no run "{typed}" waits for an approval', hint=_LIST)
    several = enumerated([str(run.run) for run in these], 5)
    raise KledError(f'"{typed}" is more than one run: {several}', hint="name one by its id")


def api_of(typed: str) -> str | None:
    """Return the API of the server that a run's address names; None: it is not such an address.

    A server has its API beside its pages, Prefect Cloud on a host of its own.
    """
    address = _PAGE_OF_A_RUN.match(typed)
    if address is None:
        return None
    cloud = _IN_CLOUD.fullmatch(address[1])
    if cloud:
        return f"https://api.prefect.cloud/api/accounts/{cloud[1]}/workspaces/{cloud[2]}"
    return f"{address[1]}/api"


def answer(runs: Runs, waiting: WaitingRun, reply: dict[str, Any], clock: Clock) -> None:
    """Answer a run's question; raises `KledError` where the run does not accept it (any more)."""
    give_up = clock.monotonic() + _PATIENCE
    while True:
        refused = runs.resume(waiting.run, reply)
        if refused is None:
            return
        if "schema not found" not in refused or clock.monotonic() > give_up:
            raise KledError(f"the run did not take the answer: {refused}", hint=_LIST)
        clock.sleep(1)


def shortest_prefixes(waiting: Sequence[WaitingRun]) -> dict[UUID, str]:
    """Return for each run the shortest unique prefix of its id, of at least 8 digits."""
    ids = [str(run.run) for run in waiting]
    length = next((n for n in range(SHORTEST, 37) if len({id_[:n] for id_ in ids}) == len(ids)), 36)
    return {run.run: str(run.run)[:length] for run in waiting}


class Server:
    """The runs of a Prefect server."""

    def __init__(self, client: "SyncPrefectClient") -> None:
        self._client = client

    def waiting(self) -> Sequence[WaitingRun]:
        """Return all runs that wait for an approval, those first that give up first."""
        waiting = [run for run in map(self._waiting, self._paused()) if run is not None]
        return sorted(waiting, key=lambda run: run.question.until)

    def named(self, run: UUID) -> WaitingRun | str | None:
        """Return a waiting run, the state of any other run, or None where there is none."""
        from prefect.exceptions import ObjectNotFound  # noqa: PLC0415 - costs seconds

        try:
            read = self._client.read_flow_run(run)
        except ObjectNotFound:
            return None
        if read.state is None or not read.state.is_paused():
            return str(read.state_name)
        return self._waiting(read) or "Paused by somebody, and asks for no approval"

    def resume(self, run: UUID, answer: dict[str, Any]) -> str | None:
        """Send the answer; return why it was not accepted, None where it was."""
        result = self._client.resume_flow_run(run, run_input=answer)
        if result.status.value == "ACCEPT":
            return None
        return str(getattr(result.details, "reason", None) or result.status.value)

    def _paused(self) -> "Iterator[FlowRun]":
        from prefect.client.schemas.filters import (  # noqa: PLC0415 - costs seconds
            FlowRunFilter,
            FlowRunFilterState,
            FlowRunFilterStateType,
        )
        from prefect.client.schemas.objects import StateType  # noqa: PLC0415

        wanted = FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED]))
        )
        offset = 0
        while True:
            page = self._client.read_flow_runs(flow_run_filter=wanted, limit=_PAGE, offset=offset)
            yield from page
            offset += len(page)
            if len(page) < _PAGE:
                return

    def _waiting(self, run: "FlowRun") -> WaitingRun | None:
        import httpx  # noqa: PLC0415 - not for --help

        key = run.state.state_details.pause_key if run.state else None
        try:
            text = self._client.read_flow_run_input(run.id, input_key(str(key)))
            return WaitingRun(run.id, run.name, Question.from_json(json.loads(text)))
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return None  # another flow's pause
            raise
        except ValueError:
            return None
