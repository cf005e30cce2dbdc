"""The clusters of a state store, including those that kops cannot load.

kops leaves a cluster that it cannot load out of its list, crashes where a config holds another kind
of object (captures 60b, 60c), and does not know a cluster whose config is gone.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from kled.errors import (
    DefinitionRejected,
    InvalidInput,
    KledError,
    KopsCrashed,
    OutputUnreadable,
    StoreError,
)
from kled.kops.failures.unloadable import unloadable
from kled.kops.state_store import layout
from kled.models.cluster import Cluster
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore


LOST: Final = "its config is gone, though its groups, keys or what was applied is there"


def listed_clusters(session: Session) -> tuple[Cluster, ...]:
    """Return every cluster of the state store, sorted; one that kops cannot load has a `problem`.

    Only reads. One call of kops; where kops crashes or hangs over one cluster, or a name may have
    forged a line of its output, one call for each. One request for each directory, and one or two
    more for each that kops does not list.
    """
    listed = _that_kops_knows(session)
    try:
        lost = [unloadable(name, LOST) for name in _lost(session, listed)]
    except InvalidInput:  # kops has a client for more kinds of stores than kled
        lost = []
    except StoreError as error:
        session.note(f"which clusters have lost their definition is not known: {error.message}")
        lost = []
    return tuple(sorted((*listed, *lost), key=lambda cluster: cluster.name)) if lost else listed


def _that_kops_knows(session: Session) -> tuple[Cluster, ...]:
    try:
        return session.kops.cluster.list()
    except (KopsCrashed, OutputUnreadable, DefinitionRejected):
        return tuple(_loaded(session, name) for name in _names(session.state_store))


def _lost(session: Session, listed: Sequence[Cluster]) -> tuple[str, ...]:
    """Return the directories that hold a cluster's objects and that kops does not list."""
    from kled.operations.fleet.registered import prefixes  # noqa: PLC0415 - loads YAML

    store, known = session.state_store, {cluster.name for cluster in listed}
    return tuple(
        name
        for name in prefixes(store)
        if name not in known
        and any(
            layout.is_of_a_cluster(entry.key.removeprefix(f"{name}/"))
            for entry in store.entries(f"{name}/")
        )
    )


def _loaded(session: Session, name: str) -> Cluster:
    try:
        return session.kops.cluster.get(name)  # raises where it is that of another
    except KledError as error:
        from kled.operations.cluster.unreadable import explain_crash  # noqa: PLC0415 - loads YAML

        return unloadable(name, explain_crash(session, name, error).message)


def _names(store: "ObjectStore") -> Iterator[str]:
    """Yield the directories that hold a config."""
    from kled.operations.fleet.registered import prefixes  # noqa: PLC0415 - loads YAML

    for name in prefixes(store):
        if any(entry.key == f"{name}/{layout.CONFIG}" for entry in store.entries(f"{name}/config")):
            yield name
