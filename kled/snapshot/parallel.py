"""Many calls at once, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Final, TypeVar

from kled.pool import Pool

T = TypeVar("T")
THREADS: Final = 64
"""Requests under way at once; each waits for the network most of its time."""
IN_FLIGHT: Final = 32 << 20
"""Bytes that calls under way may hold together."""

SizedCall = tuple[int, Callable[[], T]]
"""The bytes that a call holds, and the call."""


def in_parallel(
    tasks: Iterable[SizedCall[T]], *, threads: int = THREADS, in_flight: int = IN_FLIGHT
) -> Iterator[T]:
    """Yield what the calls return, in any order.

    `tasks` is read only as fast as calls end: no more than `in_flight` bytes, or one call where it
    holds more, are under way. The first error ends it: no call begins after that, those under way
    are waited for, and the error is raised; an interruption waits for none.
    """
    running: dict[Future[T], int] = {}
    with Pool(threads) as pool:
        try:
            for size, call in tasks:
                while running and (
                    len(running) >= threads or sum(running.values()) + size > in_flight
                ):
                    yield from _collect_ended(running)
                running[pool.submit(call)] = size
            while running:
                yield from _collect_ended(running)
        finally:
            for future in running:
                future.cancel()


def _collect_ended(running: dict[Future[T], int]) -> list[T]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        del running[future]
    return [future.result() for future in done]
