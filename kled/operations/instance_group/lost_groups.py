"""Instance groups whose definition is gone from the state store while their machines run on.

kops forgets such machines: it neither updates, rolls nor lists them, and calls the cluster healthy
without them. What kops wrote for the machines of a group (`igconfig`) also stays when a group is
deleted on purpose, so it proves nothing alone; machines that still run do.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from kled.errors import KledError
from kled.kops.facts import plan_effects
from kled.kops.facts.cloud_names import group_of
from kled.kops.state_store import layout
from kled.models.cluster import Role
from kled.operations.session import Session
from kled.sentences import enumerated, options

LOST: Final = "LOST"
"""The start of a sentence about a lost group."""
_SHOWN: Final = 3
_LOOKED_AT: Final = 50
"""How many snapshots are searched for a group, newest first."""
_APPLIED: Final = "igconfig/"
_PARTS: Final = 3
_ROLES: Final[Mapping[str, Role]] = {
    "control-plane": "control-plane",
    "master": "control-plane",
    "apiserver": "apiserver",
}
"""Directories of `igconfig` by role; every other one is for nodes."""


def words(session: Session, cluster: str, done: str) -> str:
    """Return what a step has done, followed by the remark on lost groups, if there is one."""
    lost = remark(session, cluster)
    return f"{done}; {lost}" if lost else done


def tell(session: Session, cluster: str) -> None:
    """Note the remark on lost groups, if there is one. Only reads, and raises nothing."""
    if message := remark(session, cluster):
        session.note(message)


def remark(session: Session, cluster: str) -> str:
    """Say which groups were lost, and what puts each back; empty where none was.

    Two listings of the state store; the cloud is asked only where an applied group has no
    definition. Only reads, and raises nothing: a cloud that does not answer is mentioned.
    """
    try:
        applied = _applied(session, cluster)
        known = set(_stored(session, cluster))
    except KledError:  # a deeper read of the store reports it
        return ""
    suspects = applied.keys() - known
    if not suspects:
        return ""
    try:
        roles: dict[str, Role] = {**dict.fromkeys(known, "node"), **applied}
        running = _running(session, cluster, roles)
        lost = sorted(suspects & running)
        ways = "; ".join(_way_back(session, cluster, group) for group in lost[:_SHOWN])
    except KledError as error:
        return f"whether an instance group has lost its definition is not known: {error.message}"
    if not lost:
        return ""
    names = enumerated(lost, _SHOWN)
    return (
        f"{LOST}: the state store of {cluster} has no definition of {names}, whose machines run on"
        f" in the cloud: kops neither updates, rolls nor lists them; {ways}"
    )


def _applied(session: Session, cluster: str) -> dict[str, Role]:
    """Return the groups for whose machines kops wrote a configuration, with their roles."""
    prefix, roles = f"{cluster}/{_APPLIED}", dict[str, Role]()
    for entry in session.state_store.entries(prefix):
        parts = entry.key.removeprefix(prefix).split("/")
        if len(parts) == _PARTS:
            roles[parts[1]] = _ROLES.get(parts[0], "node")
    return roles


def _stored(session: Session, cluster: str) -> list[str]:
    prefix = f"{cluster}/{layout.GROUPS}"
    return [entry.key.removeprefix(prefix) for entry in session.state_store.entries(prefix)]


def _running(session: Session, cluster: str, groups: Mapping[str, Role]) -> set[str]:
    """Return the groups with machines, or with what launches them, in the cloud."""
    listed = session.kops.cluster.preview_delete(cluster).changes
    names = (change.name for change in listed if change.kind in plan_effects.LISTED_MACHINES)
    return {group for name in names if (group := group_of(name, groups, cluster)) is not None}


def _way_back(session: Session, cluster: str, group: str) -> str:
    kept = _newest_with(session, cluster, f"{layout.GROUPS}{group}")
    if kept is None:
        made = options(name=cluster, instance_group=group)
        return (
            f"no snapshot has {group}: make it again as it was, with kled kops"
            f" create-instance-group {made}"
        )
    named = options(name=cluster, snapshot=kept, instance_group=group, yes=True)
    return f"{group} alone comes back with kled snapshot restore {named}"


def _newest_with(session: Session, cluster: str, key: str) -> str | None:
    """Return the id of the newest trusted snapshot that has the object; None where none has."""
    from kled.snapshot.choosing import walk_newest_first  # noqa: PLC0415 - not for --help

    if session.settings.snapshot_store is None:
        return None
    judged = walk_newest_first(session.snapshot_store, cluster, session.stores.remembering)
    for each in islice(judged, _LOOKED_AT):
        manifest = each.manifest if each.trust.trusted else None
        if manifest is not None and any(record.key == key for record in manifest.objects):
            return manifest.id
    return None
