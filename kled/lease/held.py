"""The holder's side: beats, what the watchdog said, and whether the lease can be relied on."""

import contextlib
import logging
import threading
from typing import IO, TYPE_CHECKING, Final

from kled.errors import LeaseLost
from kled.lease import child, messages, vigil
from kled.lease.document import Lease, encode
from kled.lease.messages import (
    AskForNews,
    Beat,
    Failed,
    FromHolder,
    FromWatchdog,
    Gone,
    Hand,
    Here,
    LeaseIsLost,
    Ready,
    Release,
    Released,
    Renewed,
    Start,
)
from kled.lease.writes import Acquired
from kled.retry import Clock

if TYPE_CHECKING:
    from kled.lease.child import Child

logger = logging.getLogger(__name__)

_HINT: Final = (
    "somebody else may change the cluster now; look, then run again: it does what is left"
)


class Held:
    """A lease that this process holds, as far as it knows. Safe for threads.

    Holder and watchdog watch each other. Whichever notices first that the lease cannot be relied
    on ends the children.
    """

    def __init__(self, acquired: Acquired, pipe: IO[bytes], clock: Clock) -> None:
        self._lease = acquired.lease
        self._pipe = pipe
        self._clock = clock
        self._schedule = vigil.timing(acquired.lease.ttl)
        now = clock.monotonic()
        self._vigil = vigil.Vigil(self._schedule, renewed=acquired.since, now=now)
        self._children: set[Child] = set()
        self._why: str | None = None
        self._released = False
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._answered = threading.Event()
        self._over = threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True)

    def begin(self, acquired: Acquired) -> None:
        """Hand the lease to the watchdog, which renews it from now on, and start to beat."""
        self._tell(Hand(encode(acquired.lease).decode(), acquired.tag, acquired.since))
        self._beats.start()

    @property
    def lease(self) -> Lease:
        """The lease as it was acquired; its token is higher than every earlier holder's."""
        return self._lease

    @property
    def lost(self) -> bool:
        """Whether the lease is known to be lost."""
        return self._why is not None

    @property
    def released(self) -> bool:
        """Whether the watchdog said that it wrote the release."""
        return self._released

    def child_started(self, pid: int) -> None:
        """Put a child under the watchdog; for `on_start` of `kled.process.run`.

        Raises `LeaseLost`, upon which `run` ends the child: it was started by a holder that was
        stopped for too long between its last check and the start.
        """
        started = child.identify(pid)
        self.check()
        with self._lock:
            self._children = {*filter(child.running, self._children), started}
        self._tell(Start(started.pid, started.started))
        self.check()

    def check(self) -> None:
        """Raise `LeaseLost` unless the lease was renewed recently enough to be relied on."""
        with self._lock:
            self._why = self._why or self._vigil.lost(self._clock.monotonic())
            why = self._why
        if why:
            raise LeaseLost(f"the lease of {self._lease.cluster} was lost: {why}", hint=_HINT)

    def confirm(self) -> None:
        """Check, after the watchdog said all that it knew by now.

        For the end: a child that the watchdog ended must not look like one that failed.
        """
        self._answered.clear()
        self._tell(AskForNews())
        with self._lock:
            patience = self._vigil.seconds_left(self._clock.monotonic())
        if not self._over.is_set():
            self._answered.wait(patience)
        self.check()

    def hear(self, message: FromWatchdog | Gone) -> None:
        """Take in what the watchdog says; called by the thread that reads its pipe."""
        match message:
            case Renewed(since):
                with self._lock:
                    self._vigil.renewed(since)
            case Failed(why):
                logger.warning("cannot renew the lease yet: %s", why)
            case LeaseIsLost(why):
                self._end(why)
            case Here():
                self._answered.set()
            case Released():
                self._released = True
            case Ready():
                pass  # said before there is a lease
            case Gone():
                self._end(None if self._stopping.is_set() else "its watchdog ended")

    def abandon(self, why: str) -> None:
        """Keep the lease no longer and end what runs under it; safe from any thread, and to repeat.

        For a holder that should have ended and did not: with the beats that stop here the watchdog
        ends kops, too, and releases nothing before the holder is gone.
        """
        self._lose(why)

    def give_back(self) -> None:
        """Stop beating and ask the watchdog to release what is not lost; may be called once."""
        self._stopping.set()
        self._beats.join()
        if self._why is None:
            self._tell(Release())

    def _beat(self) -> None:
        while not self._stopping.wait(self._schedule.beat):
            now = self._clock.monotonic()
            with self._lock:
                why = self._why or self._vigil.lost(now)
                if not why:
                    self._vigil.beat(now)
            if why:
                return self._lose(why)
            self._tell(Beat(now))
        return None

    def _end(self, why: str | None) -> None:
        if why:
            self._lose(why)
        self._over.set()
        self._answered.set()

    def _lose(self, why: str) -> None:
        with self._lock:
            self._why = self._why or why
            children = set(self._children)
        child.stop(children, self._schedule.kill_grace, self._clock)

    def _tell(self, message: FromHolder) -> None:
        """Send, if anybody listens: of a watchdog's end its other pipe tells, and why."""
        with self._lock, contextlib.suppress(OSError):
            messages.send(self._pipe, message)
