"""What will be different for those who use the cluster, although its definition says the same."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kled.recovery.rewrite.draft import Draft, matching
from kled.recovery.rewrite.network import renamed_groups
from kled.recovery.rewrite.places import changes_issuer
from kled.recovery.rewrite.sides import Sides, has_own_profiles
from kled.recovery.rewrite.target import InstanceProfiles
from kled.recovery.rewrite.traces import tracer
from kled.redact import Redactor
from kled.sentences import enumerated

_SHOWN = 5


def differences(cluster: Draft, groups: Sequence[Draft], sides: Sides) -> Iterator[str]:
    """Yield what a person has to know of the new side, in whole sentences."""
    yield from _of_network(cluster, sides)
    yield from _of_names(groups)
    yield from _of_access(cluster, sides)
    yield from _of_sharing(cluster, groups, sides)
    yield from _of_given(sides)
    if priced := [group.owner for group in groups if group.at("spec", "maxPrice")]:
        yield f"maxPrice of {enumerated(priced, _SHOWN)} is a price of the old region"


def _of_given(sides: Sides) -> Iterator[str]:
    given = sides.target.given
    looking = replace(tracer(sides, frozenset()), settled=given)
    for text in sorted(given):
        if traces := [str(trace) for trace in looking.traces(text)]:
            shown = Redactor().text(text)
            yield f"{shown}, which was given for the new side, names {', '.join(traces)}"


def _of_network(cluster: Draft, sides: Sides) -> Iterator[str]:
    if not (sides.leaves_region or sides.leaves_account):
        return
    yield (
        "load balancers, their addresses and names, and the addresses of machines are new:"
        " kubeconfigs are exported anew, and DNS names that people made are pointed there"
    )
    yield (
        "no volume comes along: etcd starts from a backup, and what persistent volumes held has"
        " to come from backups of its own"
    )
    if sides.leaves_region:
        yield "whether machine types, quotas and images are to be had there is not looked at here"
    if _dropped(cluster, ("spec", "networkID")):
        yield "kops makes a network of its own: peerings and routes into the old one are missing"
    elif any(_dropped(cluster, ("spec", "subnets", "*", "id"))):
        yield "kops makes subnets of its own in place of those that others made"


def _of_names(groups: Sequence[Draft]) -> Iterator[str]:
    renamed = [f"{old} -> {new}" for old, new in renamed_groups(groups)]
    if renamed:
        yield (
            f"instance groups have other names ({enumerated(renamed, _SHOWN)}): pods that select"
            " nodes by kops.k8s.io/instancegroup, or by their zone, wait for ever"
        )


def _of_access(cluster: Draft, sides: Sides) -> Iterator[str]:
    if changes_issuer(cluster):
        yield (
            "tokens of service accounts have another issuer: trust policies of IAM that name the"
            " old one let nobody in until they name the new one"
        )
    elif sides.leaves_account and cluster.at("spec", "serviceAccountIssuerDiscovery"):
        yield "the new account knows no OIDC provider of the cluster's issuer until an update"
    if _dropped(cluster, ("spec", "sshKeyName")):
        yield "machines get the SSH key of the state store (pki/ssh), where there is one"
    zone = cluster.at("spec", "dnsZone")
    if sides.leaves_account and isinstance(zone, str) and zone:
        yield f"hosted zone {zone} has to be in the new account, and the domain delegated to it"


def _of_sharing(cluster: Draft, groups: Sequence[Draft], sides: Sides) -> Iterator[str]:
    if isinstance(sides.target.iam_isolation, InstanceProfiles) or has_own_profiles(
        cluster.document, [group.document for group in groups]
    ):
        yield "the instance profiles need rights in the new state store: kops gives them none"
    named = cluster.at("spec", "topology", "dns", "type") != "None"
    if named and sides.leaves_region and not sides.leaves_account:
        yield (
            f"the DNS records of {sides.name} become the new side's with its update, and a deletion"
            " of the old side takes them away"
        )


def _dropped(cluster: Draft, pattern: tuple[str, ...]) -> list[str]:
    """Return the values that were there and are not any more."""
    gone = []
    before = Draft("", cluster.original, frozenset())
    for path in matching(cluster.original, pattern):
        value = before.at(*path)
        if value and cluster.at(*path) is None:
            gone.append(str(value))
    return gone
