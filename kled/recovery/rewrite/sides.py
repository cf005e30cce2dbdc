"""Both sides of a move: what the definition tells of the old one, and the target's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kled.errors import InvalidInput, NotApproved
from kled.kops.facts import zones
from kled.kops.state_store.locations import kind
from kled.models.definition import object_name
from kled.recovery.rewrite.draft import matching
from kled.recovery.rewrite.target import InstanceProfiles, OldSideGone, Target

_CLOUDS_DIFFER: Final = (
    "etcd holds the old cloud's drivers, volumes, load balancers and ids of machines: make a new"
    " cluster there, and bring its workloads from their own source"
)
ACCOUNT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "gce": ("spec", "project"),
    "azure": ("spec", "cloudConfig", "azure", "subscriptionId"),
}
"""Where a definition names the account that it is in."""
_WORDS: Final[Mapping[str, str]] = {"gce": "project", "azure": "subscription"}
Documents = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sides:
    """The old side and the new one, as far as they are known."""

    cloud: str
    name: str
    regions: tuple[str, str]
    accounts: tuple[str, str]
    """Empty where nobody said."""
    stores: tuple[str, str]
    target: Target

    @property
    def leaves_region(self) -> bool:
        """Whether another region is meant."""
        return self.regions[0] != self.regions[1]

    @property
    def leaves_account(self) -> bool:
        """Whether another account is meant. An old one that is not known counts as another."""
        old, new = self.accounts
        return bool(new) and old != new


def look(cluster: Mapping[str, Any], groups: Documents, target: Target) -> Sides:
    """Return both sides. Pure.

    Raises `InvalidInput` for a target that kops could not run the cluster at, and `NotApproved`
    where both sides would share what a cloud keeps by a cluster's name alone.
    """
    cloud = _cloud(cluster, target)
    account = _text(cluster, ACCOUNT_FIELDS.get(cloud, ())) or target.former.account
    store = (target.former.state_store or _store(cluster)).rstrip("/")
    sides = Sides(
        cloud,
        object_name(cluster),
        (_region(cloud, cluster, groups), target.region),
        (account, target.account or account),
        (store, target.state_store.rstrip("/")),
        target,
    )
    _check_places(sides)
    _check_isolation(sides, cluster, groups)
    return sides


def zones_of(cluster: Mapping[str, Any], groups: Documents) -> Iterator[str]:
    """Yield the zones that a definition names, in its order."""
    for pattern, documents in (
        (("spec", "subnets", "*", "zone"), (cluster,)),
        (("spec", "zones", "*"), groups),
    ):
        for document in documents:
            for path in matching(document, pattern):
                if zone := _text(document, path):
                    yield zone


def _cloud(cluster: Mapping[str, Any], target: Target) -> str:
    cloud = zones.cloud_of(cluster)
    if cloud not in zones.CLOUDS:
        raise InvalidInput(
            "cluster",
            f'the definition is of cloud "{cloud}", and does not say which region it is in',
            hint=f"kled rewrites definitions of {', '.join(sorted(zones.CLOUDS))}",
        )
    if target.cloud not in {"", cloud}:
        raise InvalidInput(
            "cloud",
            f"a cluster of {cloud} cannot go on at {target.cloud}",
            hint=_CLOUDS_DIFFER,
        )
    return cloud


def _region(cloud: str, cluster: Mapping[str, Any], groups: Documents) -> str:
    named = [zones.region_of(cloud, zone) for zone in zones_of(cluster, groups)]
    subnets = matching(cluster, ("spec", "subnets", "*", "region"))
    named += [_text(cluster, path) for path in subnets]
    regions = sorted({region for region in named if region})
    if len(regions) != 1:
        raise InvalidInput(
            "cluster",
            f"its zones are in {' and '.join(regions) or 'no region that is known'}",
            hint="kops keeps a cluster in one region; look at spec.subnets and the groups' zones",
        )
    return regions[0]


def _store(cluster: Mapping[str, Any]) -> str:
    base = _text(cluster, ("spec", "configBase")).rstrip("/")
    name = object_name(cluster)
    if not name or not base.endswith(f"/{name}"):
        raise InvalidInput(
            "former state store",
            f"configBase ({base or 'none'}) does not end with the cluster's name",
            hint="name the old state store, as the snapshot's manifest has it",
        )
    return base.removesuffix(f"/{name}")


def _check_places(sides: Sides) -> None:
    target, cloud = sides.target, sides.cloud
    if not zones.is_region(cloud, target.region):
        raise InvalidInput("region", f'no region of {cloud} is called "{target.region}"')
    for old, new in target.zones.items():
        region = zones.region_of(cloud, new)
        if region != target.region:
            where = f"in {region}" if region else f"no zone of {cloud}"
            raise InvalidInput(f"zones[{old}]", f"{new} is {where}, and not in {target.region}")
        if not zones.takes_machines(cloud, new):
            raise InvalidInput(
                f"zones[{old}]",
                f"{new} is a local zone, and kops takes {new[:-1]} for its region",
                hint=f"a zone such as {target.region}a",
            )
    old_kind, new_kind = (kind(store) for store in sides.stores)
    if old_kind != new_kind:
        raise InvalidInput(
            "state store",
            f"{sides.stores[1]} is another kind of store than {sides.stores[0]}, and machines read"
            " their own cloud's",
        )


def _check_isolation(sides: Sides, cluster: Mapping[str, Any], groups: Documents) -> None:
    """Refuse a second side of one name in one account, unless it is said what keeps them apart."""
    isolation = sides.target.iam_isolation
    if isinstance(isolation, InstanceProfiles):
        _check_profiles(sides, cluster, groups, isolation)
    if not sides.leaves_region or _known_apart(sides) or isolation is not None:
        return
    if sides.cloud == "aws" and has_own_profiles(cluster, groups):
        return
    account = _WORDS.get(sides.cloud, "account")
    unsaid = "" if all(sides.accounts) else f" (nobody says that the {account} is another one)"
    raise NotApproved(
        f'"{sides.name}" would exist twice in one {account}{unsaid}, and kops finds what the cloud'
        f" keeps for all regions by the cluster's name: an update of the new side takes it over,"
        " and a deletion of the old side takes it away from the new one",
        hint=f"another {account}; or say that the old side is gone for good (iam_isolation)",
    )


def _known_apart(sides: Sides) -> bool:
    return all(sides.accounts) and sides.accounts[0] != sides.accounts[1]


def _check_profiles(
    sides: Sides, cluster: Mapping[str, Any], groups: Documents, profiles: InstanceProfiles
) -> None:
    if sides.cloud != "aws":
        raise InvalidInput("iam_isolation", f"{sides.cloud} has no instance profiles")
    if _has_account_roles(cluster):
        raise InvalidInput(
            "iam_isolation",
            "the roles of service accounts bear the cluster's name (ACCOUNT.NAMESPACE.sa.NAME),"
            " whichever profiles its machines use",
            hint="another account, or an old side that is gone for good (OldSideGone)",
        )
    if sides.leaves_region and not _known_apart(sides) and not has_own_profiles(cluster, groups):
        raise NotApproved(
            f'an update of "{sides.name}" with its first instance profiles takes the policies from'
            " the roles that kops made for the old side (masters.NAME, nodes.NAME), then deletes"
            " these",
            hint="another account, or an old side that is gone for good (OldSideGone)",
        )
    roles = {str(_mapping(group.get("spec")).get("role")) for group in groups}
    missing = sorted(roles - set(profiles.by_role))
    if missing or len(set(profiles.by_role.values())) != len(profiles.by_role):
        raise InvalidInput(
            "iam_isolation",
            f"no instance profile for {', '.join(missing)}"
            if missing
            else "two roles have one instance profile, which kops refuses",
        )


def has_own_profiles(cluster: Mapping[str, Any], groups: Documents) -> bool:
    """Whether kops makes no role for the cluster: somebody else made all that it uses."""
    profiles = [_text(group, ("spec", "iam", "profile")) for group in groups]
    return bool(profiles) and all(profiles) and not _has_account_roles(cluster)


def _has_account_roles(cluster: Mapping[str, Any]) -> bool:
    iam = _mapping(_mapping(cluster.get("spec")).get("iam"))
    permissions = iam.get("serviceAccountExternalPermissions")
    return bool(iam.get("useServiceAccountExternalPermissions") or permissions)


def gone(sides: Sides) -> str:
    """Return what a person said about the old side; empty: nothing."""
    isolation = sides.target.iam_isolation
    return isolation.statement if isinstance(isolation, OldSideGone) else ""


def _text(document: Mapping[str, Any], path: Sequence[str | int]) -> str:
    value: Any = document if path else None
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ""
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
