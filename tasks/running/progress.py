"""How far a long step is, as a progress artifact of the run: a bar in Prefect's pages.

Nobody waits for it: a thread of its own sends what is newest now and then, and a server that is
away, or refuses it, changes nothing of how the run goes.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.runtime import flow_run

from kled.errors import KledError
from kled.models.share import Share
from kled.operations.runner import Row
from kled.operations.step import Step, UseCase
from tasks.running import resources
from tasks.running.markdown import inline
from tasks.running.summary import artifact_key

logger = logging.getLogger("kled.flows")

KIND: Final = "progress"
"""The artifact's type, which Prefect shows as a bar."""
EVERY: Final = 10.0
"""Seconds between two requests; a step that is over before has no bar."""
_PATIENCE: Final = 3.0
"""Seconds for the last request at the end of the run."""
_ANSWER: Final = {"timeout": 10.0}


@dataclass(frozen=True, slots=True)
class Bar:
    """How far one step is, and where that stands."""

    step: str
    percent: float
    message: str
    artifact: UUID | None = None
    """None: nobody was told of it yet."""


Send = Callable[[Bar], UUID]
"""Stores a bar, as a new artifact or its own, and returns that; may raise anything."""


class Bars:
    """The bars of one operation, for the body of a `with` statement; an observer of its steps."""

    def __init__(
        self,
        send: Send,
        *,
        every: float = EVERY,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send, self._every, self._monotonic = send, every, monotonic
        self._at, self._since = "", 0.0
        self._share: Share | None = None
        self._sent: Bar | None = None
        self._over = threading.Event()
        self._changing, self._sending = threading.Lock(), threading.Lock()
        self._warned = False

    def __enter__(self) -> "Bars":
        """Begin to send."""
        context = copy_context()  # Prefect's settings and the run, for its log, are in it
        threading.Thread(target=context.run, args=(self._go_on,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End sending; what is under way is not waited for."""
        self._over.set()

    def tell(self, share: Share) -> None:
        """Note how far the step is; returns at once."""
        with self._changing:
            self._share = share

    def started(self, step: Step) -> None:
        """Begin again."""
        with self._changing:
            self._at, self._since = step.name, self._monotonic()
            self._share = None

    def retried(self, step: Step, error: KledError) -> None:
        """It goes on."""

    def ended(self, row: Row) -> None:
        """Let a bar that somebody may look at say how its step ended; waits some seconds at most.

        One that failed stays where it was.
        """
        with self._changing:
            self._share = None
        sent, self._sent = self._settled(), None
        if sent is None:
            return
        percent = 100.0 if row.outcome == "done" else sent.percent
        last = Bar(sent.step, percent, f"{row.outcome}: {row.words}", sent.artifact)
        context = copy_context()
        ending = threading.Thread(target=context.run, args=(self._told, last), daemon=True)
        ending.start()
        ending.join(_PATIENCE)

    def _settled(self) -> Bar | None:
        """Return what was sent last, once a request that is under way has its answer."""
        if not self._sending.acquire(timeout=_PATIENCE):
            return None
        self._sending.release()
        return self._sent

    def _go_on(self) -> None:
        while not self._over.wait(self._every):
            self.send_newest()

    def send_newest(self) -> None:
        """Send how far the step is, where it takes long and that has changed."""
        with self._sending:
            with self._changing:
                share, at = self._share, self._at
                young = self._monotonic() - self._since < self._every
            if share is None or young:
                return
            known = self._sent.artifact if self._sent else None
            bar = Bar(at, share.percent, share.message, known)
            if bar != self._sent:
                self._sent = self._told(bar) or self._sent

    def _told(self, bar: Bar) -> Bar | None:
        """Send it; return it with its artifact, None where it was not taken."""
        try:
            return replace(bar, artifact=self._send(bar))
        except Exception as error:  # noqa: BLE001 - whatever the server does
            if not self._warned:
                self._warned = True
                logger.warning("how far it is could not be stored: %s", type(error).__name__)
            return None


def bars(use_case: UseCase) -> Bars:
    """Return what shows how far the steps of `use_case` are, in this run."""
    return Bars(_sender(use_case, flow_run.id))


def _sender(use_case: UseCase, run: str | None) -> Send:
    def send(bar: Bar) -> UUID:
        redact = resources.redactor(resources.settings()).text
        description = inline(redact(f"{bar.step}: {bar.message}"))
        with get_client(httpx_settings=dict(_ANSWER), sync_client=True) as client:
            if bar.artifact is not None:
                newer = ArtifactUpdate(data=bar.percent, description=description)
                client.update_artifact(bar.artifact, newer)
                return bar.artifact
            made = ArtifactCreate(
                key=artifact_key(f"{use_case.name} {use_case.cluster} {bar.step}"),
                type=KIND,
                description=description,
                data=bar.percent,
                flow_run_id=UUID(str(run)),
            )
            return client.create_artifact(made).id

    return send
