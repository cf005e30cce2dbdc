"""A cluster that was applied keeps the names of its etcd clusters and members (`etcd_members`)."""

from collections.abc import Sequence

from kled.errors import IdentityAtRisk, ObjectMissing
from kled.kops import etcd_members, layout, stored
from kled.kops.etcd_members import Document, Names
from kled.models.definition import object_name
from kled.operations.applied import was_applied
from kled.operations.session import Session
from kled.sentences import enumerated
from kled.storage.bounded import get_bounded

_SHOWN = 4


def require_sets(
    session: Session, definition: Document, sets: Sequence[str], unsets: Sequence[str]
) -> None:
    """Raise `IdentityAtRisk` where `--set` or `--unset` would rename or remove one; only reads."""
    after = etcd_members.names_after(definition, sets, unsets)
    _require(session, definition, etcd_members.names(definition), after)


def require_edited(session: Session, definition: Document, edited: Document) -> None:
    """Raise `IdentityAtRisk` where an edited definition renames or removes one; only reads."""
    names = etcd_members.names
    _require(session, definition, names(definition), names(edited))


def require_stored(session: Session, cluster: str) -> None:
    """Raise `IdentityAtRisk` where the stored definition lacks one that was applied; only reads."""
    definition = _document(session, cluster, layout.CONFIG)
    if definition is not None:
        _require(session, definition, None, etcd_members.names(definition))


def _require(session: Session, definition: Document, now: Names | None, after: Names) -> None:
    """Raise for what `after` lacks of the applied names; what `now` lacks, too, an edit may mend.

    `now` is None where nothing is edited.
    """
    cluster = object_name(definition)
    before = _applied(session, cluster, definition)
    known = etcd_members.lost(before, now) if now is not None else ()
    gone = [one for one in etcd_members.lost(before, after) if one not in known]
    if not gone or not was_applied(session, cluster):
        return
    nothing = "nothing was changed" if now is None else "nothing was stored"
    raise IdentityAtRisk(
        f'cluster "{cluster}" lives by {enumerated(gone, _SHOWN)}, which the definition would no'
        f" longer name; {nothing}",
        hint="another name is another volume, and kops makes an empty one: the cluster's objects"
        f" would be gone; keep the names that were applied ({_shown(before)}); where they were"
        f" changed: kled kops edit-cluster --name={cluster}"
        " --set=spec.etcdClusters[INDEX].name=NAME",
    )


def _applied(session: Session, cluster: str, definition: Document) -> Names:
    """Return the names that were applied last; where that is not known, those that are stored."""
    applied = _document(session, cluster, layout.COMPLETED)
    return etcd_members.names(applied if applied is not None else definition)


def _document(session: Session, cluster: str, key: str) -> Document | None:
    try:
        return stored.mapping(get_bounded(session.state_store, f"{cluster}/{key}").body)
    except ObjectMissing:
        return None


def _shown(names: Names) -> str:
    return "; ".join(f"{etcd}: {', '.join(sorted(names[etcd]))}" for etcd in sorted(names))
