"""What stands between a cluster and an earlier definition of it: what no restore can take back.

An update after such a restore would be refused, or has to wait until machines are drained.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kled.kops.facts import autoscaling, control_plane, etcd_members, etcd_zones
from kled.kops.state_store import contents, layout
from kled.models.definition import Definition
from kled.operations.guards.protection import protection
from kled.operations.instance_group.edited_group import changed_fields
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest

Document = Mapping[str, Any]
_BOUNDS: Final = frozenset({"spec.minSize", "spec.maxSize"})
_WITHOUT_PODS: Final = frozenset({"Master", "ControlPlane", "Bastion"})
_KARPENTER: Final = "Karpenter"


@dataclass(frozen=True, slots=True)
class Bounds:
    """An instance group of nodes whose greatest size would fall to an earlier one."""

    group: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What keeps the earlier definition from being applied as it is."""

    unnamed: tuple[str, ...] = ()
    """Etcd clusters and members that it does not name: its update is refused."""
    moved: tuple[str, ...] = ()
    """Members of etcd that it has in another zone: its update is refused."""
    planes: tuple[str, ...] = ()
    """How it takes machines from groups of the control plane: its update is refused."""
    shrunk: tuple[Bounds, ...] = ()
    """Groups whose machines have to be drained first."""
    can_scale: bool = True
    """Whether kled can drain and end machines on this cloud."""
    is_bounds_alone: bool = False
    """Whether it differs in nothing but the bounds of the groups in `shrunk`."""
    is_labelled: bool = False
    """Whether a label protects the cluster there, so that its restore wants the name once more."""
    is_unreadable: bool = False
    """Whether nobody can tell here: one of the two snapshots cannot be opened."""


def obstacles(
    session: Session, now: "Manifest", earlier: "Manifest", *, same: frozenset[str]
) -> Obstacles:
    """Return what stands between the definition in the snapshot `now` and the `earlier` one.

    `same` are the keys of the objects that both have alike. Reads both archives.
    """
    from kled.snapshot.verify.contents import readable_objects  # noqa: PLC0415 - not for --help

    live = _definition(readable_objects(session.snapshot_store, now))
    before = _definition(readable_objects(session.snapshot_store, earlier))
    if layout.CONFIG not in live or layout.CONFIG not in before:
        return Obstacles(is_unreadable=True)
    return between(live, before, same)


def between(
    live: Mapping[str, Document], before: Mapping[str, Document], same: frozenset[str]
) -> Obstacles:
    """Return what stands between the two, each by the keys of its objects. Pure."""
    cluster, earlier = live[layout.CONFIG], before[layout.CONFIG]
    names = etcd_members.names
    moved = etcd_zones.moved(_stands(live), _stands(before))
    both = sorted(key for key in live.keys() & before.keys() - same if layout.is_group(key))
    losses = ((key, control_plane.loss(live[key], before[key])) for key in both)
    shrunk = {key: bounds for key in both if (bounds := _shrunk(key, live[key], before[key]))}
    spec = cluster.get("spec")
    provider = spec.get("cloudProvider") if isinstance(spec, Mapping) else None
    return Obstacles(
        unnamed=etcd_members.lost(names(cluster), names(earlier)),
        moved=tuple(
            f"member {move.member.name} of etcd cluster {move.member.etcd}" for move in moved
        ),
        planes=tuple(f"{_name(key)} ({loss})" for key, loss in losses if loss),
        shrunk=tuple(shrunk.values()),
        can_scale=provider in {None, "", "aws"},
        is_bounds_alone=_is_bounds_alone(live, before, same, shrunk),
        is_labelled=protection(Definition(earlier, ()), ()) is not None,
    )


def _is_bounds_alone(
    live: Mapping[str, Document],
    before: Mapping[str, Document],
    same: frozenset[str],
    shrunk: Mapping[str, Bounds],
) -> bool:
    """Say whether nothing differs but bounds of those groups; kops' own counts do not matter."""
    if live.keys() != before.keys():
        return False
    for key in live.keys() - same:
        fields = {field for field, _, _ in changed_fields(live[key], before[key])}
        if not fields <= (_BOUNDS if key in shrunk else frozenset[str]()):
            return False
    return bool(shrunk)


def _shrunk(key: str, live: Document, before: Document) -> Bounds | None:
    """Return the earlier bounds of a group that may have more machines than they allow."""
    spec = live.get("spec")
    if not isinstance(spec, Mapping) or spec.get("role") in _WITHOUT_PODS:
        return None
    if spec.get("manager") == _KARPENTER:
        return None
    try:
        (_, greatest), (low, high) = autoscaling.bounds(live), autoscaling.bounds(before)
    except (TypeError, ValueError):
        return None  # a bound that is no number: kops refuses it with its own words
    return Bounds(_name(key), low, high) if high < greatest else None


def _stands(objects: Mapping[str, Document]) -> Mapping[etcd_zones.Member, etcd_zones.Stand]:
    groups = {_name(key): objects[key] for key in objects if layout.is_group(key)}
    return etcd_zones.stands(objects[layout.CONFIG], groups)


def _definition(objects: Mapping[str, bytes]) -> dict[str, Document]:
    """Return the readable objects of a definition, by their keys."""
    documents = (
        (key, contents.mapping(body))
        for key, body in objects.items()
        if key == layout.CONFIG or layout.is_group(key)
    )
    return {key: document for key, document in documents if document is not None}


def _name(key: str) -> str:
    return key.removeprefix(layout.GROUPS)
