"""Which lifecycle rules of a bucket could touch etcd's control files.

`<cluster>/backups/etcd/<etcd>/control/` is live state, not backups: etcd-manager that finds
`etcd-cluster-created` gone believes that the cluster is new and may seed an empty one. Real outages
came from rules on the "backups" prefix (kops#16416, etcd-io/etcd#13522).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_ACTIONS: Final = ("Expiration", "Transitions", "Transition")
_CONTROL: Final = ("", "backups", "etcd", "", "control", "")  # "" stands for any name
_SMALLEST_KEPT: Final = 4096  # the control files are a few hundred bytes


def harmful(rules: Iterable[Mapping[str, Any]], store_prefix: str) -> tuple[str, ...]:
    """Return the names of the enabled rules that expire or move control files.

    `rules` are as GetBucketLifecycleConfiguration gives them, `store_prefix` is the state store's
    place in the bucket without slashes at its ends. Rules that filter by tag count as well: who
    tags objects is not known here. Rules for non-current versions alone do not count.
    """
    return tuple(
        str(rule.get("ID", "(without a name)"))
        for rule in rules
        if rule.get("Status") == "Enabled" and _acts(rule) and _matches(rule, store_prefix)
    )


def _acts(rule: Mapping[str, Any]) -> bool:
    """Say whether the rule does more than to remove markers of what was deleted already."""
    expiration = rule.get("Expiration", {})
    only_markers = set(expiration) == {"ExpiredObjectDeleteMarker"}
    return any(
        rule.get(action) for action in _ACTIONS if action != "Expiration" or not only_markers
    )


def _matches(rule: Mapping[str, Any], store_prefix: str) -> bool:
    chosen = rule.get("Filter", {})
    both = {**chosen, **chosen.get("And", {})}
    if int(both.get("ObjectSizeGreaterThan", 0)) >= _SMALLEST_KEPT:
        return False
    prefix = str(rule.get("Prefix") or both.get("Prefix") or "")
    return _may_hold_control(prefix, f"{store_prefix}/" if store_prefix else "")


def _may_hold_control(prefix: str, store: str) -> bool:
    """Say whether some key below `store` of a control file starts with `prefix`."""
    if store.startswith(prefix):
        return True
    if not prefix.startswith(store):
        return False
    parts = prefix.removeprefix(store).split("/")
    whole, last = parts[:-1], parts[-1]
    if len(whole) >= len(_CONTROL) - 1:
        whole, last = whole[: len(_CONTROL) - 1], ""
    known = all(not name or name == part for name, part in zip(_CONTROL, whole, strict=False))
    return known and re.match(re.escape(last), _CONTROL[len(whole)] or last) is not None
