"""What holds for every text that somebody edited before it is stored, and after."""

from kled.errors import ClusterDiffers, DefinitionRejected
from kled.models.definition import object_name
from kled.operations.edited_group import Document, changes

_NAMES = {"Cluster": "cluster", "InstanceGroup": "instance group"}


def require_unchanged(seen: Document | None, stored: Document) -> None:
    """Raise `ClusterDiffers` where somebody else stored another object since it was `seen`.

    None: whatever is there is stored over.
    """
    meanwhile = changes(seen, stored) if seen is not None else ()
    if meanwhile:
        kind = _NAMES.get(str(stored.get("kind")), "object")
        raise ClusterDiffers(
            f'{kind} "{object_name(stored)}" was changed by somebody else meanwhile:'
            f" {'; '.join(meanwhile)}",
            hint="look at it, then store your edit over it with --file",
        )


def require_whole(edited: Document, stored: Document, command: str) -> None:
    """Raise `DefinitionRejected` where kops took the edit but not all of it (capture 38l).

    `command` is the one that sets fields of the object.
    """
    dropped = changes(stored, edited)
    if dropped:
        raise DefinitionRejected(
            f"kops did not store all of it: {'; '.join(dropped)}",
            hint="a field's name or the kind of its value may be wrong; what was stored is taken"
            f" back so: set the earlier values again with {command} --set",
        )
