"""Which object of a cluster kops cannot read, where kops itself only crashes.

kops panics over a definition that is of no type of its own, and names neither cluster nor object
(captures 60c, 67d, 67f); it lists no group of a cluster where one of them cannot be read (67c).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from kled.errors import (
    DefinitionRejected,
    DocumentDamaged,
    KledError,
    KopsCrashed,
    ObjectMissing,
    OutputUnreadable,
)
from kled.kops import parse
from kled.kops.state_store import contents, layout, readable
from kled.models.cluster import InstanceGroup
from kled.operations.instance_group import lost_groups
from kled.operations.session import Session
from kled.sentences import and_more
from kled.storage.bounded import get_bounded

_SHOWN: Final = 3
_OF_A_GROUP: Final = (DefinitionRejected, KopsCrashed, OutputUnreadable)


def listed_groups(session: Session, cluster: str) -> tuple[InstanceGroup, ...]:
    """Return the cluster's groups, each unreadable one with its problem. Only reads.

    Where kops lists none because one cannot be read, or prints one without its name, the groups are
    read from the state store, one by one: `readable` says which of them stops kops. Where no group
    is the cause, raises what kops raised.
    """
    try:
        listed = session.kops.instance_groups.list(cluster)
        lost_groups.tell(session, cluster)
    except _OF_A_GROUP as error:
        groups = _stored(session, cluster)
        if not any(not group.readable for group in groups):
            raise explain_crash(session, cluster, error) from error
        return groups
    if any(group.name == parse.NAMELESS for group in listed):
        return _stored(session, cluster) or listed
    return listed


def explain_crash(session: Session, cluster: str, error: KledError) -> KledError:
    """Return an error that names the object over which kops crashed; else `error` as it is.

    Reads the cluster's definitions from the state store; raises nothing.
    """
    if not isinstance(error, KopsCrashed):
        return error
    try:
        problems = list(_wrong(_definitions(session, cluster)).values())
    except KledError:
        return error
    if not problems:
        return error
    more = and_more(len(problems), _SHOWN, before=", ")
    return DefinitionRejected(
        f"kops crashed: {'; '.join(problems[:_SHOWN])}{more}",
        command=error.command,
        stderr=error.stderr,
    )


def _stored(session: Session, cluster: str) -> tuple[InstanceGroup, ...]:
    """Return the groups as they are stored, by the names of their objects.

    Empty where the cluster's own object cannot be read, or the state store does not answer.
    """
    try:
        objects = _definitions(session, cluster)
    except KledError:
        return ()
    wrong = _wrong(objects)
    if layout.CONFIG in wrong:
        return ()
    return tuple(
        _group(key.removeprefix(layout.GROUPS), objects[key], wrong.get(key, ""))
        for key in sorted(objects)
        if layout.is_group(key)
    )


def _group(name: str, body: bytes, problem: str) -> InstanceGroup:
    row = parse.group(contents.mapping(body) or {})
    readable = not problem
    return replace(row, name=name, problem=problem or row.problem, readable=readable)


def _wrong(objects: Mapping[str, bytes]) -> dict[str, str]:
    """Return, by key, why kops cannot read an object."""
    problem_of = {}
    for key, body in objects.items():
        kind: readable.Kind = "Cluster" if key == layout.CONFIG else "InstanceGroup"
        _, problems = readable.document(key, body, kind)
        if problems:
            problem_of[key] = problems[0]
    return problem_of


def _definitions(session: Session, cluster: str) -> dict[str, bytes]:
    store, place = session.state_store, f"{cluster}/"
    keys = [
        layout.CONFIG,
        *(
            key
            for entry in store.entries(place + layout.GROUPS)
            if layout.is_group(key := entry.key.removeprefix(place))
        ),
    ]
    bodies = {}
    for key in keys:
        try:
            bodies[key] = get_bounded(store, place + key).body
        except ObjectMissing:
            continue
        except DocumentDamaged:
            bodies[key] = b""
    return bodies
