"""Zones, subnets and the names that follow from them: of the cluster, its groups and its etcd."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from kled.errors import InvalidInput
from kled.models.definition import object_name
from kled.recovery.rewrite.draft import Draft, matching
from kled.recovery.rewrite.sides import Sides
from kled.recovery.rewrite.wording import Wording, of_zones

_ZONE: Final = "it lies in another zone"
_REGION: Final = "it lies in another region"
_CALLED: Final = "it is called after its zone"
_NAMES_GROUP: Final = "it names an instance group that has another name"
_NAMES_SUBNET: Final = "it names a subnet that has another name"
_LABEL: Final = "kops.k8s.io/cluster"
_LABELLED: Final = "kops takes a group's file only with the label of its cluster"
_ZONED: Final = (
    ("spec", "nodeLabels", "*"),
    ("spec", "cloudLabels", "*"),
    ("spec", "taints", "*"),
    ("spec", "kubelet", "nodeLabels", "*"),
    ("spec", "masterKubelet", "nodeLabels", "*"),
    ("spec", "clusterAutoscaler", "customPriorityExpanderConfig", "*", "*"),
)
"""Texts about machines, in which a zone or a group's name is nothing else."""


def move_network(cluster: Draft, groups: Sequence[Draft], sides: Sides) -> None:
    """Give zones, subnets, groups, and what names them, their new names.

    Raises `InvalidInput` where two would have one name.
    """
    wording = of_zones(sides)
    subnets = _renamed("subnet", _names_of_subnets(cluster), sides, wording)
    names = _renamed("instance group", [group.owner for group in groups], sides, wording)
    _move_subnets(cluster, sides, subnets)
    _rename(cluster, ("spec", "etcdClusters", "*", "etcdMembers", "*", "instanceGroup"), names)
    for group in groups:
        group.put(("metadata", "name"), names[group.owner], _CALLED)
        _rename(group, ("spec", "subnets", "*"), subnets, _NAMES_SUBNET)
        _rename(group, ("spec", "zones", "*"), sides.target.zones, _ZONE)
    for draft in (cluster, *groups):
        _move_labels(draft, Wording({**wording.replaced, **_changed(names)}, sides.name))


def label(groups: Iterable[Draft], name: str) -> None:
    """Give each group the label of its cluster, which kops leaves out where it stores one."""
    for group in groups:
        group.put(("metadata", "labels", _LABEL), name, _LABELLED)


def renamed_groups(groups: Iterable[Draft]) -> Iterator[tuple[str, str]]:
    """Yield the old and the new name of each group that has another one."""
    for group in groups:
        new = object_name(group.document)
        if new != group.owner:
            yield group.owner, new


def _move_subnets(cluster: Draft, sides: Sides, subnets: Mapping[str, str]) -> None:
    old, new = sides.regions
    _rename(cluster, ("spec", "subnets", "*", "name"), subnets, _CALLED)
    _rename(cluster, ("spec", "subnets", "*", "zone"), sides.target.zones, _ZONE)
    _rename(cluster, ("spec", "subnets", "*", "region"), {old: new}, _REGION)
    balancer = ("spec", "api", "loadBalancer", "subnets", "*", "name")
    _rename(cluster, balancer, subnets, _NAMES_SUBNET)


def _move_labels(draft: Draft, wording: Wording) -> None:
    for pattern in _ZONED:
        for path in matching(draft.document, pattern):
            value = draft.at(*path)
            if isinstance(value, str):
                draft.put(path, wording.of(value), "it is about machines of another zone")


def _rename(
    draft: Draft, pattern: tuple[str, ...], names: Mapping[str, str], why: str = _NAMES_GROUP
) -> None:
    for path in matching(draft.document, pattern):
        value = draft.at(*path)
        if isinstance(value, str):
            draft.put(path, names.get(value, value), why)


def _renamed(what: str, names: Iterable[str], sides: Sides, wording: Wording) -> dict[str, str]:
    chosen = sides.target.names
    new = {name: chosen.get(name) or wording.of(name) for name in names}
    for name, called in new.items():
        same = sorted(other for other in new if new[other] == called)
        if len(same) > 1:
            raise InvalidInput(
                f"names[{name}]",
                f"{what}s {' and '.join(same)} would both be called {called}",
                hint="say what one of them is called",
            )
    return new


def _changed(names: Mapping[str, str]) -> dict[str, str]:
    return {old: new for old, new in names.items() if old != new}


def _names_of_subnets(cluster: Draft) -> Iterator[str]:
    for path in matching(cluster.document, ("spec", "subnets", "*", "name")):
        name: Any = cluster.at(*path)
        if isinstance(name, str):
            yield name
