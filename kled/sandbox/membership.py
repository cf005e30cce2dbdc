"""Which machine belongs to which group: the autoscaling group's name says so, nothing else does."""

from collections.abc import Iterable

from kled.sandbox.definitions import Document
from kled.sandbox.group_tasks import full_name
from kled.sandbox.instances import Machine


def by_group(
    found: Iterable[Machine], cluster: str, groups: Iterable[Document]
) -> dict[str, list[Machine]]:
    """Return the machines of each group, by the group's name, in their order.

    A machine of an autoscaling group that no definition names belongs to none, and kops neither
    lists, validates nor rolls it (kops 1.36.2: awsup/instancegroups.go): so it goes with a group
    whose role was edited.
    """
    names = {full_name(cluster, group): group["metadata"]["name"] for group in groups}
    members: dict[str, list[Machine]] = {name: [] for name in names.values()}
    for machine in found:
        if machine.group in names:
            members[names[machine.group]].append(machine)
    return members
