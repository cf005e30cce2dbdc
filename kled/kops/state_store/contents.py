"""What the objects of a state store hold, as far as a snapshot must know it.

Formats: captures state-store-1cp-after-update and state-store-3cp-after-update.
"""

import base64
import binascii
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from kled import yaml_text
from kled.documents import parse_json
from kled.errors import DocumentDamaged, TextUnreadable
from kled.kops.facts import etcd_members, etcd_zones
from kled.kops.state_store import (
    cut_off,
    etcd_backups,
    key_material,
    layout,
    primary_keys,
    readable,
)
from kled.kops.state_store.identity import NODE_CONFIGS, keyset_key, node_keysets
from kled.models.definition import object_name

_KEYSETS: Final = (
    "kubernetes-ca",
    "service-account",
    "apiserver-aggregator-ca",
    "etcd-clients-ca",
)
_ETCD_KEYSETS: Final = ("etcd-manager-ca-{}", "etcd-peers-ca-{}")
"""One of each for every etcd cluster of the definition."""
OLD_NAMES: Final = {"kubernetes-ca": "ca", "service-account": "master"}
"""kops looks for these where it finds none of the first name (`legacyKeysetMappings` of
upup/pkg/fi/vfs_keystorereader.go): a kops before 1.22 wrote them, and the next update writes them
anew under their names. Of each keyset kops reads `keyset.yaml` alone, never the files `*.key` and
`pki/issued/**/*.crt` beside it."""
_RENAMED: Final = (1, 22)
COMPLETED: Final = (layout.COMPLETED, "cluster.spec")
"""What kops applied last; the second one is that of a kops before 1.22."""
CONTROL_PLANE_ROLES: Final = frozenset({"ControlPlane", "Master"})
"""How a group says that it is of the control plane: the second one in what kops stores."""
_NODES_APPLIED: Final = "igconfig/node/"
"""Below it an update writes what the machines of each group of nodes are told."""
_APPLIED: Final = (layout.KOPS_VERSION, *COMPLETED)
"""What an update writes."""
_OF_ETCD: Final = f"{layout.KEYSETS}etcd-"
_SHOWN: Final = 100
_IN_NAME: Final = " in metadata.name"
_DIGITS: Final = 9  # of a number in a version


def keyset_names(keys: Iterable[str]) -> frozenset[str]:
    """Return the keysets that stand at `keys`, by the names that kops gives them today."""
    present = {old: name for name, old in OLD_NAMES.items()}
    names = {key.split("/")[2] for key in keys if key.startswith(layout.KEYSETS)}
    return frozenset(present.get(name, name) for name in names)


def kops_version(objects: Mapping[str, bytes]) -> str | None:
    """Return the kops that last applied the cluster; None before the first update."""
    body = objects.get(layout.KOPS_VERSION)
    return body.decode(errors="replace").strip()[:_SHOWN] or None if body else None


def kubernetes_version(objects: Mapping[str, bytes]) -> str | None:
    """Return the version that the definition asks for; None where it cannot be read."""
    document = _document(objects.get(layout.CONFIG, b""))
    spec = document.get("spec") if document else None
    version = spec.get("kubernetesVersion") if isinstance(spec, dict) else None
    return version[:_SHOWN] if isinstance(version, str) else None


def findings(
    objects: Mapping[str, bytes],
    *,
    cluster: str | None = None,
    large: Mapping[str, int] | None = None,
) -> Iterator[str]:
    """Yield what is wrong with a cluster's objects, by relative key, in words; nothing: complete.

    A cluster that was never applied has no keysets yet; one that was needs them. With
    `cluster` the definition must name that one. `large` are the sizes of objects that are too large
    to be read here, and so to be what kops keeps there. Whatever the objects are, it only says so.
    """
    large = {key: size for key, size in (large or {}).items() if is_read(key)}
    for key, size in large.items():
        yield f"{key} has {size} bytes: kops writes nothing as large there"
    if layout.CONFIG not in large:
        yield from _kind_findings(objects, layout.CONFIG, "Cluster", cluster)
    etcds = tuple(_etcds(objects))
    yield from _group_findings(objects, large, etcds)
    for name in _needed_keysets(objects, etcds) if _is_applied(objects) else ():
        if not _has_keyset((*objects, *large), name):
            yield f"there is no keyset {name}, though the cluster was applied"
    yield from _former_names(objects)
    yield from _lost_etcd(objects)
    yield from _material_findings(objects)


def _group_findings(
    objects: Mapping[str, bytes], large: Mapping[str, int], etcds: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    groups = [key for key in objects if layout.is_group(key)]
    if not any(map(layout.is_group, large)):
        if not groups:
            yield "there is no instance group"
        yield from _role_findings(objects, groups)
    for key in groups:
        yield from _kind_findings(objects, key, "InstanceGroup", key.removeprefix(layout.GROUPS))
    known = {_group_name(key) for key in (*groups, *large)}
    for name in sorted(_etcd_groups(etcds) - known) if groups else ():
        yield f"{layout.GROUPS}{name} is missing, and a member of etcd lives there"


def _role_findings(objects: Mapping[str, bytes], groups: Iterable[str]) -> Iterator[str]:
    """Yield that no group is one of nodes, though the cluster was applied with one.

    kops then refuses every change of it (`DeepValidate` of pkg/apis/kops/validation/legacy.go).
    """
    if not any(key.startswith(_NODES_APPLIED) for key in objects):
        return
    specs = [(_document(objects[key]) or {}).get("spec") for key in groups]
    roles = {str(spec.get("role", "")) if isinstance(spec, dict) else "" for spec in specs}
    if roles and roles <= CONTROL_PLANE_ROLES:
        yield "there is no instance group of nodes, and kops applied the cluster with one"


def _former_names(objects: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the keysets that stand under their former name alone, though they had the present one.

    kops writes the configuration of the machines after the keysets, under their present names: an
    update that was killed before it renamed them has left none that names them.
    """
    for name, old in OLD_NAMES.items():
        key, former = keyset_key(name), keyset_key(old)
        if former in objects and key not in objects and name in _of_machines(objects):
            yield f"{former} holds {name}, which kops keeps at {key}: it was renamed"


def _of_machines(objects: Mapping[str, bytes]) -> frozenset[str]:
    """Return the keysets that the control plane's configuration names."""
    configs = (body for key, body in objects.items() if key.startswith(NODE_CONFIGS))
    return frozenset().union(*(node_keysets(_document(body)) for body in configs))


def definition_findings(objects: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what the definition has lost of what kops applied last, in words."""
    definition = _document(objects.get(layout.CONFIG, b"")) or {}
    if isinstance(spec := definition.get("spec"), dict):
        yield from cut_off.findings(objects, layout.CONFIG, spec)
    yield from _lost_etcd(objects)


def _lost_etcd(objects: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the etcd clusters and members that kops applied and the definition no longer names."""
    definition, before = _document(objects.get(layout.CONFIG, b"")), applied(objects)
    if definition is None or before is None:
        return
    for lost in etcd_members.lost(etcd_members.names(before), etcd_members.names(definition)):
        yield f"{layout.CONFIG} names no {lost}, which kops applied: its objects would be left"
    for moved in etcd_backups.moved(before, etcd_backups.places_of(definition)):
        yield f"{layout.CONFIG} keeps {moved}"
    known = groups(objects)
    stood, stand = etcd_zones.stands(before, known), etcd_zones.stands(definition, known)
    for member in etcd_zones.moved(stood, stand):
        yield f"{layout.CONFIG} keeps {member}"


def groups(objects: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Return the instance groups among `objects`, by their names; none that cannot be read."""
    groups = (
        (_group_name(key), _document(objects[key])) for key in objects if layout.is_group(key)
    )
    return {name: document for name, document in groups if document is not None}


def applied(objects: Mapping[str, bytes]) -> dict[str, Any] | None:
    """Return the definition that kops applied last; None where it is gone or cannot be read."""
    completed = (_document(objects[key]) for key in COMPLETED if key in objects)
    return next((document for document in completed if document is not None), None)


def _group_name(key: str) -> str:
    return key.removeprefix(layout.GROUPS)


def _etcd_groups(etcds: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the groups in which the definition keeps members of etcd: kops needs each of them."""
    return frozenset(
        str(member["instanceGroup"])[:_SHOWN]
        for etcd in etcds
        for member in _mappings(etcd.get("etcdMembers"))
        if member.get("instanceGroup")
    )


def _etcds(objects: Mapping[str, bytes]) -> Iterator[Mapping[str, Any]]:
    """Yield the etcd clusters of the definition."""
    yield from etcds(_document(objects.get(layout.CONFIG, b"")) or {})


def etcds(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the etcd clusters of a cluster's object."""
    spec = document.get("spec")
    yield from _mappings(spec.get("etcdClusters") if isinstance(spec, dict) else None)


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (
        (mapping for mapping in value if isinstance(mapping, dict))
        if isinstance(value, list)
        else ()
    )


def _material_findings(objects: Mapping[str, bytes]) -> Iterator[str]:
    for key, body in objects.items():
        yield from material_findings(key, body)


def material_findings(key: str, body: bytes) -> Iterator[str]:
    """Yield what is wrong with a keyset or a secret, by its key; of another object nothing."""
    if is_keyset(key):
        yield from keyset_findings(key, body)
    elif _is_secret(key):
        yield from secret_findings(key, body)


def is_keyset(key: str) -> bool:
    """Say whether kops reads a keyset there."""
    return key.startswith(layout.KEYSETS) and key.endswith(f"/{layout.KEYSET_FILE}")


def _is_applied(objects: Mapping[str, bytes]) -> bool:
    return any(key in objects for key in _APPLIED)


def is_read(key: str) -> bool:
    """Say whether kops reads the object, so that it must have a form."""
    return key == layout.CONFIG or layout.is_group(key) or is_keyset(key) or _is_secret(key)


def _is_secret(key: str) -> bool:
    return key.startswith(layout.SECRETS)


def _has_keyset(keys: Collection[str], name: str) -> bool:
    names = (name, OLD_NAMES.get(name, name))
    return any(keyset_key(keyset) in keys for keyset in names)


def _needed_keysets(
    objects: Mapping[str, bytes], etcds: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the keysets without which kops would make new ones for a cluster that lives by them.

    A kops before 1.22 may have written the cluster before there was an etcd-manager: then those of
    etcd, and of the aggregator, were never there, and kops' next update makes the first ones.
    """
    if _is_old(objects) and not any(key.startswith(_OF_ETCD) for key in objects):
        yield from OLD_NAMES
        return
    yield from _KEYSETS
    for etcd in etcds:
        yield from (form.format(etcd.get("name")) for form in _ETCD_KEYSETS)


def _is_old(objects: Mapping[str, bytes]) -> bool:
    """Say whether a kops before 1.22 applied the cluster last; the first ones left no version."""
    version = kops_version(objects)
    if version is None:
        return layout.COMPLETED not in objects
    parts = version.lstrip("v").split(".")[:2]
    numbers = [part for part in parts if part.isdecimal() and len(part) <= _DIGITS]
    return len(numbers) == len(_RENAMED) and tuple(map(int, numbers)) < _RENAMED


def keyset(body: bytes) -> dict[str, Any] | None:
    """Return a keyset's document; None where `body` is none."""
    document = _document(body)
    return document if document and document.get("kind") == "Keyset" else None


def keys_of(body: bytes) -> tuple[Mapping[str, Any], ...]:
    """Return the keys of a keyset's file, as it has them; none where it cannot be read."""
    document = keyset(body)
    spec = document.get("spec") if document else None
    keys = spec.get("keys") if isinstance(spec, Mapping) else None
    return tuple(key for key in keys if isinstance(key, Mapping)) if isinstance(keys, list) else ()


def is_of_another_object(finding: str) -> bool:
    """Say whether a finding of a definition says that it is another object's, by its name."""
    return finding.endswith(_IN_NAME)


def _kind_findings(
    objects: Mapping[str, bytes], key: str, kind: readable.Kind, name: str | None
) -> Iterator[str]:
    """Yield what keeps an object from being what kops reads there; it works on what is named."""
    if key not in objects:
        yield f"{key} is missing"
        return
    document, unreadable = readable.document(key, objects[key], kind)
    yield from unreadable
    if document is None:
        return
    named = object_name(document)
    if named and name is not None and named != name:
        yield f'{key} names "{named[:_SHOWN]}"{_IN_NAME}'
    if not named:
        yield f"{key} has no metadata.name: its end may be cut off"
    elif not isinstance(spec := document.get("spec"), dict):
        yield f"{key} has no spec: its end may be cut off"
    else:
        yield from _end_findings(key, objects[key])
        yield from cut_off.findings(objects, key, spec)


def _end_findings(key: str, body: bytes) -> Iterator[str]:
    """Yield what a cut leaves of YAML that still reads: kops ends each document with a line feed.

    Two of three places where a definition could be cut leave a document that reads well.
    """
    if not body.endswith(b"\n"):
        yield f"{key} does not end with a line feed, as kops ends it: its end may be cut off"


def keyset_findings(key: str, body: bytes) -> Iterator[str]:
    """Yield what is wrong with the keyset at `key`, in words; nothing: kops can live by it."""
    document = keyset(body)
    spec = document.get("spec") if document else None
    keys = spec.get("keys") if isinstance(spec, dict) else None
    if not isinstance(keys, list) or not keys:
        yield f"{key} is no keyset with keys"
        return
    yield from _end_findings(key, body)
    yield from key_material.findings(key, document or {})
    yield from primary_keys.findings({key: document or {}})


def secret_findings(key: str, body: bytes) -> Iterator[str]:
    """Yield what keeps an object below `secrets/` from holding a value that kops reads."""
    try:
        document = parse_json(body, what=key)
    except DocumentDamaged:
        document = None
    if not isinstance(document, dict) or "Data" not in document:
        yield f"{key} is no secret of kops"
    elif not document["Data"]:
        yield f"{key} holds no value: its Data is empty"
    elif not _is_base64(document["Data"]):
        yield f"{key} holds no value: its Data is not base64"


def _is_base64(text: object) -> bool:
    """Whether Go reads it as bytes; it steps over line breaks."""
    if not isinstance(text, str):
        return False
    try:
        return bool(base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True))
    except (binascii.Error, ValueError):
        return False


def mapping(body: bytes) -> dict[str, Any] | None:
    """Return the YAML object that an object of a state store holds; None where it holds none."""
    return _document(body)


def _document(body: bytes) -> dict[str, Any] | None:
    """Return the YAML object; None for what is none, whatever it is (a bomb, no text)."""
    try:
        parsed = yaml_text.document(body)
    except TextUnreadable:
        return None
    return parsed if isinstance(parsed, dict) else None
