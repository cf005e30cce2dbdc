"""Whether the fields that somebody adds to a definition exist in kops, and fit their types."""

from kled.errors import InvalidInput
from kled.kops.facts import versions
from kled.kops.fields import types
from kled.kops.fields.known_fields import Kind, NoSuchField, field_of
from kled.operations.instance_group.edited_group import Document, changed_fields
from kled.operations.session import Session


def require_names(session: Session, kind: Kind, stored: Document, edited: Document) -> None:
    """Raise `InvalidInput` for a new field that kops does not have, with the nearest name.

    The same holds for a new value of another type than its field's. kops refuses both, too, and
    does not always name the field. A kops that is newer than kled's list of names is left to judge
    by itself. Where something is wrong, kops is asked for its version.
    """
    for field, old, new in changed_fields(stored, edited):
        wrong = None if new is None or old is not None else _wrong(kind, field)
        if wrong is None or session.kops.version().minor > versions.TESTED:
            continue
        hint = f"did you mean {wrong.nearest[0]}? " if wrong.nearest else ""
        raise InvalidInput(
            field, "there is no such field", hint=f"{hint}nothing was stored"
        ) from wrong
    new_problems = set(types.wrong(kind, edited)) - set(types.wrong(kind, stored))
    if new_problems and session.kops.version().minor <= versions.TESTED:
        field, _, problem = min(new_problems).partition(" ")
        raise InvalidInput(field, problem, hint="write a value of its type; nothing was stored")


def _wrong(kind: Kind, field: str) -> NoSuchField | None:
    try:
        field_of(kind, field)
    except NoSuchField as error:
        return error
    return None
