"""Holding a lease while kops runs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from kled.lease.document import Lease, Terms, Writer
from kled.retry import Clock
from kled.storage.base import ObjectStore


class Held(Protocol):
    """A lease that this process holds, as far as it knows."""

    @property
    def lease(self) -> Lease:
        """The lease as it was acquired; its token is higher than every earlier holder's."""

    def child_started(self, pid: int) -> None:
        """Put the child under the watchdog; raise `LeaseLost` (after which the caller ends it)."""

    def check(self) -> None:
        """Raise `LeaseLost` unless the lease was renewed recently enough to be relied on."""


@contextmanager
def hold(
    store: ObjectStore,
    cluster: str,
    *,
    writer: Writer,
    terms: Terms,
    clock: Clock,
    environment: Mapping[str, str],
) -> Iterator[Held]:
    """Hold the lease of `cluster` for the body of the `with` statement; see the module's text."""
    raise NotImplementedError
    yield
