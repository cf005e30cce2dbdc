"""A member of etcd stays in the zone in which it was applied, because its volume cannot move.

What kops applied last tells where the volumes are and, for the instance groups of the members, the
newest trusted snapshot does (`snapshot.losses.moved_etcd`). Where neither tells, the cloud does: a
plan that makes all volumes of an etcd cluster again, or moves one, is refused while the cluster's
machines live.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from kled.errors import IdentityAtRisk, KledError
from kled.kops.facts import etcd_volumes, etcd_zones
from kled.kops.facts.etcd_members import Document
from kled.kops.facts.etcd_zones import Member, MovedMember, Stand
from kled.kops.fields import edited_fields
from kled.kops.state_store import contents, layout
from kled.models.definition import object_name
from kled.models.plan import Plan
from kled.operations.cluster.applied import was_applied
from kled.operations.identity import etcd_names, other_identity
from kled.operations.session import Session
from kled.sentences import enumerated, options
from kled.storage.bounded import get_if_readable

_SHOWN = 4
_STAYS = (
    "a volume is in one zone: in another one etcd finds none, or an empty one, and the cluster's"
    " objects are left behind"
)
_GROWING = (
    "to have a member in another zone, add one, on an instance group of its own; to move this one"
    " without its volume, and restore its objects from a backup of etcd: docs/recovery.md"
)


def require_cluster_sets(
    session: Session, definition: Document, sets: Sequence[str], unsets: Sequence[str]
) -> None:
    """Raise `IdentityAtRisk` where `--set` or `--unset` moves a member; only reads."""
    require_cluster(session, definition, edited_fields.edited(definition, sets, unsets))


def require_cluster(session: Session, definition: Document, edited: Document) -> None:
    """Raise `IdentityAtRisk` where an edited definition moves a member; only reads."""
    cluster = object_name(definition)
    if session.overrides.begins_anew(cluster):
        return
    objects = _objects(session, cluster, definition, edited)
    groups = contents.groups(objects)
    now, after = (etcd_zones.stands(version, groups) for version in (definition, edited))
    _require_edit(session, cluster, objects, now, after)


def require_group(session: Session, cluster: str, group: Document, edited: Document) -> None:
    """Raise `IdentityAtRisk` where an edited instance group moves a member; only reads."""
    if session.overrides.begins_anew(cluster):
        return
    definition = _document(session, cluster, layout.CONFIG)
    if definition is None or object_name(group) not in etcd_zones.groups_of_members(definition):
        return
    objects = _objects(session, cluster, definition)
    groups = {**contents.groups(objects), object_name(group): group}
    now = etcd_zones.stands(definition, groups)
    after = etcd_zones.stands(definition, {**groups, object_name(group): edited})
    _require_edit(session, cluster, objects, now, after)


def require_group_sets(
    session: Session, cluster: str, group: Document, sets: Sequence[str], unsets: Sequence[str]
) -> None:
    """Raise `IdentityAtRisk` where `--set` or `--unset` of a group moves a member; only reads."""
    require_group(session, cluster, group, edited_fields.edited(group, sets, unsets))


def require_stored(session: Session, cluster: str) -> None:
    """Raise `IdentityAtRisk` where a member stands in another zone than applied. Only reads.

    A cluster that begins again with other keys goes on.
    """
    if session.overrides.begins_anew(cluster):
        return
    elsewhere = moved_members(session, cluster)
    if elsewhere and was_applied(session, cluster):
        raise _refusal(cluster, elsewhere, "nothing was changed", _restore(session, cluster))


def moved_members(session: Session, cluster: str) -> tuple[MovedMember, ...]:
    """Return the members that stand in another zone than when they were applied. Only reads."""
    definition = _document(session, cluster, layout.CONFIG)
    if definition is None:
        return ()
    objects = _objects(session, cluster, definition)
    now = etcd_zones.stands(definition, contents.groups(objects))
    return etcd_zones.moved(_applied(session, cluster, objects), now) if now else ()


def require_plan(session: Session, plan: Plan, *, lives: Callable[[], bool]) -> None:
    """Raise `IdentityAtRisk` where a plan moves a volume of etcd, or makes all of them again.

    `lives` says whether the cluster's etcd ran and its machines still exist. Only reads.
    """
    cluster = plan.cluster
    if session.overrides.begins_anew(cluster):
        return
    elsewhere = etcd_volumes.moved(plan)
    if elsewhere:
        raise IdentityAtRisk(
            f'the plan for cluster "{cluster}" moves volumes of etcd to another zone:'
            f" {enumerated(elsewhere, _SHOWN)}; nothing was changed",
            hint=f"{_STAYS}; put the zones of the control plane's instance groups back; {_GROWING}",
        )
    if not etcd_volumes.made(plan):
        return
    before = etcd_names.applied_definition(session, cluster)
    anew = etcd_volumes.anew(plan, before) if before is not None else ()
    if anew and lives():
        raise _volumes_anew(cluster, anew)


def _require_edit(
    session: Session,
    cluster: str,
    objects: Mapping[str, bytes],
    now: Mapping[Member, Stand],
    after: Mapping[Member, Stand],
) -> None:
    """Raise for members that an edit moves; one that moved before may go back, or stay."""
    if now == after:
        return
    before = _applied(session, cluster, objects) or now
    already = {move.member: move.now.zones for move in etcd_zones.moved(before, now)}
    moved = [
        move
        for move in etcd_zones.moved(before, after)
        if already.get(move.member) != move.now.zones
    ]
    if moved and was_applied(session, cluster):
        raise _refusal(cluster, moved, "nothing was stored")


def _applied(session: Session, cluster: str, objects: Mapping[str, bytes]) -> dict[Member, Stand]:
    """Return where the members stood when they were applied, as far as that is known.

    A snapshot store that cannot be read tells nothing here; the steps that need it raise the error.
    """
    from kled.snapshot.losses.lost_etcd import was_applied as was_applied_then  # noqa: PLC0415
    from kled.snapshot.losses.moved_etcd import applied_stands  # noqa: PLC0415 - not for --help

    try:
        before = other_identity.newest_trusted(session, cluster)
        if before is not None and was_applied_then(before):
            return applied_stands(session.snapshot_store, before, objects)
    except KledError as error:
        session.note(f"in which zones etcd was applied is not known: {error.message}")
    return etcd_zones.stands(contents.applied(objects) or {}, contents.groups(objects))


def _objects(session: Session, cluster: str, *definitions: Document) -> dict[str, bytes]:
    """Return the objects that tell where members stand, by key relative to the cluster's prefix."""
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    objects = _bodies(session, cluster, contents.COMPLETED)
    applied = contents.applied(objects) or {}
    groups = frozenset().union(
        *(etcd_zones.groups_of_members(definition) for definition in (*definitions, applied))
    )
    keys = sorted(f"{layout.GROUPS}{group}" for group in groups if group)
    tasks = [(0, partial(_bodies, session, cluster, (key,))) for key in keys]
    for bodies in in_parallel(tasks):
        objects |= bodies
    return objects


def _bodies(session: Session, cluster: str, keys: Iterable[str]) -> dict[str, bytes]:
    read = ((key, get_if_readable(session.state_store, f"{cluster}/{key}")) for key in keys)
    return {key: body for key, body in read if body is not None}


def _document(session: Session, cluster: str, key: str) -> Document | None:
    body = _bodies(session, cluster, (key,)).get(key)
    return contents.mapping(body) if body is not None else None


def _restore(session: Session, cluster: str) -> str:
    """Name the restore of a definition: kops lets no edit change a living member's group."""
    if session.settings.snapshot_store is None:
        return ""
    back = options(name=cluster, snapshot="latest")
    return f"; all of the definition: kled snapshot restore {back} --class=intent --yes"


def _refusal(
    cluster: str, moved: Sequence[MovedMember], nothing: str, restore: str = ""
) -> IdentityAtRisk:
    back = "; ".join(dict.fromkeys(map(_place, moved)))
    return IdentityAtRisk(
        f'the definition of cluster "{cluster}" has'
        f" {'; '.join(map(str, moved[:_SHOWN]))}; {nothing}",
        hint=f"{_STAYS}; put back where it was applied ({back}){restore}; {_GROWING}",
    )


def _place(moved: MovedMember) -> str:
    where = " and ".join(moved.before.zones)
    return f"member {moved.member.name}: instance group {moved.before.group} in {where}"


def _volumes_anew(cluster: str, volumes: Sequence[str]) -> IdentityAtRisk:
    return IdentityAtRisk(
        f'cluster "{cluster}" has its objects on volumes of etcd that kops does not find, and'
        f" would make empty ones: {enumerated(volumes, _SHOWN)}; nothing was changed",
        hint="kops looks for them in the zones of the control plane's instance groups, with the"
        " credentials at hand: are these the cluster's zones and its account? where the volumes"
        " are lost, the objects come back from a backup of etcd (docs/recovery.md), on new"
        f" volumes: kled kops update-cluster {options(name=cluster)} --yes"
        f" --new-identity={cluster}",
    )
