"""Kops' stdout to models; `OutputUnreadable` where it does not have a known form.

Formats: captures 01 (version), 10b, 12b, 14, 15b, 16b, 17b (lists), 13b and 20-dry-run-yaml
(definitions), 55-* and cp-* (validation).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from kled.errors import OutputUnreadable, TextUnreadable
from kled.kops.failures.unloadable import unloadable
from kled.models.cluster import Cluster, Instance, InstanceGroup, Role
from kled.models.credential import Keypair, Secret
from kled.models.definition import Definition, object_name
from kled.models.validation import Failure, Node, ValidationReport
from kled.models.version import KopsVersion
from kled.models.zones import cloud_of

T = TypeVar("T")
Document = Mapping[str, Any]

_ROLES: Mapping[str, Role] = {
    "Master": "control-plane",  # v1alpha2 documents
    "ControlPlane": "control-plane",  # tables and validation
    "Node": "node",
    "Bastion": "bastion",
    "APIServer": "apiserver",
}
_OWN_KINDS = frozenset({"Cluster", "InstanceGroup"})
_API_GROUPS = frozenset({"kops.k8s.io", "kops"})
_SHOWN = 120
_FOREIGN = (ValueError, KeyError, TypeError, AttributeError, IndexError)
NAMELESS = "(no name)"
"""Stands for a name that is not there; no object can have it."""


def version(text: str) -> KopsVersion:
    """Read `Client version: 1.36.2 (git-f336152672)`, with or without ` (simulated)`."""
    match = re.search(r"(\d+\.\d+\.\d+[^\s()]*)(?: \((git-[^)]*)\))?", text)
    if match is None:
        raise unreadable("version", text)
    return KopsVersion(match[1], match[2] or "", simulated="(simulated)" in text)


def clusters(text: str) -> tuple[Cluster, ...]:
    """Read `get clusters -o json`, in kops' order; one named cluster is a bare object (11c).

    One of several that has no known form says so in its `problem`, and hides no other.
    """

    def build() -> list[Cluster]:
        listed = _listed(text)
        if len(listed) == 1:
            return [cluster(listed[0])]
        return [_cluster_or_problem(each) for each in listed]

    return tuple(_read("clusters", text, build))


def instance_groups(text: str) -> tuple[InstanceGroup, ...]:
    """Read `get instancegroups -o json`, in kops' order: control plane first."""
    return tuple(_read("instance groups", text, lambda: [group(each) for each in _listed(text)]))


def instances(text: str) -> tuple[Instance, ...]:
    """Read `get instances -o json`, sorted by group and id."""
    instances = _read("instances", text, lambda: [_instance(each) for each in _listed(text)])
    return tuple(sorted(instances, key=lambda each: (each.instance_group, each.id)))


def keypairs(text: str) -> tuple[Keypair, ...]:
    """Read `get keypairs -o json`, sorted by keyset and id (kops' order is random)."""
    keypairs = _read("keypairs", text, lambda: [_keypair(each) for each in _listed(text)])
    return tuple(sorted(keypairs, key=lambda each: (each.name, len(each.id), each.id)))


def with_ignored(
    listed: Sequence[Keypair], ignored: Iterable[tuple[str, str]]
) -> tuple[Keypair, ...]:
    """Return the keypairs with a row for each keyset that kops could not read, sorted by keyset.

    One that kops lists it has not left out, whatever stands among its warnings.
    """
    known = {group.name for group in listed}
    rows = (_ignored(name, why) for name, why in ignored if name not in known)
    return tuple(sorted((*listed, *rows), key=lambda each: (each.name, len(each.id), each.id)))


def secrets(text: str) -> tuple[Secret, ...]:
    """Read the table of `get secrets` (14): a headline and one name per line; `[]` is none.

    kops writes names as they are: one with a line feed is two here (`listed_secrets` tells).
    """
    headline, *names = text.strip("\n").split("\n")
    if (headline.strip(), names) == ("[]", []):
        return ()
    if headline.strip() != "NAME":
        raise unreadable("secrets", text)
    return tuple(Secret(name) for name in sorted(name.rstrip(" ") for name in names))


def definition(text: str) -> Definition:
    """Read the YAML of `get all` or `create cluster --dry-run`: one cluster and what belongs to it.

    Documents of other kinds (additional objects, an SSHCredential) are kept as they are, in their
    order. Raises `OutputUnreadable`.
    """
    from kled.yaml_text import documents  # noqa: PLC0415 - only definitions need YAML

    def build() -> Definition:
        by_kind: dict[str, list[Document]] = {}
        listed = documents(text)
        for each in listed:
            by_kind.setdefault(_kind(each), []).append(each)
        (whole,) = by_kind.get("Cluster", [])
        if not object_name(whole):
            raise ValueError("the cluster has no name")
        groups = by_kind.get("InstanceGroup", [])
        more = tuple(each for each in listed if _kind(each) not in _OWN_KINDS)
        return Definition(whole, tuple(sorted(groups, key=object_name)), more)

    return _read("definition", text, build, TextUnreadable)


def validation(text: str) -> ValidationReport:
    """Read `validate cluster -o json`; with `--wait` several documents stand in a row: the last."""
    last = _read("validation", text, lambda: list(_documents(text))[-1])
    return _read(
        "validation",
        text,
        lambda: ValidationReport(
            tuple(
                sorted(map(_failure, last.get("failures") or ()), key=lambda each: each.name),
            ),
            tuple(sorted(map(_node, last.get("nodes") or ()), key=lambda each: each.name)),
        ),
    )


def mapping(what: str, text: str) -> dict[str, Any]:
    """Read one JSON object, for example of `toolbox dump`."""
    return _read(what, text, lambda: dict(json.loads(text).items()))


def unreadable(what: str, text: str) -> OutputUnreadable:
    """Return the error for a text that has no known form."""
    start = " ".join(text.split())[:_SHOWN]
    return OutputUnreadable(
        f"kops succeeded, but its {what} cannot be read: {start!r}",
        hint="is it kops, and one that kled knows? kled doctor runs it;"
        " kled kops install --version=latest gets one that kled knows",
    )


def cluster(document: Document) -> Cluster:
    """Return a cluster object of v1alpha2 as a model."""
    spec, metadata = document["spec"], document["metadata"]
    topology = spec.get("topology") or {}
    return Cluster(
        name=metadata["name"],
        cloud=cloud_name(spec.get("cloudProvider", "")),
        zones=_zones(spec.get("subnets") or ()),
        kubernetes_version=str(spec.get("kubernetesVersion", "")),
        networking=next(iter(spec.get("networking") or {}), ""),
        dns=(topology.get("dns") or {}).get("type", ""),
        created=metadata.get("creationTimestamp") or "",
        labels=_pairs(metadata.get("labels")),
    )


def group(document: Document) -> InstanceGroup:
    """Return an instance group object of v1alpha2 as a model, whatever it holds.

    One without a name or a spec, with a role that a newer kops knows, or with a field of another
    type says so in its `problem`: the list that it stands in can be read all the same.
    """
    spec, metadata = _mapping(document.get("spec")), _mapping(document.get("metadata"))
    role, subnets = str(spec.get("role") or ""), _texts(spec.get("subnets"))
    return InstanceGroup(
        name=object_name(document) or NAMELESS,
        role=_ROLES.get(role, "unknown"),
        machine_type=_text(spec.get("machineType")),
        min_size=_size(spec.get("minSize")),
        max_size=_size(spec.get("maxSize")),
        zones=_texts(spec.get("zones")) or tuple(filter(cloud_of, subnets)),
        subnets=subnets,
        image=_text(spec.get("image")),
        cluster=_text(_mapping(metadata.get("labels")).get("kops.k8s.io/cluster")),
        node_labels=_pairs(_mapping(spec.get("nodeLabels"))),
        problem="; ".join(_group_problems(document, spec, role)),
    )


def _group_problems(document: Document, spec: Document, role: str) -> Iterator[str]:
    if not object_name(document):
        yield "it has no metadata.name, and kops can neither update nor delete it"
    for field in ("minSize", "maxSize"):
        if spec.get(field) is not None and _size(spec[field]) is None:
            yield f"spec.{field} is no whole number"
    for field in ("zones", "subnets"):
        if spec.get(field) and not isinstance(spec[field], list):
            yield f"spec.{field} is no list"
    if spec.get("nodeLabels") and not isinstance(spec["nodeLabels"], Mapping):
        yield "spec.nodeLabels is no map"
    if role not in _ROLES:
        yield f"role {role!r} is not known" if role else "has no role"


def _cluster_or_problem(document: Document) -> Cluster:
    try:
        return cluster(document)
    except _FOREIGN:
        return unloadable(object_name(document) or NAMELESS, "kops prints it in no known form")


def _size(value: object) -> int | None:
    """Return a whole number; None for what is none, whatever was stored: a text may be no size."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _mapping(value: object) -> Document:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _kind(document: Document) -> str:
    """Return the kind; that of another API (Cluster API has clusters, too) with its group."""
    group, slash, _ = str(document.get("apiVersion", "")).rpartition("/")
    kind = str(document["kind"])
    return kind if not slash or group in _API_GROUPS else f"{group}/{kind}"


def _zones(subnets: Sequence[Document]) -> tuple[str, ...]:
    return tuple(sorted({subnet["zone"] for subnet in subnets if subnet.get("zone")}))


def cloud_name(provider: object) -> str:
    """Return what `cloudProvider` names: `aws`, or the one key of a newer API's `{aws: {}}`."""
    return next(iter(provider), "") if isinstance(provider, Mapping) else str(provider)


def _instance(document: Document) -> Instance:
    return Instance(
        id=document["id"],
        instance_group=document.get("instanceGroup", ""),
        status=document.get("status", ""),
        roles=tuple(dict.fromkeys(document.get("roles") or ())),  # kops repeats control-plane
        node=document.get("nodeName", ""),
        internal_ip=document.get("internalIP", ""),
        external_ip=document.get("externalIP", ""),
        machine_type=document.get("machineType", ""),
        state=document.get("state", ""),
    )


def _keypair(document: Document) -> Keypair:
    return Keypair(
        name=document["name"],
        id=document["id"],
        primary=bool(document.get("isPrimary")),
        subject=document.get("subject", ""),
        issued=document.get("notBefore", ""),
        expires=document.get("notAfter", ""),
        has_private_key=bool(document.get("hasPrivateKey")),
        distrusted=document.get("distrustTimestamp") or "",
    )


def _ignored(name: str, why: str) -> Keypair:
    return Keypair(
        name,
        id="",
        primary=False,
        subject="",
        issued="",
        expires="",
        has_private_key=False,
        problem=f"kops cannot read the keyset: {why}",
    )


def _failure(document: Document) -> Failure:
    return Failure(
        kind=document.get("type", ""),
        name=document["name"],
        message=" ".join(document.get("message", "").split()),  # of DNS kops has a page (T-dns-phj)
        instance_group=object_name(document.get("instanceGroup") or {}),
    )


def _node(document: Document) -> Node:
    return Node(
        name=document["name"],
        role=document.get("role", ""),
        zone=document.get("zone", ""),
        hostname=document.get("hostname", ""),
        ready=document.get("status") == "True",
    )


def _pairs(labels: Document | None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(key), str(value)) for key, value in (labels or {}).items()))


def _listed(text: str) -> Sequence[Document]:
    parsed = json.loads(text)
    return parsed if isinstance(parsed, list) else [parsed]


def _documents(text: str) -> Iterator[Document]:
    decoder, position = json.JSONDecoder(), 0
    text = text.strip()
    while position < len(text):
        parsed, position = decoder.raw_decode(text, position)
        yield parsed
        position += len(text[position:]) - len(text[position:].lstrip())


def _read(what: str, text: str, build: Callable[[], T], more: type[Exception] = ValueError) -> T:
    """Call `build`; whatever a foreign form makes it raise becomes `OutputUnreadable`."""
    try:
        return build()
    except (*_FOREIGN, more) as error:
        raise unreadable(what, text) from error
