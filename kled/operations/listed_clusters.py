"""The clusters of a state store, those too that kops cannot load: none vanishes, none hides others.

Kops leaves a cluster out of its list that it cannot load, and dies where a config holds another
kind of object (captures 60b, 60c).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kled.errors import KledError, KopsCrashed, OutputUnreadable
from kled.kops import layout
from kled.kops.unloadable import unloadable
from kled.models.cluster import Cluster
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore


def listed_clusters(session: Session) -> tuple[Cluster, ...]:
    """Return every cluster of the state store, sorted; one that cannot be loaded has a `problem`.

    Only reads. One call of kops; where kops dies of one cluster's config, or a name may have forged
    what it says, one for each.
    """
    try:
        return session.kops.get_clusters()
    except (KopsCrashed, OutputUnreadable):
        return tuple(_loaded(session, name) for name in _names(session.state_store))


def lost_clusters(session: Session, listed: Sequence[Cluster]) -> tuple[str, ...]:
    """Return the directories that hold what only a cluster has, and that kops does not list.

    Their definition is gone. A request for each directory, and one or two for each that is not
    listed: for those who have time.
    """
    from kled.operations.registered import prefixes  # noqa: PLC0415 - loads YAML

    store, known = session.state_store, {one.name for one in listed}
    return tuple(
        name
        for name in prefixes(store)
        if name not in known
        and any(
            layout.is_of_a_cluster(one.key.removeprefix(f"{name}/"))
            for one in store.entries(f"{name}/")
        )
    )


def _loaded(session: Session, name: str) -> Cluster:
    try:
        return session.kops.get_cluster(name)  # raises where it is that of another
    except KledError as error:
        return unloadable(name, error.message)


def _names(store: "ObjectStore") -> Iterator[str]:
    """Yield the directories that hold a config."""
    from kled.operations.registered import prefixes  # noqa: PLC0415 - loads YAML

    for name in prefixes(store):
        if any(one.key == f"{name}/{layout.CONFIG}" for one in store.entries(f"{name}/config")):
            yield name
