"""Which cluster, and which instance group, is meant where a name is short or missing."""

from collections.abc import Sequence

from kled.errors import InstanceGroupNotFound, InvalidInput
from kled.kops.state_store.layout import require_cluster_name
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.session import Session


def clusters_meant(session: Session, name: str | None) -> tuple[str, ...]:
    """Return the named cluster, or every cluster of the store where no name was given.

    Clusters that kops cannot load are counted, too: a store with one of them has more than one
    cluster. Read commands use this; what changes a cluster uses the two functions below.
    """
    if name is not None:
        return (require_cluster_name(name),)
    return tuple(cluster.name for cluster in listed_clusters(session))


def only_cluster(session: Session, name: str | None) -> str:
    """Return the named cluster, or the store's only one.

    Raises `InvalidInput`, which names the clusters of the store, where it would have to guess.
    """
    return only_of(session, clusters_meant(session, name))


def only_of(session: Session, names: Sequence[str]) -> str:
    """Return the only one of `names`; raises as `only_cluster` does."""
    if len(names) == 1:
        return names[0]
    raise _needed(session, names)


def _needed(session: Session, names: Sequence[str]) -> InvalidInput:
    """Return the error for a missing name; of an emptied state store it says what was lost."""
    if names:
        return InvalidInput("--name", f"is needed: the state store has {', '.join(names)}")
    from kled.operations.guards.lost_cluster import say_lost  # noqa: PLC0415 - rarely

    told = "is needed: the state store has no cluster"
    return InvalidInput("--name", told, hint=say_lost(session) or None)


def named_cluster(session: Session, name: str | None) -> str:
    """Return the named cluster; commands that delete or replace machines never guess one.

    Raises `InvalidInput`: for a missing name, with the clusters of the store, and for a name that
    no cluster can have.
    """
    if name is not None:
        return require_cluster_name(name)
    raise _needed(session, clusters_meant(session, None))


def instance_group_meant(session: Session, cluster: str, name: str) -> str:
    """Return `name`, or the only group that it is a prefix of (`nodes` for `nodes-us-east-1a`).

    Raises `InstanceGroupNotFound`, which names the groups of the cluster.
    """
    groups = [group.name for group in session.kops.instance_groups.list(cluster)]
    if name in groups:
        return name
    longer = [group for group in groups if group.startswith(f"{name}-")]
    if len(longer) == 1:
        return longer[0]
    told = f"more than one starts with it: {', '.join(longer)}" if longer else "no such group"
    raise InstanceGroupNotFound(
        f'instance group "{name}" of cluster "{cluster}" not found: {told}',
        hint=f"the groups are {', '.join(groups)}",
    )
