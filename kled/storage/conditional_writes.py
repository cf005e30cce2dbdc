"""Whether a store honours conditions, found out by writing, never by its name."""

from collections.abc import Callable
from typing import Final

from kled.errors import CapabilityMissing, PreconditionFailed
from kled.storage.base import Location, ObjectStore

KEY: Final = ".kled/probe"
NEVER: Final = "0" * 32
"""A tag that no store gives to an object."""
_honest: Final[dict[Location, bool]] = {}
"""What a store can do stays as it is while a process lives, and to find it out costs two writes;
two threads that ask at once get the same answer."""


def require_conditional_writes(store: ObjectStore) -> None:
    """Raise `CapabilityMissing` unless the store honours conditions; ask once per process."""
    if not conditional_writes(store):
        raise CapabilityMissing(
            f"{store.location.url} has no conditional writes, so two writers cannot be kept apart",
            hint="pass --no-lease when you are sure that nothing else changes the cluster",
        )


def conditional_writes(store: ObjectStore) -> bool:
    """Say whether the store refuses writes whose condition does not hold.

    Two writes that must be refused to one small object that stays (three the very first time); any
    number of processes may do so at once, and be killed in between. The answer is remembered per
    location; an error is not.
    """
    known = _honest.get(store.location)
    if known is None:
        known = _honest[store.location] = _probe(store)
    return known


def _probe(store: ObjectStore) -> bool:
    def create(body: bytes) -> Callable[[], str]:
        return lambda: store.put_if_absent(KEY, body)

    try:
        kept = refused(create(b"probe of conditional writes\n")) or refused(create(b"ignored\n"))
        return kept and refused(lambda: store.replace(KEY, b"ignored\n", NEVER))
    except CapabilityMissing:
        return False


def refused(write: Callable[[], str]) -> bool:
    """Say whether the store refuses this write for its condition; else it was done."""
    try:
        write()
    except PreconditionFailed:
        return True
    return False
