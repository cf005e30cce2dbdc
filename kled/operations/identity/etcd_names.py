"""An applied cluster keeps the names of its etcd clusters and members (`etcd_members`).

What kops wrote when it last applied the cluster tells the names; where that is gone or damaged, the
newest trusted snapshot does. The stored definition is no witness, since somebody may have changed
just that. Where nothing tells the names, a plan that makes new volumes for an etcd that ran is
refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from kled.errors import IdentityAtRisk, KledError
from kled.kops.facts import etcd_members, plan_areas
from kled.kops.facts.etcd_members import Document, Names
from kled.kops.state_store import contents, etcd_backups, layout
from kled.models.definition import object_name
from kled.models.plan import Plan
from kled.operations.cluster.applied import was_applied
from kled.operations.identity import other_identity
from kled.operations.session import Session
from kled.sentences import enumerated, options
from kled.storage.bounded import get_if_readable

_SHOWN = 4
_OF_AN_ETCD = re.compile(r"spec\.etcdClusters\[\d+\]\.name=")


def require_sets(
    session: Session, definition: Document, sets: Sequence[str], unsets: Sequence[str]
) -> None:
    """Raise `IdentityAtRisk` where `--set` or `--unset` would rename or remove one. Only reads.

    A cluster that begins again with other keys goes on, here and in `require_edited`.
    """
    if session.overrides.begins_anew(object_name(definition)):
        return
    after = etcd_members.names_after(definition, sets, unsets)
    _require_edit(session, definition, after)
    _require_backups(session, definition, etcd_backups.places_after(definition, sets))


def require_edited(session: Session, definition: Document, edited: Document) -> None:
    """Raise `IdentityAtRisk` where an edited definition renames or removes one. Only reads."""
    if session.overrides.begins_anew(object_name(definition)):
        return
    _require_edit(session, definition, etcd_members.names(edited))


def require_stored(session: Session, cluster: str) -> None:
    """Raise `IdentityAtRisk` where the stored definition lacks an applied name. Only reads."""
    definition = _document(session, cluster, layout.CONFIG)
    before = applied_definition(session, cluster) if definition is not None else None
    if definition is None or before is None:
        return
    gone = etcd_members.lost(etcd_members.names(before), etcd_members.names(definition))
    if gone and was_applied(session, cluster):
        sets = etcd_members.renaming(definition, before)
        raise _refusal(
            cluster, gone, before, "nothing was changed", _mending(session, cluster, sets)
        )
    moved = etcd_backups.moved(before, etcd_backups.places_of(definition))
    if moved and was_applied(session, cluster):
        sets = etcd_backups.putting_back(definition, moved)
        raise _moved(cluster, moved, "nothing was changed", _mending(session, cluster, sets))


def require_plan(session: Session, plan: Plan, *, ran: Callable[[], bool]) -> None:
    """Raise `IdentityAtRisk` as `require_stored` does, and for volumes that no record explains.

    `ran` says whether the cluster's etcd is known to have run. Only reads.
    """
    cluster = plan.cluster
    require_stored(session, cluster)
    volumes = plan_areas.new_etcd_volumes(plan)
    if not volumes or applied_definition(session, cluster) is not None or not ran():
        return
    raise IdentityAtRisk(
        f'cluster "{cluster}" has lost {layout.COMPLETED}, which says under which names its etcd'
        f" was applied, and kops would make new volumes for etcd: {enumerated(volumes, _SHOWN)};"
        " nothing was changed",
        hint="a new volume is empty: the cluster's objects would be gone; look which volumes the"
        " cloud has of it, and give each member of etcd the name that its volume begins with: kled"
        f" kops edit-cluster {options(name=cluster)}"
        " --set=spec.etcdClusters[INDEX].etcdMembers[INDEX].name=NAME; only where they are to be"
        f" new: kled kops update-cluster {options(name=cluster)} --yes --new-identity={cluster}",
    )


def applied_definition(session: Session, cluster: str) -> Document | None:
    """Return the definition that was applied last, as far as that is known. Only reads.

    The snapshot store is asked only where the state store has lost that of an applied cluster;
    where it cannot be read, that is noted.
    """
    for key in contents.COMPLETED:
        if (known := _document(session, cluster, key)) is not None:
            return known
    if not was_applied(session, cluster):
        return None
    try:
        return _kept(other_identity.kept_objects(session, cluster))
    except KledError as error:
        session.note(f"which etcd members were applied last is not known: {error.message}")
        return None


def _kept(objects: Mapping[str, bytes]) -> Document | None:
    """Return the last applied definition of a snapshot, else its stored definition."""
    return contents.applied(objects) or contents.mapping(objects.get(layout.CONFIG, b""))


def _require_edit(session: Session, definition: Document, after: Names) -> None:
    """Raise for applied names that `after` lacks; names that are missing already may be mended.

    Where nothing tells what was applied, the stored names are kept.
    """
    cluster, now = object_name(definition), etcd_members.names(definition)
    before = applied_definition(session, cluster) or definition
    names = etcd_members.names(before)
    known = etcd_members.lost(names, now)
    gone = [name for name in etcd_members.lost(names, after) if name not in known]
    if gone and was_applied(session, cluster):
        raise _refusal(cluster, gone, before, "nothing was stored", "")


def _require_backups(session: Session, definition: Document, after: Mapping[str, str]) -> None:
    """Raise for backups that would be moved; backups in another place may be moved back."""
    cluster, now = object_name(definition), etcd_backups.places_of(definition)
    if after == now:
        return
    moved = etcd_backups.moved(applied_definition(session, cluster) or {}, after)
    if moved and was_applied(session, cluster):
        raise _moved(cluster, moved, "nothing was stored", "")


def _moved(
    cluster: str, moved: Sequence[etcd_backups.MovedBackups], nothing: str, way_back: str
) -> IdentityAtRisk:
    places = "; ".join(map(str, moved))
    return IdentityAtRisk(
        f'the definition of cluster "{cluster}" would keep {places}; {nothing}',
        hint="etcd-manager finds there that the cluster was made: at another place it begins an"
        f" empty one{way_back}",
    )


def _refusal(
    cluster: str, gone: Sequence[str], before: Document, nothing: str, way_back: str
) -> IdentityAtRisk:
    kept = _shown(etcd_members.names(before))
    return IdentityAtRisk(
        f'cluster "{cluster}" lives by {enumerated(gone, _SHOWN)}, which the definition would no'
        f" longer name; {nothing}",
        hint="another name is another volume, and kops makes an empty one: the cluster's objects"
        f" would be gone; keep the names that were applied ({kept}){way_back}",
    )


def _mending(session: Session, cluster: str, sets: Sequence[str]) -> str:
    """Name the command that gives renamed members their applied names again."""
    if any(map(_OF_AN_ETCD.match, sets)):
        return f"; kops lets no edit rename an etcd cluster: {_by_hand(session, cluster, sets)}"
    if not sets:
        where = f"kled snapshot diff {options(name=cluster)} latest live"
        return f"; put back what was taken out, which {where} shows"
    return f"; put them back: kled kops edit-cluster {options(name=cluster)} " + " ".join(
        options(set=assignment) for assignment in sets
    )


def _by_hand(session: Session, cluster: str, sets: Sequence[str]) -> str:
    """Say how to put a definition back without kops (pkg/apis/kops/validation/cluster.go)."""
    if session.settings.snapshot_store is not None:
        back = options(name=cluster, snapshot="latest")
        return f"put it back: kled snapshot restore {back} --class=intent --yes"
    home = session.state_store.location.url.rstrip("/")
    return f"write {', '.join(sets)} into {home}/{cluster}/{layout.CONFIG} itself"


def _document(session: Session, cluster: str, key: str) -> Document | None:
    """Return a stored object; None where it is gone or unreadable."""
    return contents.mapping(get_if_readable(session.state_store, f"{cluster}/{key}") or b"")


def _shown(names: Names) -> str:
    return "; ".join(f"{etcd}: {', '.join(sorted(names[etcd]))}" for etcd in sorted(names))
