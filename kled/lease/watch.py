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
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

from kled.errors import KledError, LeaseLost
from kled.lease import child, messages, vigil
from kled.lease.child import Child
from kled.lease.document import Lease, decode
from kled.lease.messages import Message
from kled.lease.writes import advance
from kled.retry import Clock
from kled.storage.base import ObjectStore

_WRITE_ENDED: Final = frozenset({"renewed", "failed", "taken", "released"})


class Watch:
    """One lease under watch; everything but the writes happens in the thread that calls `run`."""

    def __init__(
        self, store: ObjectStore, handed: Mapping[str, Any], pipe: IO[bytes], clock: Clock
    ) -> None:
        self.events: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._store = store
        self._pipe = pipe
        self._clock = clock
        self._lease: Lease = decode(handed["lease"].encode())
        self._tag: str = handed["tag"]
        self._since: float = handed["since"]
        self._schedule = vigil.timing(self._lease.ttl)
        self._vigil = vigil.Vigil(self._schedule, renewed=self._since, now=clock.monotonic())
        self._children: set[Child] = set()
        self._writing = False
        self._trouble = ""

    def run(self) -> None:
        """Watch until one of the four ends."""
        while True:
            message = self._next(self._vigil.seconds_left(self._clock.monotonic()))
            if message is not None and self._handle(message):
                break
            if self.events.empty() and (why := self._vigil.lost(self._clock.monotonic())):
                self._lose(why + self._trouble)
                break

    def _handle(self, message: Message) -> bool:
        """Act on one message; say whether it was the last."""
        match message["say"]:
            case "beat":
                self._vigil.beat(message["at"])
                self._renew_if_due()
            case "child":
                self._children = {*filter(child.running, self._children)}
                self._children.add(Child(message["pid"], message["started"]))
            case "ask":
                self._tell("here")
            case "taken":
                self._lose(message["why"])
                return True
            case "release" | "gone":
                self._give_back(holder_died=message["say"] == "gone")
                return True
            case _:
                self._write_ended(message)
        return False

    def _renew_if_due(self) -> None:
        now = self._clock.monotonic()
        if not self._writing and self._vigil.may_renew(now):
            self._vigil.trying(now)
            self._write(self._lease.renewed(), "renewed", now)

    def _write(self, lease: Lease, done: str, now: float) -> None:
        """Start one write in a thread of its own, so that a store that hangs holds up nothing."""
        self._lease, self._writing = lease, True
        threading.Thread(target=self._advance, args=(lease, done, now), daemon=True).start()

    def _advance(self, lease: Lease, done: str, since: float) -> None:
        try:
            self._tag = advance(self._store, lease, self._tag)
        except LeaseLost as error:
            self.events.put({"say": "taken", "why": error.message})
        except KledError as error:
            self.events.put({"say": "failed", "why": error.message})
        else:
            self.events.put({"say": done, "since": since})

    def _write_ended(self, message: Message) -> None:
        self._writing = False
        if message["say"] == "renewed":
            self._since, self._trouble = message["since"], ""
            self._vigil.renewed(self._since)
        elif message["say"] == "failed":
            self._trouble = f": {message['why']}"
        self._tell(**message)

    def _lose(self, why: str) -> None:
        """Say so first: the holder must not take the child's end for something else."""
        self._tell("lost", why=why)
        child.stop(self._children, self._schedule.kill_grace, self._clock)

    def _give_back(self, *, holder_died: bool) -> None:
        dead = child.stop(self._children, self._schedule.kill_grace, self._clock)
        if not dead or (holder_died and not child.KNOWN_BY_START):
            return self._tell("lost", why="a child may still run, so the lease is left to lapse")
        if self._settled() and self._vigil.lost(self._clock.monotonic()) is None:
            self._write(self._lease.released(), "released", self._clock.monotonic())
            self._settled()
        return None

    def _settled(self) -> bool:
        """Wait for the write under way, at most until the lease would lapse anyhow."""
        ends = self._since + self._lease.ttl.total_seconds()
        while self._writing:
            message = self._next(max(0.0, ends - self._clock.monotonic()))
            if message is None or message["say"] == "taken":
                return False
            if message["say"] in _WRITE_ENDED:
                self._write_ended(message)
        return True

    def _next(self, patience: float) -> Message | None:
        try:
            return self.events.get(timeout=patience)
        except queue.Empty:
            return None

    def _tell(self, say: str, **fields: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        messages.told(self._pipe, say, **fields)  # a holder that is gone closes its pipe, too


def attend(
    source: IO[bytes],
    pipe: IO[bytes],
    open_store: Callable[[Message], ObjectStore],
    clock: Clock,
) -> None:
    """Be the watchdog of whoever writes to `source`: open the store, take the lease over, watch.

    Returns when the watch ended, or the holder went before it had a lease.
    """
    heard = messages.received(source)
    first = next(heard, None)
    if first is None:
        return
    store = open_store(first)
    if not messages.told(pipe, "ready"):
        return
    handed = next(heard, None)
    if handed is None:
        return
    watch = Watch(store, handed, pipe, clock)

    def listen() -> None:
        for message in heard:
            watch.events.put(message)
        watch.events.put({"say": "gone"})

    threading.Thread(target=listen, daemon=True).start()
    watch.run()
