"""In which zone each member of etcd lives: a volume is in one zone, and never goes to another.

kops makes a member's volume in the only zone of its instance group (pkg/model/master_volumes.go).
Where that is another one later, Google and Scaleway make an empty volume there, Hetzner leaves the
old one where no machine can mount it, and AWS, DigitalOcean, OpenStack and Azure refuse, each after
a part of the change was made. Zones of one OpenStack region share their volumes where the
definition says so; metal has machines without volumes of their own. Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kled.kops.facts.etcd_members import Document, rows

Groups = Mapping[str, Document]
"""Instance groups by their names."""
_SHARES: Final = ("ignore-volume-az", "override-volume-az")
"""Fields of `cloudConfig.openstack.blockStorage` with which a volume has not its machine's zone."""


class Member(NamedTuple):
    """A member of an etcd cluster."""

    etcd: str
    name: str


class Stand(NamedTuple):
    """Where a member stands."""

    group: str
    zones: tuple[str, ...]
    """Sorted; kops takes one alone."""


class MovedMember(NamedTuple):
    """A member that stands in another zone than kops applied."""

    member: Member
    before: Stand
    now: Stand

    def __str__(self) -> str:
        """Return the member with both zones, in words."""
        etcd, name = self.member
        now, before = " and ".join(self.now.zones), " and ".join(self.before.zones)
        return (
            f"member {name} of etcd cluster {etcd} in {now} (instance group {self.now.group}),"
            f" and kops applied {before}"
        )


def stands(cluster: Document, groups: Groups) -> dict[Member, Stand]:
    """Return where the members of a definition stand, as far as it tells; the rest is left out.

    Nothing where no volume belongs to a zone.
    """
    if _has_no_volumes(cluster) or _shares_volumes(cluster):
        return {}
    zones = _zones_of_subnets(cluster)
    by_member = {}
    for etcd, name, group in _members(cluster):
        where = _zones(groups[group], zones) if group in groups else ()
        if where:
            by_member[Member(etcd, name)] = Stand(group, where)
    return by_member


def moved(before: Mapping[Member, Stand], now: Mapping[Member, Stand]) -> tuple[MovedMember, ...]:
    """Return the members that stand in another zone; one that is new has not moved."""
    both = sorted(before.keys() & now.keys())
    return tuple(
        MovedMember(member, before[member], now[member])
        for member in both
        if before[member].zones != now[member].zones
    )


def groups_of_members(cluster: Document) -> frozenset[str]:
    """Return the names of the instance groups that members of etcd stand on."""
    return frozenset(group for _, _, group in _members(cluster))


def _members(cluster: Document) -> Iterator[tuple[str, str, str]]:
    for etcd, row in rows(cluster):
        for member in _mappings(row.get("etcdMembers")):
            yield etcd, str(member.get("name", "")), str(member.get("instanceGroup", ""))


def _zones(group: Document, of_subnets: Mapping[str, str]) -> tuple[str, ...]:
    """Return a group's zones as kops counts them: its own, and those of its subnets.

    Nothing where it names a subnet that the cluster has not: kops says so itself.
    """
    spec = _spec(group)
    subnets = _texts(spec.get("subnets"))
    if any(subnet not in of_subnets for subnet in subnets):
        return ()
    zones = {*_texts(spec.get("zones")), *(of_subnets[subnet] for subnet in subnets)}
    return tuple(sorted(zones - {""}))


def _zones_of_subnets(cluster: Document) -> dict[str, str]:
    subnets = _mappings(_spec(cluster).get("subnets"))
    return {str(subnet.get("name", "")): str(subnet.get("zone") or "") for subnet in subnets}


def _has_no_volumes(cluster: Document) -> bool:
    """Whether the machines are metal: kops 1.36.2 stores such a cluster without a cloud (C09)."""
    provider = _spec(cluster).get("cloudProvider")
    return not provider or provider == "metal"


def _shares_volumes(cluster: Document) -> bool:
    inner: Any = _spec(cluster)
    for key in ("cloudConfig", "openstack", "blockStorage"):
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    return isinstance(inner, Mapping) and any(inner.get(share) for share in _SHARES)


def _texts(value: object) -> list[str]:
    return [str(element) for element in value] if isinstance(value, list) else []


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (
        (mapping for mapping in value if isinstance(mapping, Mapping))
        if isinstance(value, list)
        else ()
    )


def _spec(document: Document) -> Mapping[str, Any]:
    spec = document.get("spec")
    return spec if isinstance(spec, Mapping) else {}
