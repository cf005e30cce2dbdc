"""Unregister a cluster although kops cannot read it: the way out after a definition is lost.

`kops delete cluster --unregister` first reads the cluster to find its keys and backups. Where it
cannot, kled removes the objects below the cluster's own prefix and nothing else: no cloud resource
is touched, and what the definition kept elsewhere stays there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from kled.errors import (
    DefinitionRejected,
    DocumentDamaged,
    KopsCrashed,
    KopsError,
    ObjectMissing,
    OutputUnreadable,
)
from kled.kops.state_store import layout, readable
from kled.models.definition import Definition, object_name
from kled.operations.cluster.unreadable import explain_crash
from kled.operations.guards.protection import pattern_protection, protection
from kled.operations.session import Session
from kled.sentences import number
from kled.storage.bounded import get_bounded

UNKNOWN: Final = "its definition cannot be read, which may have labelled it so"
_UNREADABLE: Final = (DefinitionRejected, OutputUnreadable, KopsCrashed)
_LOST: Final = "its config is gone"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cluster that kops cannot read in full, or whose own object is gone."""

    name: str
    why: str
    """What is wrong, as a sentence."""
    cluster: Definition | None = None
    """The cluster's own object without its groups, where it is whole: kops needs no more of a
    cluster to unregister it."""

    def protection(self, patterns: Sequence[str]) -> str | None:
        """Say why the cluster is protected; one whose labels cannot be read counts as protected."""
        if self.cluster is not None:
            return protection(self.cluster, patterns)
        return pattern_protection(self.name, patterns) or UNKNOWN


def look(session: Session, cluster: str, *, unregister: bool) -> Definition | Unreadable | None:
    """Return the stored definition; None where there is no cluster. Only reads.

    To `unregister`, a cluster that kops cannot read, or whose config is gone, is returned as
    `Unreadable`; otherwise kops' error is raised, and its hint names that way out.
    """
    try:
        stored = session.kops.definition.find(cluster)
    except _UNREADABLE as error:
        if unregister:
            return _as_stored(session, cluster, error)
        error.advise(_way_out(cluster))
        raise
    if stored is None and unregister and _is_left(session, cluster):
        return Unreadable(cluster, _LOST)
    return stored


def unregister(session: Session, cluster: str, stored: Unreadable) -> str:
    """Remove what is stored of the cluster; return a phrase for what kled itself removed.

    Safe to repeat and to kill: the cluster's own object goes last. Objects that kops does not know
    stay.
    """
    if stored.cluster is not None:
        session.kops.definition.unregister(cluster)
        return ""
    removed = number(remove(session, cluster), "object")
    return f" by kled: {removed} removed, since kops cannot read the cluster"


def remove(session: Session, cluster: str) -> int:
    """Remove kops' objects below the cluster's own prefix; return how many there were.

    Safe to repeat and to kill: the object that says whose prefix it is goes last.
    """
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    store = session.state_store
    last = [f"{cluster}/{key}" for key in (layout.COMPLETED, layout.CONFIG)]
    known = list(_known(session, cluster))
    keys = [key for key in known if key not in last]
    for _ in in_parallel((0, partial(store.delete, key)) for key in keys):
        session.check()
    for key in last:
        session.check()
        store.delete(key)
    return len({*known, last[-1]})


def _as_stored(session: Session, cluster: str, error: KopsError) -> Unreadable:
    why = explain_crash(session, cluster, error).message
    try:
        body = get_bounded(session.state_store, f"{cluster}/{layout.CONFIG}").body
    except ObjectMissing:
        return Unreadable(cluster, _LOST)
    except DocumentDamaged as damaged:
        return Unreadable(cluster, damaged.message)
    document, problems = readable.document(layout.CONFIG, body, "Cluster")
    if document is None or problems or object_name(document) != cluster:
        return Unreadable(cluster, why)
    return Unreadable(cluster, why, Definition(document, ()))


def _is_left(session: Session, cluster: str) -> bool:
    keys = (key.removeprefix(f"{cluster}/") for key in _known(session, cluster))
    return any(map(layout.is_of_a_cluster, keys))


def _known(session: Session, cluster: str) -> Iterator[str]:
    for entry in session.state_store.entries(f"{cluster}/"):
        if not layout.is_foreign(entry.key.removeprefix(f"{cluster}/")):
            yield entry.key


def _way_out(cluster: str) -> str:
    return (
        "to forget it and leave the cloud's resources as they are: kled kops delete-cluster"
        f" --name={cluster} --unregister"
    )
