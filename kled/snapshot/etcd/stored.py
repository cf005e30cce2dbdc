"""Reads which etcd backups and control objects the stores of a cluster have. Changes nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from kled.errors import KledError
from kled.kops.facts.etcd_members import Document, rows
from kled.kops.state_store import locations
from kled.kops.state_store.etcd_catalogue import EtcdCatalogue, catalogue
from kled.storage.base import Entry, ObjectStore

OpenUrl = Callable[[str], ObjectStore]
"""Opens the store at a URL."""
_DEFAULT: Final = "backups/etcd"


@dataclass(frozen=True, slots=True)
class EtcdPlace:
    """Where one etcd cluster keeps its backups and control objects."""

    etcd: str
    url: str
    """Of the whole place, without a `/` at the end."""
    prefix: str | None
    """Within the cluster's part of the state store, with a `/` at the end; None: elsewhere."""


@dataclass(frozen=True, slots=True)
class StoredEtcd:
    """What is stored of one etcd cluster, or why that is not known."""

    place: EtcdPlace
    catalogue: EtcdCatalogue | None
    problem: KledError | None = None
    """Why the place could not be listed."""


def places(state: ObjectStore, cluster: str, document: Document) -> tuple[EtcdPlace, ...]:
    """Return the place of each etcd cluster of a definition. Pure: nothing is asked.

    A definition names `backupStore`, or kops keeps it below `configBase`, or below the cluster's
    part of the state store.
    """
    root = locations.root_of(state.location.url, cluster)
    return tuple(_place(name, etcd, _base(document) or root, root) for name, etcd in rows(document))


def read_catalogues(
    state: ObjectStore,
    cluster: str,
    document: Document,
    open_other: OpenUrl,
    listing: Iterable[Entry] | None = None,
) -> Iterator[StoredEtcd]:
    """Yield what is stored of each etcd cluster of the definition `document`.

    `listing` is that of the cluster's part of the state store, with whole keys, where it was made
    already: else a LIST for each etcd cluster. A place elsewhere costs a LIST there. A place that
    cannot be listed has a problem, and hides no other.
    """
    known = None if listing is None else tuple(listing)
    for place in places(state, cluster, document):
        try:
            yield StoredEtcd(place, _read(state, cluster, place, open_other, known))
        except KledError as error:
            yield StoredEtcd(place, None, error)


def _read(
    state: ObjectStore,
    cluster: str,
    place: EtcdPlace,
    open_other: OpenUrl,
    listing: tuple[Entry, ...] | None,
) -> EtcdCatalogue:
    if place.prefix is None:
        return catalogue(place.etcd, open_other(place.url).entries())
    prefix = f"{cluster}/{place.prefix}"
    return catalogue(place.etcd, state.entries(prefix) if listing is None else listing, prefix)


def _place(name: str, etcd: Document, base: str, root: str) -> EtcdPlace:
    backups = etcd.get("backups")
    named = backups.get("backupStore") if isinstance(backups, dict) else None
    url = str(named).rstrip("/") if named else f"{base}/{_DEFAULT}/{name}"
    inside, whole = locations.path(url), f"{locations.path(root)}/"
    prefix = f"{inside.removeprefix(whole)}/" if inside.startswith(whole) else None
    return EtcdPlace(name, url, prefix)


def _base(document: Document) -> str:
    spec = document.get("spec")
    base = spec.get("configBase") if isinstance(spec, dict) else None
    return base.rstrip("/") if isinstance(base, str) else ""
