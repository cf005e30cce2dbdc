"""The clusters of a state store, those too that kops cannot load: none vanishes, none hides others.

Kops leaves a cluster out of its list that it cannot load, and dies where a config holds another
kind of object (captures 60b, 60c).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kled.errors import KledError, KopsCrashed
from kled.kops import layout
from kled.kops.unloadable import unloadable
from kled.models.cluster import Cluster
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore


def listed_clusters(session: Session) -> tuple[Cluster, ...]:
    """Return every cluster of the state store, sorted; one that cannot be loaded has a `problem`.

    Only reads. One call of kops; where kops dies of one cluster's config, one for each.
    """
    try:
        return session.kops.get_clusters()
    except KopsCrashed:
        return tuple(_loaded(session, name) for name in _names(session.state_store))


def _loaded(session: Session, name: str) -> Cluster:
    try:
        session.kops.get_definition(name)  # raises where it is that of another
        return session.kops.get_cluster(name)
    except KledError as error:
        return unloadable(name, error.message)


def _names(store: "ObjectStore") -> Iterator[str]:
    """Yield the directories that hold a config."""
    from kled.operations.registered import prefixes  # noqa: PLC0415 - loads YAML

    for name in prefixes(store):
        if any(one.key == f"{name}/{layout.CONFIG}" for one in store.entries(f"{name}/config")):
            yield name
