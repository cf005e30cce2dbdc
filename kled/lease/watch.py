"""The watchdog's loop: hear the holder, renew, and end kops when the lease is lost.

It ends in one of four ways:

* the holder says `release`: children that still run are stopped, then the lease is released;
* the pipe ends, because the holder died: the same. Releasing at once, instead of letting the TTL
  run out, is safe: nobody else renews this lease, the children that it was told of are dead, one
  that it was not yet told of died by the parent-death signal that `kled.process` sets, and the
  release is conditional, so that after a takeover it changes nothing. Where a child is not surely
  dead, or the platform has neither that signal nor /proc, the lease lapses by itself;
* a missed beat, or no renewal for too long: children are stopped and nothing is released. The
  holder may only be stopped and come back, so others wait for the TTL;
* a renewal finds another writer's lease: children are stopped.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from kled.errors import KledError, LeaseLost
from kled.lease import child, messages, vigil
from kled.lease.child import Child
from kled.lease.document import Lease, decode
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
    Open,
    Ready,
    Release,
    Released,
    Renewed,
    Start,
)
from kled.lease.writes import advance
from kled.retry import Clock
from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True)
class TakenByAnother:
    """A write has found another writer's lease."""

    why: str


WatchEvent = FromHolder | Gone | Renewed | Failed | Released | TakenByAnother
"""What the watch hears of: the holder's words, and how its own writes ended."""


class LeaseWatch:
    """One lease under watch; everything but the writes happens in the thread that calls `run`."""

    def __init__(self, store: ObjectStore, handed: Hand, pipe: IO[bytes], clock: Clock) -> None:
        self.events: queue.SimpleQueue[WatchEvent] = queue.SimpleQueue()
        self._store = store
        self._pipe = pipe
        self._clock = clock
        self._lease: Lease = decode(handed.lease.encode())
        self._tag = handed.tag
        self._since = handed.since
        self._schedule = vigil.timing(self._lease.ttl)
        self._vigil = vigil.Vigil(self._schedule, renewed=self._since, now=clock.monotonic())
        self._children: set[Child] = set()
        self._writing = False
        self._trouble = ""

    def run(self) -> None:
        """Watch until one of the four ends."""
        while True:
            event = self._next(self._vigil.seconds_left(self._clock.monotonic()))
            if event is not None and self._handle(event):
                break
            if self.events.empty() and (why := self._vigil.lost(self._clock.monotonic())):
                self._lose(why + self._trouble)
                break

    def _handle(self, event: WatchEvent) -> bool:
        """Act on one event; say whether it was the last."""
        match event:
            case Beat(at):
                self._vigil.beat(at)
                self._renew_if_due()
            case Start(pid, started):
                self._children = {*filter(child.running, self._children)}
                self._children.add(Child(pid, started))
            case AskForNews():
                self._tell(Here())
            case TakenByAnother(why):
                self._lose(why)
                return True
            case Release() | Gone():
                self._give_back(holder_died=isinstance(event, Gone))
                return True
            case Renewed() | Failed() | Released():
                self._write_ended(event)
            case Open() | Hand():
                pass  # said once, before the watch begins
        return False

    def _renew_if_due(self) -> None:
        now = self._clock.monotonic()
        if not self._writing and self._vigil.may_renew(now):
            self._vigil.trying(now)
            self._write(self._lease.renewed(), Renewed(now))

    def _write(self, lease: Lease, done: Renewed | Released) -> None:
        """Start one write in a thread of its own, so that a store that hangs holds up nothing."""
        self._lease, self._writing = lease, True
        threading.Thread(target=self._advance, args=(lease, done), daemon=True).start()

    def _advance(self, lease: Lease, done: Renewed | Released) -> None:
        try:
            self._tag = advance(self._store, lease, self._tag)
        except LeaseLost as error:
            self.events.put(TakenByAnother(error.message))
        except KledError as error:
            self.events.put(Failed(error.message))
        else:
            self.events.put(done)

    def _write_ended(self, end: Renewed | Failed | Released) -> None:
        self._writing = False
        match end:
            case Renewed(since):
                self._since, self._trouble = since, ""
                self._vigil.renewed(since)
            case Failed(why):
                self._trouble = f": {why}"
            case Released():
                pass  # nothing is renewed any more
        self._tell(end)

    def _lose(self, why: str) -> None:
        """Say so first: the holder must not take the child's end for something else."""
        self._tell(LeaseIsLost(why))
        child.stop(self._children, self._schedule.kill_grace, self._clock)

    def _give_back(self, *, holder_died: bool) -> None:
        dead = child.stop(self._children, self._schedule.kill_grace, self._clock)
        if not dead or (holder_died and not child.KNOWN_BY_START):
            return self._tell(LeaseIsLost("a child may still run, so the lease is left to lapse"))
        if self._settled() and self._vigil.lost(self._clock.monotonic()) is None:
            self._write(self._lease.released(), Released(self._clock.monotonic()))
            self._settled()
        return None

    def _settled(self) -> bool:
        """Wait for the write under way, at most until the lease would lapse anyhow."""
        ends = self._since + self._lease.ttl.total_seconds()
        while self._writing:
            match self._next(max(0.0, ends - self._clock.monotonic())):
                case None | TakenByAnother():
                    return False
                case Renewed() | Failed() | Released() as end:
                    self._write_ended(end)
                case _:
                    pass  # whatever the holder says now, it has asked for the end
        return True

    def _next(self, patience: float) -> WatchEvent | None:
        try:
            return self.events.get(timeout=patience)
        except queue.Empty:
            return None

    def _tell(self, message: FromWatchdog) -> None:
        messages.told(self._pipe, message)  # a holder that is gone closes its pipe, too


def attend(
    source: IO[bytes],
    pipe: IO[bytes],
    open_store: Callable[[Open], ObjectStore],
    clock: Clock,
) -> None:
    """Be the watchdog of whoever writes to `source`: open the store, take the lease over, watch.

    Returns when the watch ended, or the holder went before it had a lease.
    """
    heard = messages.from_holder(source)
    first = next(heard, None)
    if not isinstance(first, Open):
        return
    store = open_store(first)
    if not messages.told(pipe, Ready()):
        return
    handed = next(heard, None)
    if not isinstance(handed, Hand):
        return
    watch = LeaseWatch(store, handed, pipe, clock)

    def listen() -> None:
        for message in heard:
            watch.events.put(message)
        watch.events.put(Gone())

    threading.Thread(target=listen, daemon=True).start()
    watch.run()
