"""Follows a flow run on a worker: its states and log lines, and in the end its summary."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

import httpx

from kled.cli.frame.command import Call
from kled.kops.failures import klog
from kled.sentences import options, without_number

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, Log

T = TypeVar("T")

POLL: Final = 2.0
"""Seconds between two looks at the run."""
_NO_WORKER: Final = 60.0
_NO_ANSWER: Final = 600.0
"""Seconds for which the server may be away; the run goes on meanwhile."""
_PAGE: Final = 200
_LATE: Final = timedelta(seconds=30)
"""Lines come in batches from several processes, so one may be older than a line already shown."""
_KOPS: Final = "kled.kops.output"
_RUNS: Final = "prefect.flow_runs"
_ATTEMPTS: Final = "prefect.task_runs"
"""Prefect's own line on failed attempts, which kled's shorter one replaces."""


def follow(call: Call, client: "SyncPrefectClient", lines: "FollowedLines") -> "FlowRun":
    """Say the states and lines of the run as they come; return the run once it has ended.

    Survives a server that is away for some minutes, and then raises what the client raises.
    """
    run_id = lines.run
    state, begun, warned = "", call.clock.monotonic(), False
    while True:
        run = _patiently(call, lambda: client.read_flow_run(run_id))
        ended = run.state is not None and run.state.is_final()
        if ended:
            call.clock.sleep(POLL)  # the last lines are sent after the state
        _patiently(call, lines.say)
        if run.state_name and run.state_name != state:
            state = run.state_name
            paused = run.state is not None and run.state.is_paused()
            call.say(f"state: {state}{f'; to answer: kled approve {run_id}' if paused else ''}")
        if ended:
            return run
        waited = call.clock.monotonic() - begun
        if not warned and run.start_time is None and waited > _NO_WORKER:
            warned = True
            call.say(
                f"no worker has taken it: prefect worker start {options(pool=run.work_pool_name)}"
            )
        call.clock.sleep(POLL)


def _patiently(call: Call, ask: Callable[[], T]) -> T:
    """Return what `ask` returns; ask again while the server does not answer."""
    give_up, warned = call.clock.monotonic() + _NO_ANSWER, False
    while True:
        try:
            return ask()
        except httpx.TransportError as error:
            if call.clock.monotonic() > give_up:
                raise
            if not warned:
                warned = True
                why = without_number(error)
                call.say(f"the Prefect server does not answer ({why}); asking again")
            call.clock.sleep(POLL)


class FollowedLines:
    """The log lines of a run, each said once."""

    def __init__(self, call: Call, client: "SyncPrefectClient", run: UUID) -> None:
        self.run = run
        """Its id."""
        self._call = call
        self._client = client
        self._said: set[UUID] = set()
        self._newest: datetime | None = None

    def pass_over(self) -> None:
        """Leave out the lines that have come so far."""
        for _ in self._new():
            pass

    def say(self) -> None:
        """Say the lines that have come since the last look."""
        for line in self._new():
            if _is_end(line) and not self._call.verbose:
                continue  # said by itself, with its hint
            if is_shown(line.name, line.level, verbose=self._call.verbose):
                kops = "kops: " if line.name == _KOPS else ""
                message = line.message if self._call.verbose else klog.words(line.message)
                self._call.say(f"  {kops}{message}")

    def _new(self) -> "Iterator[Log]":
        for line in self._read():
            if line.id not in self._said:
                self._said.add(line.id)
                self._newest = max(self._newest or line.timestamp, line.timestamp)
                yield line

    def _read(self) -> "Iterator[Log]":
        from prefect.client.schemas.filters import (  # noqa: PLC0415 - costs seconds
            LogFilter,
            LogFilterFlowRunId,
            LogFilterTimestamp,
        )
        from prefect.client.schemas.sorting import LogSort  # noqa: PLC0415

        since = LogFilterTimestamp(after_=self._newest - _LATE) if self._newest else None
        wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[self.run]), timestamp=since)
        offset = 0
        while True:
            page = self._client.read_logs(
                log_filter=wanted, limit=_PAGE, offset=offset, sort=LogSort.TIMESTAMP_ASC
            )
            yield from page
            offset += len(page)
            if len(page) < _PAGE:
                return


def is_shown(logger: str, level: int, *, verbose: bool) -> bool:
    """Say whether a line is for a person: kled's own, and warnings of Prefect and of kops.

    With `verbose` every line is, those of kops too, as in a run that is not on a worker.
    """
    if verbose:
        return True
    if logger.startswith("kled"):
        return logger != _KOPS or level >= logging.WARNING
    return level >= logging.WARNING and logger != _ATTEMPTS


def _is_end(line: "Log") -> bool:
    return line.name == _RUNS and line.message.startswith("Finished in state ")
