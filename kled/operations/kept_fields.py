"""No edit drops a field that a newer kops stored: kops itself would, without a word."""

from collections.abc import Sequence

from kled import yaml_text
from kled.errors import DefinitionRejected, DocumentDamaged, ObjectMissing, TextUnreadable
from kled.kops import layout
from kled.kops.unknown_fields import Document, holds_any, unknown_fields
from kled.operations.session import Session
from kled.storage.bounded import get_bounded

_SHOWN = 5


def require_known_fields(
    session: Session, cluster: str, group: str, printed: Document, given_up: Sequence[str] = ()
) -> tuple[str, ...]:
    """Raise `DefinitionRejected` where storing the group would drop what this kops does not know.

    `printed` is the group as kops printed it; `given_up` are paths that somebody wants to be
    without. Returns the unknown fields among these. Only reads: one request, and kops' version
    where it raises.
    """
    unknown = unknown_fields(_stored(session, cluster, group, printed), printed)
    lost = [field for field in unknown if not any(holds_any(one, [field]) for one in given_up)]
    if not lost:
        return unknown
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    unset = f"--instance-group={group} --unset={lost[0]}"
    raise DefinitionRejected(
        f"kops {session.kops.version()} does not know {', '.join(lost[:_SHOWN])}{more} of instance"
        f' group "{group}", and would drop what it does not know; nothing was stored',
        hint="take the kops that stored it (kled kops install --version=X.Y.Z); a field that is"
        f" wrong is given up with: kled kops edit-instance-group --name={cluster} {unset}",
    )


def _stored(session: Session, cluster: str, group: str, printed: Document) -> Document:
    """Return the group as it is stored, whatever fields it has."""
    try:
        stored = get_bounded(session.state_store, f"{cluster}/{layout.GROUPS}{group}")
        document = yaml_text.document(stored.body)
    except (ObjectMissing, DocumentDamaged, TextUnreadable):
        return printed  # gone at this moment, or a form that kops alone reads: it says so itself
    return document if isinstance(document, dict) else printed
