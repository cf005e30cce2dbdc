"""A cluster or instance group as YAML that people edit: writing, reading, comparing. No I/O."""

from collections.abc import Mapping
from typing import Any, Final

from kled.errors import InvalidInput, TextUnreadable
from kled.models.definition import COUNTED, leaves
from kled.sentences import options, word
from kled.yaml_text import documents, to_text

Document = Mapping[str, Any]

_LABEL: Final = ("metadata", "labels", "kops.k8s.io/cluster")
_FIXED: Final = (
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    _LABEL,
)
"""The fields that identify the object: with others kops would store a second object."""
_OLD_GROUP: Final = "kops/"


def to_yaml(stored: Document) -> str:
    """Return the object as text for an editor: kops' order of keys, longer texts as blocks.

    Every reader of YAML takes its strings for strings (`kled.yaml_text`).
    """
    return to_text([stored])


def parse(text: str, stored: Document) -> Document | None:
    """Return the object in `text`; None where only comments are left.

    The text is read as kops reads it, except that duplicate keys are refused. Raises `InvalidInput`
    for text that is not YAML, with the line; for more than one document; and for another object
    than the stored one. Unknown fields are left for kops to refuse: it knows the fields of its
    version.
    """
    try:
        objects = documents(text)
    except TextUnreadable as error:
        line = f"line {error.line}" if error.line else "the file"
        hint = "look at the indentation, brackets and quotes there; nothing was stored"
        raise InvalidInput(line, error.problem, hint=hint) from error
    if not objects:
        return None
    if len(objects) != 1 or not isinstance(objects[0], dict):
        what = f"must hold one object, {_what(stored)[0]}"
        raise InvalidInput("the file", what, hint=begin_with(stored))
    edited = _labelled(_with_todays_group(objects[0]), stored)
    for path in _FIXED:
        _same(edited, stored, path)
    return edited


def changes(before: Document, after: Document) -> tuple[str, ...]:
    """Name each field that differs, for example `spec.maxSize: 2 -> 4`; sorted."""
    return tuple(
        f"{field}: {_shown(old)} -> {_shown(new)}"
        for field, old, new in changed_fields(before, after)
    )


def changed_fields(before: Document, after: Document) -> tuple[tuple[str, Any, Any], ...]:
    """Return each field that differs with both values, None where it is missing; sorted by name."""
    old, new = _leaves(before), _leaves(after)
    return tuple(
        (field, old.get(field), new.get(field))
        for field in sorted(old.keys() | new.keys())
        if field not in COUNTED and old.get(field) != new.get(field)
    )


def _with_todays_group(edited: Document) -> Document:
    """Return the object with the API group that kops prints; kops also reads `kops/v1alpha2`."""
    version = edited.get("apiVersion")
    if not isinstance(version, str) or not version.startswith(_OLD_GROUP):
        return edited
    return {**edited, "apiVersion": f"kops.k8s.io/{version.removeprefix(_OLD_GROUP)}"}


def _labelled(edited: Document, stored: Document) -> Document:
    """Return the object with its cluster's label, which stored objects may lack."""
    metadata = edited.get("metadata")
    cluster = _at(stored, _LABEL)
    if not isinstance(metadata, Mapping) or cluster is None or _at(edited, _LABEL) is not None:
        return edited
    labels = metadata.get("labels") or {}
    if not isinstance(labels, Mapping):
        return edited
    return {**edited, "metadata": {**metadata, "labels": {**labels, _LABEL[-1]: cluster}}}


def _same(edited: Document, stored: Document, path: tuple[str, ...]) -> None:
    was, now = _at(stored, path), _at(edited, path)
    if was != now:
        raise InvalidInput(
            ".".join(path),
            f"{'must stay' if now is not None else 'is missing; it is'} {was!r}",
            hint=begin_with(stored)
            if now is None
            else f"another one is made with: {_what(stored)[1]}",
        )


def begin_with(stored: Document) -> str:
    """Return the command that prints the object alone, in a form that can be edited and stored."""
    picked, cluster = ".cluster", _at(stored, ("metadata", "name"))
    if stored.get("kind") != "Cluster":
        picked, cluster = f'.groups[] | select(.metadata.name == "{cluster}")', _at(stored, _LABEL)
    return (
        "begin with what is stored: kled kops get-clusters"
        f" {options(name=cluster, output='json')} | jq {word(picked)}"
    )


def _what(stored: Document) -> tuple[str, str]:
    """Return what the object is called, and what would make it another one."""
    if stored.get("kind") == "Cluster":
        return "a cluster", "kled kops create-cluster"
    return "an instance group", "kled kops create-instance-group"


def _at(value: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - walks any YAML value
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _shown(value: object) -> str:
    return "(none)" if value is None else str(value)


def _leaves(document: Document) -> dict[str, object]:
    """Return each leaf by its dotted path; empty maps, empty lists and nulls count as missing."""
    all_leaves = leaves("", document, _is_plain)
    return {path: value for path, value in all_leaves if value not in (None, [], {})}


def _is_plain(entries: list[object]) -> bool:
    return not any(isinstance(entry, Mapping | list) for entry in entries)
