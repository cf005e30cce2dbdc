"""The machines of a cluster with their instance groups and nodes. Only reads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kled.kops.facts.cloud_names import group_of
from kled.models.cluster import Role
from kled.models.machines import Machines, joined
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.kubernetes.client import Api


def group_roles(session: Session, cluster: str) -> Mapping[str, Role]:
    """Return the cluster's instance groups, each with its role."""
    return {group.name: group.role for group in session.kops.instance_groups.list(cluster)}


def machines(
    session: Session, cluster: str, roles: Mapping[str, Role], api: "Api | None" = None
) -> Machines:
    """Ask kops for the machines and their groups, and the API for their nodes.

    `roles` are the cluster's groups. Without `api` no machine has a node. The API is asked last, so
    a machine without a node had not joined when kops listed it. Raises what `kops get instances`
    and the API raise.
    """
    instances = session.kops.instances.list(cluster)
    names = {instance.instance_group for instance in instances}
    groups = {name: group_of(name, roles, cluster) for name in names}
    if api is None:
        return joined(instances, (), groups)
    from kled.kubernetes.nodes import nodes  # noqa: PLC0415 - heavy

    return joined(instances, nodes(api), groups)
