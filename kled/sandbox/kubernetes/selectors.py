"""Label and field selectors of lists."""

import re
from collections.abc import Iterable
from typing import Final

from kled.sandbox.kubernetes.world import Json

_SET: Final = re.compile(r"(?P<key>[^\s!=,()]+) (?P<how>in|notin) \((?P<values>[^)]*)\)")


def pick(items: Iterable[Json], namespace: str, query: dict[str, str]) -> list[Json]:
    """Return the items of a namespace (all where it is empty) that the query's selectors pick."""
    labels = _parts(query.get("labelSelector", ""))
    fields = _parts(query.get("fieldSelector", ""))
    return [
        item
        for item in items
        if namespace in {"", item["metadata"].get("namespace", "")}
        and all(_labelled(item["metadata"].get("labels") or {}, part) for part in labels)
        and all(_fielded(item, part) for part in fields)
    ]


def _parts(selector: str) -> list[str]:
    """Split at the commas that are not within a set's parentheses."""
    return [part for part in re.split(r",(?![^(]*\))", selector) if part]


def _labelled(labels: dict[str, str], part: str) -> bool:
    match = _SET.fullmatch(part)
    if match:
        values = [value.strip() for value in match["values"].split(",")]
        return (labels.get(match["key"]) in values) == (match["how"] == "in")
    if "=" not in part:
        return (part.lstrip("!") in labels) != part.startswith("!")
    key, _, value = part.partition("!=" if "!=" in part else "=")
    same = labels.get(key) == value.removeprefix("=")
    return not same if "!=" in part else same


def _fielded(item: Json, part: str) -> bool:
    path, _, value = part.partition("!=" if "!=" in part else "=")
    field: object = item
    for step in path.split("."):
        field = field.get(step, "") if isinstance(field, dict) else ""
    same = str(field) == value.removeprefix("=")
    return not same if "!=" in part else same
