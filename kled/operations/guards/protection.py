"""Which clusters are protected, and what a person must type to delete one (design §4)."""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Final

from kled.errors import NotApproved
from kled.models.definition import Definition

LABEL: Final = "kled.io/protected"
"""A label of the cluster object, or one of its cloud labels; `false`, `no` and `0` lift it."""
_OFF: Final = frozenset({"false", "no", "0"})


def protection(definition: Definition, patterns: Sequence[str]) -> str | None:
    """Say why a cluster is protected; None where it is not.

    `patterns` are shell patterns of names (`KLED_PROTECTED`, or `protected` of the settings file).
    """
    by_name = pattern_protection(definition.name, patterns)
    if by_name is not None:
        return by_name
    value = _labels(definition).get(LABEL)
    if value is not None and value.strip().lower() not in _OFF:
        return f"it has the label {LABEL}={value}"
    return None


def pattern_protection(cluster: str, patterns: Sequence[str]) -> str | None:
    """Say which pattern protects a cluster of that name; None where none does."""
    for pattern in patterns:
        if fnmatch.fnmatchcase(cluster, pattern):
            return f"its name matches the protected pattern {pattern!r}"
    return None


def require_confirmation(cluster: str, why: str | None, confirm: str | None) -> None:
    """Raise `NotApproved` unless `confirm` repeats the name of a protected cluster.

    A confirmation that names another cluster is refused even for an unprotected one.
    """
    if confirm is not None and confirm != cluster:
        raise NotApproved(
            f'the confirmation names "{confirm}", not "{cluster}"', hint="nothing was changed"
        )
    if why is not None and confirm is None:
        raise NotApproved(
            f'cluster "{cluster}" is protected: {why}',
            hint=f"if you are sure, repeat its name: --confirm={cluster}",
        )


def _labels(definition: Definition) -> dict[str, str]:
    metadata, spec = definition.cluster.get("metadata"), definition.cluster.get("spec")
    merged: dict[str, str] = {}
    for where, key in ((spec, "cloudLabels"), (metadata, "labels")):
        labels = where.get(key) if isinstance(where, Mapping) else None
        merged |= {str(k): str(v) for k, v in labels.items()} if isinstance(labels, Mapping) else {}
    return merged
