"""Threads for calls that wait for the network, and for which nobody waits who is told to end.

`concurrent.futures` waits for every thread when a pool is left, and once more when the interpreter
ends: a store that hangs would hold up a run that was interrupted for as long as all its time-outs.
"""

import functools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of the C library's mallopt
_ARENAS: Final = 2
_GIVEN_BACK: Final = 128 << 10
"""Bytes of a piece of memory that goes back to the system as soon as it is free."""
T = TypeVar("T")
P = ParamSpec("P")
_Work = Callable[[], None]


class Pool(Executor):
    """At most `threads` threads, begun as they are needed; they end with the process.

    Left by an error it waits for the calls under way, and drops those that wait for their turn;
    left by an interruption (what is no `Exception`) it waits for nothing.
    """

    def __init__(self, threads: int, name: str = "kled-store") -> None:
        _share_memory()
        self._most, self._name = threads, name
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._waiting: set[Future[Any]] = set()
        self._idle = 0
        """Threads that no call was left to: each call is left to one of them, or to a new one."""
        self._backlog = 0
        """Calls that wait for a thread to end what it does."""
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call `fn` in one of the threads; raise `RuntimeError` after `shutdown`."""
        future: Future[T] = Future()

        def work() -> None:
            with self._lock:
                self._waiting.discard(future)
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
                future.set_exception(error)

        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            self._waiting.add(future)
            self._work.put(work)
            self._leave_to_a_thread()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as its base
        """Take no more calls; drop those that wait where asked to; may be called again."""
        with self._lock:
            dropped = list(self._waiting) if cancel_futures else []
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._work.put(None)
        for future in dropped:
            future.cancel()
        for thread in self._threads if wait else ():
            thread.join()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        interrupted = error is not None and not isinstance(error, Exception)
        self.shutdown(wait=not interrupted, cancel_futures=error is not None)

    def _leave_to_a_thread(self) -> None:
        """Count one call for a thread that has nothing to do, or for a new one.

        Whether a thread waits for work says nothing: it may have taken some, and not said so yet.
        """
        if self._idle:
            self._idle -= 1
        elif len(self._threads) < self._most:
            name = f"{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._serve, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        else:
            self._backlog += 1

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # what it holds may be large
            with self._lock:
                if self._backlog:
                    self._backlog -= 1
                else:
                    self._idle += 1


@functools.cache
def _share_memory() -> None:
    """Let all threads of the process take memory from the same places, and give large pieces back.

    The C library else has eight places for each processor, and none gives what was freed in it to
    threads of another: 64 threads that read some megabytes in turn hold them several times over.
    And it learns to keep ever larger pieces. Where it knows of no such thing nothing happens.
    """
    import ctypes  # noqa: PLC0415 - only where there are threads

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _GIVEN_BACK)
