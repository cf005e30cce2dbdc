"""The error for a cluster that is stored with another definition than the options give. No I/O."""

from collections.abc import Iterator
from typing import Any, Final

from kled.errors import ClusterDiffers, InvalidInput
from kled.models.definition import Definition, object_name
from kled.operations import ways_back
from kled.operations.instance_group.edited_group import Document, changed_fields
from kled.sentences import enumerated

_SHOWN: Final = 5


def another_definition(stored: Definition, wanted: Definition, *, applied: bool) -> ClusterDiffers:
    """Return the error: each field with its stored and its wanted value, and what to do next.

    Its hint names the commands that make the stored definition the wanted one, where options can
    express them, and, for a cluster that was never `applied`, the command after which these options
    can create it.
    """
    name = stored.name
    ways = [f"nothing was changed; to keep what is stored: kled kops update-cluster --name={name}"]
    edits = _edits(stored, wanted)
    if edits:
        ways.append(f"to change it to these options: {' && '.join(edits)}")
    if not applied:
        ways.append(
            "it was never applied, so it can be stored again with these: kled kops delete-cluster"
            f" --name={name} --unregister, then the same command"
        )
    look = f"look at it: kled kops get-clusters --name={name} --output=yaml"
    return ClusterDiffers(
        f'cluster "{name}" is stored with another definition:'
        f" {enumerated(_told(stored, wanted), _SHOWN)}",
        hint="; ".join((*ways, look)),
    )


def _told(stored: Definition, wanted: Definition) -> list[str]:
    """Name each field that differs, with both values, and each group that only one side has."""
    differences = [_words("", field) for field in changed_fields(stored.cluster, wanted.cluster)]
    mine, theirs = _groups(stored), _groups(wanted)
    for name in sorted(mine.keys() & theirs.keys()):
        differences += [
            _words(f"{name}: ", field) for field in changed_fields(mine[name], theirs[name])
        ]
    differences += [
        f"instance group {key} is stored and not wanted"
        for key in sorted(mine.keys() - theirs.keys())
    ]
    differences += [
        f"instance group {key} is wanted and not stored"
        for key in sorted(theirs.keys() - mine.keys())
    ]
    return differences or list(wanted.differences(stored))


def _edits(stored: Definition, wanted: Definition) -> list[str]:
    """Return the commands that make `stored` the `wanted` one; empty where options cannot do it."""
    mine, theirs = _groups(stored), _groups(wanted)
    if mine.keys() != theirs.keys():
        return []
    try:
        edits = [ways_back.edit("Cluster", {"name": stored.name}, stored.cluster, wanted.cluster)]
        for name in sorted(mine):
            named = {"name": stored.name, "instance_group": name}
            edits.append(ways_back.edit("InstanceGroup", named, mine[name], theirs[name]))
    except InvalidInput:
        return []
    return [edit for edit in edits if edit]


def _words(where: str, changed: tuple[str, Any, Any]) -> str:
    field, old, new = changed
    shown = ("(none)" if value is None else str(value) for value in (old, new))
    return f"{where}{field}: {' -> '.join(shown)}"


def _groups(definition: Definition) -> dict[str, Document]:
    return dict(_named(definition))


def _named(definition: Definition) -> Iterator[tuple[str, Document]]:
    yield from ((object_name(group), group) for group in definition.groups)
