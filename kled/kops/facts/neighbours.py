"""What a deletion takes of others: kops finds some resources by a part of their names. Pure.

So it takes those of a cluster whose name begins or ends as this one's does, and whatever else is
called so, whoever made it (`pkg/resources/*`; T-px-*; facts: `a.example.com` takes the queue and
the rules of `a.example.com.au`). Machines, networks and roles are found by tags or whole names.

AWS: queues and EventBridge rules that begin with the cluster's name (dots as dashes, or its first
40 characters), key pairs `kubernetes.<cluster>-*`, records `etcd-*.<cluster>`. DigitalOcean:
volumes whose names hold the cluster's, load balancers whose tags do. OpenStack: server groups and
key pairs that begin with it, security groups that end with `.<cluster>`. Google: names that end
with `-<cluster>`. DigitalOcean, OpenStack and Scaleway: records whose names end with the cluster's,
without a dot before it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from kled.kops.facts.truncated import truncated
from kled.kops.state_store.locations import Home
from kled.models.plan import Change

_FINGERPRINT: Final = r"(-[0-9a-f]{2}([:_-][0-9a-f]{2})+)?"
_DNS: Final = (
    r"(aaaa-)?(api|api\.internal|bastion|kops-controller\.internal|etcd-[^.]+(\.internal)?)"
)
_RULE: Final = 40
_QUEUE: Final = 75
_VOLUME: Final = 64


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another registered cluster of the same cloud."""

    name: str
    state_store: str
    regions: frozenset[str] = frozenset()
    """Where its machines are; empty where that is not known."""


@dataclass(frozen=True, slots=True, order=True)
class TakenResource:
    """A resource that would be deleted with a cluster and is not its own, or not its alone."""

    owner: str
    """The registered cluster that lives by it; else as the resource itself is called."""
    kind: str
    name: str
    state_store: str = ""
    """Where the owner is registered; empty where it is nowhere."""

    def __str__(self) -> str:
        """Return what it is and whose."""
        whose = f' of cluster "{self.owner}"' if self.state_store else ""
        return f"{self.kind} {self.name}{whose}"


def cloud_of(home: Home) -> str:
    """Return the cloud of a cluster; empty where its definition cannot be read."""
    provider = _spec(home).get("cloudProvider")
    if isinstance(provider, Mapping):
        return str(next(iter(provider), ""))
    return str(provider or "")


def regions_of(home: Home) -> frozenset[str]:
    """Return the regions of a cluster's subnets on AWS: zones without their letter."""
    subnets = _spec(home).get("subnets")
    listed = subnets if isinstance(subnets, list) else []
    zones = (str(subnet.get("zone", "")) for subnet in listed if isinstance(subnet, Mapping))
    return frozenset(re.sub(r"[a-z]$", "", zone) for zone in zones if zone)


def _spec(home: Home) -> Mapping[str, Any]:
    spec = home.cluster.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def taken(
    cluster: str,
    cloud: str,
    regions: frozenset[str],
    listed: Iterable[Change],
    neighbours: Sequence[Neighbour],
) -> tuple[TakenResource, ...]:
    """Return what of a deletion's resources belongs to others, sorted by owner.

    `listed` is what kops would delete. A name that is not one that kops gives to this cluster is
    somebody else's, registered or not: the listing itself is the evidence.
    """
    near = [
        neighbour
        for neighbour in neighbours
        if not (neighbour.regions and regions) or neighbour.regions & regions or cloud != "aws"
    ]
    resources = [
        TakenResource(nearby.name, "all that bears the name", cluster, nearby.state_store)
        for nearby in near
        if nearby.name == cluster and cloud != "aws"  # there the IAM roles tell it
    ]
    for change in listed:
        own = _OWN.get((cloud, change.kind))
        if change.action == "delete" and own is not None:
            name = change.name.rstrip("/").rpartition("/")[2].rstrip(".")
            resources += _taken(change, name, own, cluster, near)
    return tuple(sorted(set(resources)))


def _taken(
    change: Change, name: str, own: "_Own", cluster: str, near: Sequence[Neighbour]
) -> Iterable[TakenResource]:
    mine = own.matches(name, cluster)
    theirs = [neighbour for neighbour in near if own.matches(name, neighbour.name)]
    if mine and own.both == "mine":
        return []
    if mine and own.both == "longest":
        theirs = [other for other in theirs if len(other.name) > len(cluster)]
    if theirs:
        whose = max(theirs, key=lambda neighbour: len(neighbour.name))
        return [TakenResource(whose.name, change.kind, change.name, whose.state_store)]
    if mine or not own.evident:
        return []
    return [TakenResource(_called(change.kind, name), change.kind, change.name)]


def _called(kind: str, name: str) -> str:
    """Return what the owner is probably called, for people to recognise it."""
    return name.removesuffix("-nth") if kind == "sqs" else re.sub(r"-[A-Z][A-Za-z]*$", "", name)


@dataclass(frozen=True, slots=True)
class _Own:
    """The names that kops itself gives to a cluster's resources of a kind."""

    pattern: Callable[[str], str]
    """From the cluster's name to the pattern of a whole name."""
    both: Literal["shared", "longest", "mine"] = "shared"
    """Whose a name is that fits this cluster and another one: they share it; it was made from the
    longer name of the two; or it tells too little to be the other's."""
    evident: bool = True
    """Whether a name that does not fit is another's; else kops has more names than these."""

    def matches(self, name: str, cluster: str) -> bool:
        return re.fullmatch(self.pattern(cluster), name) is not None


def _queue(cluster: str) -> str:
    return re.escape(truncated(_dashed(cluster), _QUEUE)) + "-nth"


def _rule(cluster: str) -> str:
    return re.escape(truncated(cluster, _RULE)) + "-[A-Z][A-Za-z]+"


def _keypair(cluster: str) -> str:
    return rf"kubernetes\.{re.escape(cluster)}{_FINGERPRINT}"


def _record(cluster: str) -> str:
    return rf"{_DNS}\.{re.escape(cluster)}"


def _record_in_zone(cluster: str) -> str:
    """Records that bear their name without the zone's, which is an end of the cluster's name."""
    labels = cluster.split(".")
    ends = ("." + re.escape(".".join(labels[:number])) for number in range(1, len(labels) + 1))
    return f"{_DNS}({'|'.join(ends)})?"


def _volume(cluster: str) -> str:
    """DigitalOcean cuts the name of a volume at its 64th character."""
    name = re.escape(_dashed(cluster))
    return rf"kops-[a-z0-9-]+-etcd-[a-z]+-{name}|(?=.{{{_VOLUME}}}$)kops-[a-z0-9-]+"


def _ending(cluster: str) -> str:
    return rf".+-{re.escape(_dashed(cluster))}"


def _dashed(cluster: str) -> str:
    return cluster.replace(".", "-")


_GOOGLE: Final = (
    *("TargetPool", "FirewallRule", "ForwardingRule", "HealthCheck", "HTTP HealthCheck"),
    *("Address", "Subnet", "Router", "BackendService"),
)
_OWN: Final[Mapping[tuple[str, str], _Own]] = {
    ("aws", "sqs"): _Own(_queue),
    ("aws", "eventbridge-rule"): _Own(_rule),
    ("aws", "keypair"): _Own(_keypair),
    ("aws", "route53-record"): _Own(_record),
    ("digitalocean", "volume"): _Own(_volume),
    ("digitalocean", "loadbalancer"): _Own(lambda cluster: f"api-{re.escape(_dashed(cluster))}"),
    ("digitalocean", "dns-record"): _Own(_record_in_zone, both="mine"),
    ("openstack", "ServerGroup"): _Own(lambda cluster: rf"{re.escape(cluster)}-.+", both="longest"),
    ("openstack", "SSHKey"): _Own(
        lambda cluster: rf"kubernetes-{re.escape(_dashed(cluster))}{_FINGERPRINT}"
    ),
    ("openstack", "SecurityGroup"): _Own(lambda cluster: rf"[^.]+\.{re.escape(cluster)}"),
    ("openstack", "DNSRecord"): _Own(_record),
    ("scaleway", "dns-record"): _Own(_record_in_zone, both="mine"),
    **{("gce", kind): _Own(_ending, both="longest", evident=False) for kind in _GOOGLE},
}
