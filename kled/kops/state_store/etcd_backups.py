"""Where a definition keeps the backups of etcd: there etcd-manager finds that a cluster was made.

Below it lies `control/etcd-cluster-created`, without which etcd-manager begins an empty cluster. By
default it is `<configBase>/backups/etcd/<etcd>` (pkg/model/components/etcdmanager/options.go). What
lies outside of `configBase` is for `places` to tell. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from kled.kops.facts.etcd_members import Document, rows
from kled.kops.fields import set_paths

FIELD: Final = ("spec", "etcdClusters", "*", "backups", "backupStore")
_INDEX: Final = re.compile(r"\[\s*(\*|\d+)\s*\]")


class MovedBackups(NamedTuple):
    """The backups of an etcd cluster, at another place than kops applied."""

    etcd: str
    before: str
    """Relative to `configBase`."""
    now: str

    def __str__(self) -> str:
        """Return both places in words."""
        return (
            f"the backups of etcd cluster {self.etcd} at {self.now}, and kops applied {self.before}"
        )


def moved(applied: Document, places: Mapping[str, str]) -> tuple[MovedBackups, ...]:
    """Return which of `places` (`places_of`) are not those that were applied; sorted."""
    before = {name: place for name, place in places_of(applied, named=True).items() if place}
    both = sorted(before.keys() & places.keys())
    return tuple(
        MovedBackups(name, before[name], places[name])
        for name in both
        if places[name] and places[name] != before[name]
    )


def places_of(document: Document, *, named: bool = False) -> dict[str, str]:
    """Return the place of each etcd cluster's backups below `configBase`; empty: it is elsewhere.

    What is not `named` is where kops keeps it by default.
    """
    base, places = _base(document), {}
    for name, etcd in rows(document):
        backups = etcd.get("backups")
        url = backups.get("backupStore") if isinstance(backups, Mapping) else None
        places[name] = _below(base, url) if url else ("" if named else f"backups/etcd/{name}")
    return places


def places_after(document: Document, sets: Sequence[str]) -> dict[str, str]:
    """Return the places that a definition has once kops has set these fields."""
    places, base = places_of(document), _base(document)
    names = [name for name, _ in rows(document)]
    for text in sets:
        path, value = set_paths.assignment(text)
        if path == FIELD:
            (index,) = _INDEX.findall(text.partition("=")[0])
            chosen = [name for at, name in enumerate(names) if index in {"*", str(at)}]
            places |= dict.fromkeys(chosen, _below(base, value))
    return places


def putting_back(document: Document, wrong: Sequence[MovedBackups]) -> tuple[str, ...]:
    """Return the assignments of `--set` that name the applied places again."""
    names, base = [name for name, _ in rows(document)], _base(document)
    return tuple(
        f"spec.etcdClusters[{names.index(place.etcd)}].backups.backupStore={base}/{place.before}"
        for place in wrong
    )


def _base(document: Document) -> str:
    spec: Any = document.get("spec")
    base = spec.get("configBase") if isinstance(spec, Mapping) else None
    return base.rstrip("/") if isinstance(base, str) else ""


def _below(base: str, url: object) -> str:
    text = str(url).rstrip("/")
    return text.removeprefix(f"{base}/") if base and text.startswith(f"{base}/") else ""
