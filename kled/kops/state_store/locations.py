"""Where a cluster keeps what `delete cluster` removes: pure, from its definition.

By default all of it is below `<state-store>/<cluster>/` (`configBase`; captures 11 and
cluster-completed.spec). Each of these fields can name another place. kops reads and writes there,
and deletes all below it, whoever else keeps something there; only below `configBase` it stops at
what it does not know (`pkg/client/simple/vfsclientset/clientset.go`, `DeleteCluster`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kled.errors import InvalidInput
from kled.kops.facts.versions import as_kops_takes
from kled.models.definition import Definition

_FIELDS: Final = ("configBase", "configStore", "keyStore", "secretStore")
_S3: Final = frozenset({"do", "scw", "hos", "linode"})
_DISCOVERY: Final = "spec.serviceAccountIssuerDiscovery.discoveryStore"


@dataclass(frozen=True, slots=True, order=True)
class NamedPlace:
    """A place that a definition names."""

    field: str
    url: str
    """Without a `/` at the end."""


@dataclass(frozen=True, slots=True, order=True)
class Collision:
    """A place of one cluster where another one keeps something, too."""

    place: NamedPlace
    cluster: str
    """The other one."""
    state_store: str
    """Where the other one is registered."""

    def __str__(self) -> str:
        """Return which place it is, and who lives there."""
        return (
            f'{self.place.field} names {self.place.url}, where cluster "{self.cluster}" of'
            f" {self.state_store} lives"
        )


@dataclass(frozen=True, slots=True)
class Home:
    """A registered cluster: its state store, its name and its stored object."""

    state_store: str
    name: str
    cluster: Mapping[str, object]

    @property
    def root(self) -> str:
        """Where all of it is by default."""
        return root_of(self.state_store, self.name)


def root_of(state_store: str, cluster: str) -> str:
    """Return the cluster's own part of a state store, as its definition may name it."""
    try:
        return f"{as_kops_takes(state_store)}/{cluster}"
    except (InvalidInput, OSError, RuntimeError, ValueError):  # a manifest may say anything
        return f"{state_store.rstrip('/')}/{cluster}"


def named(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield the places that the definition names: the field, and its URL without a `/` at the end.

    A definition may name none: kops fills them in.
    """
    return ((place.field, place.url) for place in places_of(definition.cluster))


def places_of(cluster: Mapping[str, object]) -> Iterator[NamedPlace]:
    """Yield the places of keys, secrets, node configuration and etcd backups."""
    spec = cluster.get("spec")
    if not isinstance(spec, Mapping):
        return
    for field in _FIELDS:
        if isinstance(spec.get(field), str) and spec[field]:
            yield NamedPlace(f"spec.{field}", spec[field].rstrip("/"))
    etcds = spec.get("etcdClusters")
    for etcd in etcds if isinstance(etcds, list) else ():
        backups = etcd.get("backups") if isinstance(etcd, Mapping) else None
        store = backups.get("backupStore") if isinstance(backups, Mapping) else None
        if isinstance(store, str) and store:
            field = f"spec.etcdClusters[{etcd.get('name')}].backups.backupStore"
            yield NamedPlace(field, store.rstrip("/"))


_NOT_COPIED: Final = ", which is not copied: what is there is in no snapshot"


def elsewhere(cluster: Mapping[str, object], root: str) -> Iterator[NamedPlace]:
    """Yield the places that are not below `root`, the cluster's own part of its state store."""
    return (place for place in places_of(cluster) if not _is_below(place.url, root))


def findings(cluster: Mapping[str, object], root: str) -> Iterator[str]:
    """Yield what a copy of `root` lacks because the definition keeps it elsewhere, in words."""
    for place in elsewhere(cluster, root):
        yield f"{place.field} names {place.url}{_NOT_COPIED}"


def field_of(finding: str) -> str:
    """Return the field that one of the `findings` is about; empty: it is none of them."""
    about = finding.partition(_NOT_COPIED)
    return about[0].partition(" names ")[0] if about[1] else ""


def url_in(finding: str) -> str:
    """Return the place that one of the `findings` names; empty: it is none of them."""
    about = finding.partition(_NOT_COPIED)
    return about[0].partition(" names ")[2] if about[1] else ""


def collisions(mine: Home, others: Sequence[Home]) -> tuple[Collision, ...]:
    """Return where places of the cluster are those of another one, sorted.

    Either may lie within the other. `discoveryStore` is public and shared by nobody: kops keeps
    one file of one cluster there.
    """
    own = [NamedPlace("its own prefix", mine.root), *places_of(mine.cluster), *discovery(mine)]
    collisions = (
        Collision(place, other.name, other.state_store)
        for other in others
        for place in own
        if any(_overlap(place, theirs) for theirs in _all(other))
    )
    return tuple(sorted(set(collisions)))


def discovery(home: Home) -> tuple[NamedPlace, ...]:
    """Return where a public copy of the cluster's service account key is, if anywhere."""
    spec = home.cluster.get("spec")
    discovery = spec.get("serviceAccountIssuerDiscovery") if isinstance(spec, Mapping) else None
    store = discovery.get("discoveryStore") if isinstance(discovery, Mapping) else None
    if isinstance(store, str) and store:
        return (NamedPlace(_DISCOVERY, store.rstrip("/")),)
    return ()


def _all(home: Home) -> Iterator[NamedPlace]:
    yield NamedPlace("its own prefix", home.root)
    yield from places_of(home.cluster)
    yield from discovery(home)


def _overlap(place: NamedPlace, other: NamedPlace) -> bool:
    if _DISCOVERY in {place.field, other.field}:  # two objects at fixed keys, nothing below
        return place.field == other.field and path(place.url) == path(other.url)
    return _is_below(place.url, other.url) or _is_below(other.url, place.url)


def _is_below(url: str, root: str) -> bool:
    return f"{path(url)}/".startswith(f"{path(root)}/")


def path(url: str) -> str:
    """Return kind, bucket and key of a URL, or the real path of a directory, as kops takes them.

    What is in one bucket of S3 is told apart by nothing else: kops calls the protocol after its
    provider (do://, scw://, hos://), and kled's documents call it s3://.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "file":
        try:
            return str(Path(rest if separator else url).resolve())
        except (OSError, RuntimeError, ValueError):  # a NUL, a loop of links: no directory at all
            return rest if separator else url
    return f"{kind(url)}://{rest.rstrip('/')}"


def kind(url: str) -> str:
    """Return the scheme of a URL, s3 for all that speak S3; empty for a text that is no place."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        return "file" if url.startswith("/") else ""
    return "s3" if scheme in _S3 else scheme
