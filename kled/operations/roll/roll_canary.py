"""The canary of a roll: an instance group, or one machine, that goes first."""

import re
from collections.abc import Sequence
from typing import Final

from kled.errors import InvalidInput
from kled.kops.facts.cloud_names import group_of
from kled.operations.instance_group.machines import group_roles
from kled.operations.names import instance_group_meant
from kled.operations.records import roll_journal
from kled.operations.session import Session

_MACHINE: Final = re.compile(r"i-[0-9a-f]{8,17}|[0-9]{6,20}")
"""The form of clouds' machine ids, which no group's name has."""


def canary_meant(
    session: Session, cluster: str, typed: str | None, groups: Sequence[str] = ()
) -> str | None:
    """Return the group or the machine that goes first; a group's name may be cut short.

    `groups` are those that are rolled; empty means all. Raises `InstanceGroupNotFound` for a name
    that is neither, and `InvalidInput` for a canary outside of `groups`. None for a machine that an
    interrupted roll has replaced already.
    """
    if typed is None:
        return None
    instance = next(
        (instance for instance in session.kops.instances.list(cluster) if instance.id == typed),
        None,
    )
    if instance is None and _MACHINE.fullmatch(typed) and _is_begun(session, cluster):
        return None
    first = typed if instance else instance_group_meant(session, cluster, typed)
    group: str | None = first
    if instance is not None:
        group = group_of(instance.instance_group, group_roles(session, cluster), cluster)
    if groups and group is not None and group not in groups:
        raise InvalidInput(
            "--canary",
            f"{first} is not among the instance groups that are rolled: {', '.join(groups)}",
            hint="name one of them, or leave out --instance-group",
        )
    return first


def _is_begun(session: Session, cluster: str) -> bool:
    return roll_journal.read(session, cluster).begun is not None
