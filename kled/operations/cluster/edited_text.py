"""The checks of a text that somebody edited, before it is stored and after."""

from collections.abc import Mapping

from kled.errors import ClusterDiffers, DefinitionRejected
from kled.models.definition import object_name
from kled.operations.instance_group.edited_group import Document, begin_with, changes

_NAMES = {"Cluster": "cluster", "InstanceGroup": "instance group"}
_MADE, _GENERATION = "creationTimestamp", "generation"
_OVER = (
    "to store a text over whatever is stored, leave metadata.creationTimestamp and"
    " metadata.generation out of it"
)


def require_unchanged(seen: Document | None, stored: Document) -> None:
    """Raise `ClusterDiffers` where somebody else has changed the object since it was `seen`.

    Without `seen` the text is stored over whatever is stored.
    """
    meanwhile = changes(seen, stored) if seen is not None else ()
    if meanwhile:
        raise ClusterDiffers(
            f"{_named(stored)} was changed by somebody else meanwhile: {'; '.join(meanwhile)}",
            hint=f"{begin_with(stored)}; {_OVER}, and give it with --file",
        )


def require_newest(edited: Document, stored: Document) -> None:
    """Raise `ClusterDiffers` where the text was exported from an earlier state, or another object.

    kops counts the changes of an object's spec in `metadata.generation`, which is missing at first,
    and stores when the object was made. A text with neither was written by hand, and is accepted.
    """
    metadata, present = _metadata(edited), _metadata(stored)
    if not metadata.get(_MADE) and metadata.get(_GENERATION) is None:
        return
    for field in (_MADE, _GENERATION):
        was, now = _counted(metadata, field), _counted(present, field)
        if was != now and was and now:
            raise ClusterDiffers(
                f"the text is of {_named(stored)} with {field} {was}, and the stored one has"
                f" {field} {now}: somebody changed it after the text was exported, or put another"
                " one there",
                hint=f"{begin_with(stored)}; {_OVER}",
            )


def with_counted(edited: Document, stored: Document) -> Document:
    """Return the text with the stored creation time and generation.

    kops stores whatever a text says of them.
    """
    counted = {key: value for key in (_MADE, _GENERATION) if (value := _metadata(stored).get(key))}
    kept = {
        key: value for key, value in _metadata(edited).items() if key not in (_MADE, _GENERATION)
    }
    return {**edited, "metadata": counted | kept}


def require_whole(edited: Document, stored: Document, back: str) -> None:
    """Raise `DefinitionRejected` where kops stored only a part of the edit (capture 38l).

    `back` is the command that takes back what it did store; empty where that is nothing.
    """
    dropped = changes(stored, edited)
    if dropped:
        taken_back = f"; what was stored is taken back so: {back}" if back else ""
        raise DefinitionRejected(
            f"kops did not store all of it: {'; '.join(dropped)}",
            hint=f"a field's name or the kind of its value may be wrong{taken_back}",
        )


def _named(stored: Document) -> str:
    return f'{_NAMES.get(str(stored.get("kind")), "object")} "{object_name(stored)}"'


def _metadata(document: Document) -> Document:
    metadata = document.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _counted(metadata: Document, field: str) -> str:
    """Return the value as people see it; kops leaves out a generation of 0."""
    value = metadata.get(field)
    return str(value or "") if field == _MADE else str(value or 0)
