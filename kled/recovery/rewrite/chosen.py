"""Fields that a person decided one by one: new values, and what stays."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kled.errors import InvalidInput
from kled.recovery.rewrite.draft import Draft, Path, leaves, spelled
from kled.recovery.rewrite.target import Target

_PART: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_CHOSEN: Final = "a person chose it"
_FIXED: Final = re.compile(
    r"(?:.*: )?(?:apiVersion|kind|metadata|spec"
    r"|spec\.(?:nonMasqueradeCIDR|serviceClusterIPRange|podCIDR|networkCIDR|etcdClusters)"
    r"|spec\.etcdClusters\[\d+\](?:\.name|\.etcdMembers|\.etcdMembers\[\d+\](?:\.name)?)?)"
    r"|metadata\.(?:name|labels|generation|creationTimestamp)"
)
"""What no recovery changes: the objects in etcd and its volumes live by it."""


def check(drafts: Sequence[Draft], target: Target) -> None:
    """Raise `InvalidInput` for a field that is not there, or that nobody may choose."""
    known = set(_fields(drafts))
    for field in target.kept:
        if field not in known:
            raise InvalidInput(
                f"kept[{field}]",
                "the definition has no such value",
                hint="fields are named as the result names them: spec.subnets[0].zone, or"
                " GROUP: spec.image by the group's old name",
            )
    owners = {draft.owner for draft in drafts}
    for field in target.values:
        if _FIXED.fullmatch(field):
            raise InvalidInput(
                f"values[{field}]", "the cluster's objects and volumes live by what is there"
            )
        if _split(field)[0] not in owners or not _path(_split(field)[1]):
            raise InvalidInput(f"values[{field}]", "it names no field of this definition")


def choose(drafts: Sequence[Draft], target: Target) -> None:
    """Give fields the values that a person chose for them; None drops the field."""
    by_owner = {draft.owner: draft for draft in drafts}
    for field, value in target.values.items():
        owner, name = _split(field)
        draft = by_owner[owner]
        path = _known(draft).get(name) or _path(name)
        if value is None:
            draft.drop(path, _CHOSEN)
        elif not draft.takes(path):
            raise InvalidInput(f"values[{field}]", "it names no field of this definition")
        else:
            draft.put(path, value, _CHOSEN)


def _fields(drafts: Iterable[Draft]) -> Iterator[str]:
    """Yield the fields that hold one value: to keep more at once would hide what is in it."""
    for draft in drafts:
        for path, _ in leaves(draft.original):
            yield draft.field(path)


def _known(draft: Draft) -> dict[str, Path]:
    """Return the fields of a document by their names: keys of maps hold dots."""
    paths = (path[:end] for path, _ in leaves(draft.document) for end in range(1, len(path) + 1))
    return {spelled(path): path for path in paths}


def _split(field: str) -> tuple[str, str]:
    owner, separator, name = field.partition(": ")
    return (owner, name) if separator else ("", field)


def _path(name: str) -> Path:
    """Return a path that is not there yet; empty where it cannot be one."""
    parts = list(_PART.finditer(name))
    if "".join(part[0] for part in parts) != name or not name.startswith("spec."):
        return ()
    return tuple(int(part[2]) if part[2] else part[1] for part in parts)
