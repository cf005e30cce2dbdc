"""kops' fields, their order and types (schema.json: pkg/apis/kops/v1alpha2 of kops 1.36.2)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

_META = {
    "name": "string",
    "generation": "int",
    "creationTimestamp": "string",
    "labels": "{}string",
    "annotations": "{}string",
}
_TOP = {"kind": "string", "apiVersion": "string", "metadata": "ObjectMeta", "spec": ""}
_DEEPEST = 32
_SPECS = {"Cluster": "ClusterSpec", "InstanceGroup": "InstanceGroupSpec"}


@cache
def types() -> dict[str, dict[str, str]]:
    """Return the fields of each type: name to kind, in kops' order.

    A kind is string, bool, int, float, quantity, duration, intorstring, any, the name of a type,
    or one of those after `[]` (a list) or `{}` (a map).
    """
    loaded: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    )
    return loaded | {"ObjectMeta": _META}


@cache
def internal_types() -> dict[str, dict[str, str]]:
    """Return the fields of kops' internal types, whose names `--set` takes (pkg/apis/kops)."""
    differing: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_name("internal_schema.json").read_text(encoding="utf-8")
    )
    return types() | differing


def fields(document: dict[str, Any]) -> dict[str, str]:
    """Return the top-level fields of a Cluster or InstanceGroup."""
    return _TOP | {"spec": _SPECS.get(str(document.get("kind")), "any")}


def ordered(document: dict[str, Any]) -> dict[str, Any]:
    """Return the object with its keys in the order of kops' Go structs."""
    return _order(document, fields(document))


def _order(value: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    rank = {name: index for index, name in enumerate(known)}
    names = sorted(value, key=lambda name: (rank.get(name, len(rank)), name))
    return {name: _nested(value[name], known.get(name, "any")) for name in names}


def _nested(value: Any, kind: str) -> Any:  # noqa: ANN401 - walks any JSON value
    if isinstance(value, list):
        return [_nested(item, kind.removeprefix("[]")) for item in value]
    if isinstance(value, dict):
        if kind.startswith("{}"):
            return {name: _nested(item, kind[2:]) for name, item in sorted(value.items())}
        return _order(value, types().get(kind, {}))
    return value


def unknown_fields(document: dict[str, Any]) -> list[str]:
    """Return the paths of fields that kops does not have, for example `spec.nodeLabel`."""
    return _unknown(document, fields(document), "")


def drop_unknown(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy without the fields that kops does not have: it drops them unasked (38l).

    No depth of what is dropped matters.
    """
    return _kept(document, fields(document))


def yaml_copy(value: dict[str, Any]) -> dict[str, Any]:
    """Return a deep copy of a plain document."""
    copied: dict[str, Any] = json.loads(json.dumps(value))
    return copied


def _kept(value: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    return {name: _kept_inside(value[name], known[name]) for name in value if name in known}


def _kept_inside(value: Any, kind: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list) and kind.startswith("[]"):
        return [_kept_inside(item, kind[2:]) for item in value]
    if isinstance(value, dict) and kind in types():
        return _kept(value, types()[kind])
    return _copied(value, _DEEPEST)


def _copied(value: Any, levels: int) -> Any:  # noqa: ANN401 - any JSON value
    """Copy a value of Kubernetes' own types; what lies deeper than they go is no field of them."""
    if isinstance(value, list):
        return [_copied(item, levels - 1) for item in value] if levels else []
    if isinstance(value, dict):
        return {name: _copied(value[name], levels - 1) for name in value} if levels else {}
    return value


def _unknown(value: Any, known: dict[str, str], path: str) -> list[str]:  # noqa: ANN401 - any JSON value
    unknown = []
    for name, item in value.items():
        if name in known:
            unknown += _unknown_inside(item, known[name], f"{path}{name}.")
        else:
            unknown.append(f"{path}{name}")
    return unknown


def _unknown_inside(value: Any, kind: str, path: str) -> list[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, list) and kind.startswith("[]"):
        pairs = enumerate(value)
        return [p for i, item in pairs for p in _unknown_inside(item, kind[2:], f"{path}{i}.")]
    if isinstance(value, dict) and kind in types():
        return _unknown(value, types()[kind], path)
    return []
