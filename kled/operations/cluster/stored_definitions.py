"""What a stored definition says, read without kops: for shell completion, which has no time.

A word is only yielded where it has the form of a name: anybody who may write to the store chooses
the text.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from kled.errors import DocumentDamaged
from kled.kops.state_store import layout
from kled.operations.fleet import stored_names
from kled.storage.bounded import get_bounded

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore

_LARGEST: Final = 256 * 1024
"""Bytes of one definition: a larger one takes too long to be read."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_ASKED: Final = 10
"""Clusters whose zones are looked up."""


def definition(store: "ObjectStore", cluster: str, group: str | None = None) -> dict[str, Any]:
    """Return the definition of a cluster, or of one of its groups.

    Raises `StoreError` where the object is missing or is not a mapping, `TextUnreadable` where it
    is not YAML.
    """
    from kled.yaml_text import document  # noqa: PLC0415 - where one is read

    home = layout.require_cluster_name(cluster)
    key = f"{home}/{layout.GROUPS}{group}" if group else f"{home}/{layout.CONFIG}"
    stored = get_bounded(store, key, limit=_LARGEST, what=key)
    mapping = document(stored.body)
    if not isinstance(mapping, dict):
        raise DocumentDamaged(key, "it is not a mapping")
    return mapping


def subnets(store: "ObjectStore", cluster: str) -> Iterator[str]:
    """Yield the names of a cluster's subnets, in their order."""
    return _names(definition(store, cluster), "name")


def zones(store: "ObjectStore", clusters: Iterable[str] = ()) -> list[str]:
    """Return the zones of these clusters' subnets, or of the first few clusters, sorted.

    A cluster whose definition cannot be read adds none.
    """
    zones_of_subnets: set[str] = set()
    for cluster in islice(clusters or stored_names.clusters(store), _ASKED):
        try:
            zones_of_subnets.update(_names(definition(store, cluster), "zone"))
        except Exception:  # noqa: BLE001, S112 - one bad cluster hides no zone of the others
            continue
    return sorted(zones_of_subnets)


def _names(cluster: dict[str, Any], field: str) -> Iterator[str]:
    spec = cluster.get("spec")
    listed = spec.get("subnets") if isinstance(spec, dict) else None
    for subnet in listed if isinstance(listed, list) else ():
        name = subnet.get(field) if isinstance(subnet, dict) else None
        if isinstance(name, str) and _NAME.fullmatch(name):
            yield name
