"""Damaged objects that machines boot from: reported before the update that writes them again."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from kled.errors import KledError
from kled.kops.state_store import derived, layout
from kled.operations.fleet.stored_names import keys_below
from kled.operations.session import Session
from kled.storage.bounded import get_if_readable

_BELOW: Final = ("addons/", "igconfig/", "manifests/")
_FILES: Final = (layout.COMPLETED, layout.KOPS_VERSION)
_AT_ONCE: Final = 16


def tell(session: Session, cluster: str) -> None:
    """Note each damaged derived object, worded as a snapshot does. Only reads, and raises nothing.

    Costs a listing of each part of the cluster's prefix, and a GET for each object.
    """
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    try:
        tasks = ((0, partial(_read, session, cluster, key)) for key in _keys(session, cluster))
        bodies = dict(filter(None, in_parallel(tasks, threads=_AT_ONCE)))
    except KledError:  # a deeper read of the store reports it
        return
    for finding in derived.told(derived.damage(bodies)):
        session.note(finding)


def _keys(session: Session, cluster: str) -> Iterator[str]:
    for below in _BELOW:
        yield from keys_below(session.state_store, cluster, below)
    yield from _FILES


def _read(session: Session, cluster: str, key: str) -> tuple[str, bytes] | None:
    """Return the key and its bytes; None where the object is gone, or too large to be kops' own."""
    body = get_if_readable(session.state_store, f"{cluster}/{key}")
    return None if body is None else (key, body)
