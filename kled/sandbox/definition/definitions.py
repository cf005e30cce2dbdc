"""The stored definitions: clusters and their instance groups as plain v1alpha2 documents.

Keys: `<name>/config`, `<name>/instancegroup/<group>` and, where the cluster's keys lie,
`ssh/public/admin/<md5>` (state-store trees of the captures). Objects are labelled with their
cluster when read, not when stored.
"""

import hashlib
import json
from base64 import b64decode
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any

import yaml

from kled.sandbox.context import Context, KopsFailure, KopsPanic
from kled.sandbox.definition import go_types, schema, yaml_form
from kled.sandbox.definition.go_quoted import quoted
from kled.sandbox.definition.go_types import GoTypeError
from kled.sandbox.store import places

Document = dict[str, Any]
CLUSTER_LABEL = "kops.k8s.io/cluster"
_TYPED = frozenset({"Cluster", "InstanceGroup"})
_UNSTRUCTURED = {
    "Cluster": "interface conversion: runtime.Object is *unstructured.Unstructured, not "
    "*kops.Cluster",
    "InstanceGroup": "reflect.Set: value of type unstructured.Unstructured is not assignable to "
    "type kops.InstanceGroup",
}
_KINDS = _TYPED | {"Keyset", "SSHCredential", "Host"}
_GROUP = "kops"
_VERSION, _FORMER_VERSION = "kops.k8s.io/v1alpha2", "kops/v1alpha2"
_SSH_KEYS = "ssh/public/admin/"
_NO_UTF_8 = {
    "invalid start byte": "invalid leading UTF-8 octet",
    "invalid continuation byte": "invalid trailing UTF-8 octet",
    "unexpected end of data": "incomplete UTF-8 octet sequence",
}
"""What Python says, and go-yaml (readerc.go)."""


def cluster_names(ctx: Context) -> list[str]:
    """Return the names of all clusters of the state store, sorted."""
    return [key.removesuffix("/config") for key in ctx.store.keys("") if _is_config(key)]


def find_cluster(ctx: Context, name: str) -> Document | None:
    """Return a cluster's document, None where there is none; KopsFailure where it is no document.

    One that does not say where kops keeps the rest has it beside itself. A copied one goes by the
    name that it holds (capture 60m); another kind of object is a panic (capture 60c). Fields that
    kops does not know are not in it.
    """
    body = ctx.store.read(f"{name}/config")
    if body is None:
        return None
    try:
        document = _parsed(f"{ctx.store.url}/{name}/config", body)
    except KopsFailure as failure:
        told = f"error reading cluster configuration {quoted(name)}: {failure}"
        raise KopsFailure(told) from failure
    if document["kind"] != "Cluster":
        kind = document["kind"]
        raise KopsPanic(f"interface conversion: runtime.Object is *kops.{kind}, not *kops.Cluster")
    document = _as_kops_keeps_it(document)
    actual = document["metadata"].setdefault("name", name)
    if actual != name:
        told = f"actual name was {quoted(actual)}, but cluster name was {quoted(name)}"
        warning = f"Name of cluster does not match: {told} (using registry path config)."
        ctx.log("W", "cluster.go:203", warning)
    document = schema.drop_unknown(document)
    document["spec"].setdefault("configBase", f"{ctx.store.url}/{name}")
    return document


def _as_kops_keeps_it(document: Document) -> Document:
    """Return a cluster without what kops drops when it reads one: unknown fields, two of old."""
    kept = schema.drop_unknown(document)
    topology = kept["spec"].get("topology") or {}
    for field in ("masters", "nodes"):  # read, and in no later form of a cluster (60i)
        topology.pop(field, None)
    return kept


def load_cluster(ctx: Context, name: str) -> Document:
    """Return a cluster's document.

    Raises `KopsFailure`: there is none (capture E06b-cluster-not-found-update).
    """
    document = find_cluster(ctx, name)
    if document is None:
        raise KopsFailure(
            f'error reading cluster configuration: Cluster.kops.k8s.io "{name}" not found'
        )
    return document


def places_of(ctx: Context, name: str) -> places.Places:
    """Return where a cluster's parts lie. Raises KopsFailure where there is no such cluster."""
    return places.of(ctx, load_cluster(ctx, name))


def load_groups(ctx: Context, name: str) -> list[Document]:
    """Return a cluster's instance groups with their cluster label, sorted by name."""
    prefix = f"{name}/instancegroup/"
    names = [key.removeprefix(prefix) for key in ctx.store.keys(prefix)]
    groups = [find_group(ctx, name, group) for group in names]
    return [group for group in groups if group is not None]


def find_group(ctx: Context, name: str, group: str) -> Document | None:
    """Return one instance group with its cluster label, None where there is none.

    Fields that kops does not know are not in it, and so no longer stored once it is written (60k).
    """
    key = f"{name}/instancegroup/{group}"
    body = ctx.store.read(key)
    if body is None:
        return None
    try:
        document = schema.drop_unknown(_parsed(f"{ctx.store.url}/{key}", body))
    except KopsFailure as failure:
        raise KopsFailure(f"error reading InstanceGroup {quoted(group)}: {failure}") from failure
    if document["spec"].get("role") == "ControlPlane":
        document["spec"]["role"] = "Master"  # kops reads both, and stores this one
    return _labelled(name, document)


def load_group(ctx: Context, name: str, group: str) -> Document:
    """Return one instance group.

    Raises `KopsFailure`: there is none (capture E16b-edit-ig-missing).
    """
    try:
        document = find_group(ctx, name, group)
    except KopsFailure as failure:
        raise KopsFailure(f"error reading InstanceGroup {quoted(group)}: {failure}") from failure
    if document is None:
        raise KopsFailure(
            f'error reading InstanceGroup "{group}": InstanceGroup.kops.k8s.io "{group}" not found'
        )
    return document


def store_cluster(ctx: Context, document: Document) -> None:
    """Store a cluster; the first time it gets its creation timestamp, and only then."""
    key = f"{document['metadata']['name']}/config"
    stamped = document if ctx.store.read(key) is not None else _stamped(ctx, document)
    ctx.store.write(key, yaml_form.dump(stamped).encode())


def store_group(ctx: Context, name: str, document: Document) -> None:
    """Store an instance group, without its cluster label."""
    stamped = _stamped(ctx, document)
    labels = {k: v for k, v in stamped["metadata"].get("labels", {}).items() if k != CLUSTER_LABEL}
    stamped["metadata"].pop("labels", None)
    if labels:
        stamped["metadata"]["labels"] = labels
    key = f"{name}/instancegroup/{document['metadata']['name']}"
    ctx.store.write(key, yaml_form.dump(stamped).encode())


def delete_group(ctx: Context, name: str, group: str) -> None:
    """Delete an instance group's definition."""
    ctx.store.delete(f"{name}/instancegroup/{group}")


def ssh_key_id(public_key: str) -> str:
    """Return the MD5 fingerprint that kops stores an SSH public key under, without colons.

    Raises `KopsFailure`: the text is no SSH public key.
    """
    try:
        blob = b64decode(public_key.split()[1], validate=True)
    except (IndexError, ValueError) as error:
        raise KopsFailure("error fingerprinting SSH public key: ssh: no key found") from error
    return hashlib.md5(blob, usedforsecurity=False).hexdigest()


def store_ssh_key(ctx: Context, name: str, public_key: str) -> None:
    """Store the one SSH public key that a cluster has, for the user admin."""
    pki = places_of(ctx, name).pki
    pki.write(f"{_SSH_KEYS}{ssh_key_id(public_key)}", public_key.encode())


def ssh_keys(ctx: Context, name: str) -> list[tuple[str, str]]:
    """Return fingerprints (without colons) and texts of a cluster's SSH public keys."""
    pki = places_of(ctx, name).pki
    bodies = ((key.removeprefix(_SSH_KEYS), pki.read(key)) for key in pki.listed(_SSH_KEYS))
    return [(key, body.decode()) for key, body in bodies if body is not None]


def delete_ssh_keys(ctx: Context, name: str) -> None:
    """Delete a cluster's SSH public keys."""
    pki = places_of(ctx, name).pki
    for key in pki.listed(_SSH_KEYS):
        pki.delete(key)


def _is_config(key: str) -> bool:
    return key.endswith("/config") and key.count("/") == 1


def _parsed(where: str, body: bytes) -> Document:
    """Read a stored object; one without metadata or spec has them empty, as in kops."""
    try:
        return typed(yaml_form.load(_text(body)))
    except UnicodeDecodeError as error:
        told = _NO_UTF_8.get(error.reason, "invalid Unicode character")
        raise KopsFailure(f"error parsing {where}: yaml: {told}") from error
    except (yaml.YAMLError, GoTypeError) as error:
        raise KopsFailure(f"error parsing {where}: {error}") from error
    except (RecursionError, ValueError, OverflowError) as error:  # what only Python has a limit for
        raise KopsFailure(f"error parsing {where}: yaml: exceeded max depth of 10000") from error


def _text(body: bytes) -> str:
    """Return the text of an object: a mark at its beginning says that it is no UTF-8."""
    return body.decode("utf-16" if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8")


def typed(document: object) -> Document:
    """Return a document as kops' fields hold it, of whatever kind it is.

    Raises `GoTypeError`: it is no object, of no kind, or a value does not fit its field.
    """
    go_types.check_numbers(document)
    if document is not None and not isinstance(document, dict):
        told = go_types.word(document)
        raise GoTypeError(
            f"json: cannot unmarshal {told} into Go value of type map[string]interface {{}}"
        )
    kind = (document or {}).get("kind")
    if not document or not kind or not isinstance(kind, str):
        raise GoTypeError(f"Object 'Kind' is missing in '{_shown(document)}'")
    version = _api_version(document)
    if kind in _TYPED and not version.startswith(_GROUP):
        raise KopsPanic(_UNSTRUCTURED[kind])
    if version.startswith(_GROUP) and (version != _VERSION or kind not in _KINDS):
        scheme = 'in scheme "pkg/runtime/scheme.go:111"'
        raise GoTypeError(f'no kind "{kind}" is registered for version "{version}" {scheme}')
    if kind in _TYPED:
        document = go_types.decode(document | {"apiVersion": version})
    for part in ("metadata", "spec"):
        if not isinstance(document.get(part), dict):
            document[part] = {}
    return document


def _shown(document: object) -> str:
    """Return a document as JSON; one that is nested deeper than Python's encoder goes, in short."""
    try:
        return json.dumps(document, separators=(",", ":"), sort_keys=True)
    except RecursionError:
        return "{...}"


def _api_version(document: Document) -> str:
    """Return a document's version; the group that kops had of old is the one of today (case 01)."""
    version = document.get("apiVersion")
    return _VERSION if version == _FORMER_VERSION else str(version or "")


def _stamped(ctx: Context, document: Document) -> Document:
    metadata = dict(document["metadata"])
    metadata.setdefault("creationTimestamp", ctx.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    return document | {"metadata": metadata}


def _labelled(name: str, document: Document) -> Document:
    labels = document["metadata"].get("labels", {}) | {CLUSTER_LABEL: name}
    return document | {"metadata": document["metadata"] | {"labels": labels}}


def next_generation(old: Document, new: Document) -> Document:
    """Return `new` with one generation more than `old` has, where the spec has changed.

    Where it has not, what `new` says itself is stored, as kops stores it, and so is the time that
    it was made (Update in pkg/client/simple/vfsclientset, cluster.go and instancegroup.go).
    """
    if old["spec"] == new["spec"]:
        return new
    counted = {"generation": old["metadata"].get("generation", 0) + 1}
    return new | {"metadata": new["metadata"] | counted}
