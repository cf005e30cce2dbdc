"""Fields that a newer kops stored survive every edit; kops itself would drop them silently."""

from collections.abc import Sequence

from kled import yaml_text
from kled.errors import DefinitionRejected, ObjectMissing, TextUnreadable
from kled.kops.facts import versions
from kled.kops.fields.unknown_fields import Document, holds_any, is_known, unknown_fields
from kled.kops.state_store import layout
from kled.models.definition import Definition, object_name
from kled.operations.session import Session
from kled.sentences import enumerated, options
from kled.storage.bounded import get_bounded

_SHOWN = 5


def require_known_fields(
    session: Session, cluster: str, group: str, printed: Document, given_up: Sequence[str] = ()
) -> tuple[str, ...]:
    """Raise `DefinitionRejected` where storing the group would drop fields unknown to this kops.

    `printed` is the group as kops printed it; `given_up` are the paths that may be dropped. Returns
    the unknown fields that are given up. Only reads: one request, and kops' version where it
    raises.
    """
    key = f"{cluster}/{layout.GROUPS}{group}"
    unknown = _unknown(session, _stored(session, key, printed), printed)
    lost = [field for field in unknown if not _held(field, given_up)]
    if lost:
        unset = options(name=cluster, instance_group=group, unset=lost[0])
        raise _refusal(
            session,
            lost,
            f'instance group "{group}"',
            f"; a field that is wrong is given up with: kled kops edit-instance-group {unset}",
        )
    return unknown


def require_known_cluster(
    session: Session, printed: Document, given_up: Sequence[str] = (), way_on: str = "--unset"
) -> tuple[str, ...]:
    """Raise `DefinitionRejected` where storing the cluster would drop fields unknown to this kops.

    Fields that kops still reads and no longer stores may go. `way_on` is the option that gives a
    field up. Returns the unknown fields that are given up. Only reads: one request.
    """
    name = object_name(printed)
    stored = _stored(session, f"{name}/{layout.CONFIG}", printed)
    unknown = [field for field in _unknown(session, stored, printed) if not is_known(stored, field)]
    lost = [field for field in unknown if not _held(field, given_up)]
    if lost:
        more = f"; a field that is not a loss is given up with {way_on}={lost[0]}" if way_on else ""
        raise _refusal(session, lost, f'cluster "{name}"', more)
    return tuple(unknown)


def require_all_known(
    session: Session, definition: Definition, given_up: Sequence[str] = (), way_on: str = ""
) -> None:
    """Raise `DefinitionRejected` where storing all of a cluster would drop an unknown field.

    Fields that kops still reads and no longer stores may go, and so may the paths `given_up`;
    `way_on` is the option that gives a field up. Only reads: one request for each object.
    """
    require_known_cluster(session, definition.cluster, given_up, way_on)
    cluster = definition.name
    for group in definition.groups:
        require_known_fields(session, cluster, object_name(group), group, given_up)


def _unknown(session: Session, stored: Document, printed: Document) -> tuple[str, ...]:
    """Return the unknown fields.

    Whether empty ones count depends on the kops that would store them.
    """
    every, filled = (unknown_fields(stored, printed, empty_ones=each) for each in (True, False))
    if every != filled and session.kops.version().minor > versions.TESTED:
        return filled
    return every


def _held(field: str, paths: Sequence[str]) -> bool:
    return any(holds_any(path, [field]) for path in paths)


def _refusal(
    session: Session, lost: Sequence[str], what: str, way_on: str = ""
) -> DefinitionRejected:
    return DefinitionRejected(
        f"kops {session.kops.version()} does not know {enumerated(lost, _SHOWN)} of {what},"
        " and would drop what it does not know; nothing was stored",
        hint=f"take the kops that stored it (kled kops install --version=X.Y.Z){way_on}",
    )


def _stored(session: Session, key: str, printed: Document) -> Document:
    """Return the object as it is stored, with all its fields.

    Raises `DocumentDamaged` for an object that is too large to be kops' own: nobody knows what
    storing over it would lose.
    """
    try:
        document = yaml_text.document(get_bounded(session.state_store, key).body)
    except (ObjectMissing, TextUnreadable):
        return printed  # gone at this moment, or a form that kops alone reads: it says so itself
    return document if isinstance(document, dict) else printed
