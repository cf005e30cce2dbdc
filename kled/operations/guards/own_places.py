"""A cluster keeps its keys, secrets and backups where no other cluster lives."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kled.errors import BucketMissing, KledError, NotApproved, ObjectMissing, StoreError
from kled.kops.fields import fixed_fields
from kled.kops.state_store import contents, layout, locations
from kled.kops.state_store.locations import Collision, NamedPlace
from kled.models.definition import object_name
from kled.operations.fleet import registered
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ
from kled.sentences import and_more, options
from kled.storage.bounded import get_bounded

_BUCKET: Final = 2
"""The number of slashes in a URL that names just a bucket."""
NOTHING: Final = "no other registered cluster lives where it keeps its state"


def require(session: Session, cluster: str, *, deletes: bool = False) -> str:
    """Say that nobody else lives where the cluster keeps its state. Only reads.

    Raises `NotApproved`, which names the other cluster. Before a deletion, clusters are also looked
    at whose places lie within this cluster's own part of the state store. An update asks no other
    store while all places are in their usual part.
    """
    mine = registered.home(session.state_store, cluster)
    if mine is None and not deletes:
        return NOTHING
    mine = mine or locations.Home(session.state_store.location.url, cluster, {})
    strays = tuple(locations.elsewhere(mine.cluster, mine.root))
    discovery = locations.discovery(mine)
    if not (deletes or strays or discovery):
        return NOTHING
    try:
        away = bool(strays or discovery)
        others = tuple(registered.homes(session, but=cluster, everywhere=away))
    except StoreError as error:
        where = ", ".join(f"{stray.field} ({stray.url})" for stray in strays) or "its clusters"
        advice = error.hint or "mend it"
        error.with_hint(f"{advice}; who else lives at {where} has to be known first")
        raise
    collisions = locations.collisions(mine, others) or tuple(_at(session, strays, deletes=deletes))
    if collisions:
        raise _refusal(mine, collisions)
    said = ", ".join(f"{stray.field} is elsewhere, at {stray.url}" for stray in strays)
    return said or NOTHING


def step(cluster: str, *, deletes: bool) -> Step:
    """Refuse to change another cluster's state, or with `deletes` to delete it along.

    Safe to repeat: it only reads. It comes before the snapshot, so that a refusal costs none.
    """

    def act(session: Session) -> str:
        return require(session, cluster, deletes=deletes)

    return Step("check where its state is", act, READ, reads=True)


def _at(session: Session, strays: tuple[NamedPlace, ...], *, deletes: bool) -> Iterator[Collision]:
    """Yield clusters of unnamed state stores, by the objects that lie at the places.

    A place that cannot be asked stops a deletion, since kops deletes everything below it.
    """
    for place in strays:
        url = url_of(place)
        for root in (url, url.rpartition("/")[0]):
            try:
                cluster = home_at(session, root)
            except KledError as error:
                if deletes:
                    raise NotApproved(
                        f"who lives at {place.url}, which {place.field} names, cannot be asked:"
                        f" {error.message}; nothing was changed",
                        hint=f"mend {place.field}, or the way to it: kops deletes all below it",
                    ) from error
                continue
            if cluster:
                yield Collision(place, cluster, root.rpartition("/")[0])


def home_at(session: Session, root: str) -> str:
    """Return the name of the cluster whose part of a store is `root`; empty where it is none."""
    if root.count("/") <= _BUCKET:
        return ""  # a whole bucket is a state store, and no cluster's part of one
    try:
        config = contents.mapping(get_bounded(session.other_store(root), layout.CONFIG).body) or {}
    except (ObjectMissing, BucketMissing):
        return ""
    return object_name(config) if config.get("kind") == "Cluster" else ""


def state_store_of(definition: Mapping[str, object], cluster: str) -> str | None:
    """Return the URL of the state store in a definition's `configBase`; None where it has none."""
    spec = definition.get("spec")
    base = spec.get("configBase") if isinstance(spec, Mapping) else None
    if not isinstance(base, str) or not base.rstrip("/").endswith(f"/{cluster}"):
        return None
    return url_of(NamedPlace("spec.configBase", base.rstrip("/"))).rpartition("/")[0]


def url_of(place: NamedPlace) -> str:
    """Return the URL by which kled opens a place that kops named."""
    if locations.kind(place.url) not in {"", "file"}:
        return place.url
    return Path(locations.path(place.url)).absolute().as_uri()


def _refusal(mine: locations.Home, collisions: tuple[locations.Collision, ...]) -> NotApproved:
    first, more = collisions[0], and_more(len(collisions), 1)
    if locations.path(first.place.url) == locations.path(mine.root):
        theirs = locations.root_of(first.state_store, first.cluster)
        named = options(name=first.cluster, state=first.state_store)
        return NotApproved(
            f'cluster "{first.cluster}" of {first.state_store} keeps its state within {mine.root},'
            f" which is cluster {mine.name}'s own{more}; nothing was changed",
            hint=f"mend the definition of {first.cluster} first, in its own state store: its"
            " configBase, keyStore, secretStore or backupStore, for example kled kops edit-cluster"
            f" {named} {fixed_fields.mending('spec.configBase', theirs)}",
        )
    if first.cluster == mine.name:
        return NotApproved(f"{first}{more}; nothing was changed", hint=_of_a_copy(mine, first))
    return NotApproved(
        f"{first}{more}; nothing was changed",
        hint=f"mend {first.place.field} first: its own place is {mine.root}, or below it:"
        f" kled kops edit-cluster {options(name=mine.name)} {_mending(first.place, mine)}",
    )


def _of_a_copy(mine: locations.Home, collision: locations.Collision) -> str:
    """Say what to type where the same cluster's definition is also in another state store.

    A place of its own would not make the machines the copy's.
    """
    home = collision.state_store
    moved = options(name=mine.name, state=mine.state_store, former=home)
    return (
        f"is this a copy of that state store? the cluster's own: {options(state=home)}; only"
        " where it was moved here, so that nobody uses that one any more: kled snapshot epoch"
        f" raise {moved}"
    )


def _mending(place: NamedPlace, mine: locations.Home) -> str:
    etcd = place.field.partition("[")[2].partition("]")[0]
    if not etcd:
        return fixed_fields.mending(place.field, mine.root)
    names = [etcd_cluster.get("name") for etcd_cluster in contents.etcds(mine.cluster)]
    at = names.index(etcd) if etcd in names else 0
    field = f"spec.etcdClusters[{at}].backups.backupStore"
    return options(set=f"{field}={mine.root}/backups/etcd/{etcd}")
