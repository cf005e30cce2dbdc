"""What the objects of a state store hold, as far as a snapshot must know it.

Formats: captures state-store-1cp-after-update and state-store-3cp-after-update.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from kled.kops import layout

_KEYSETS: Final = (
    "kubernetes-ca",
    "service-account",
    "apiserver-aggregator-ca",
    "etcd-clients-ca",
)
_ETCD_KEYSETS: Final = ("etcd-manager-ca-{}", "etcd-peers-ca-{}")
"""One of each for every etcd cluster of the definition."""
_PEM: Final = b"-----BEGIN "


def kops_version(objects: Mapping[str, bytes]) -> str | None:
    """Return the kops that last applied the cluster; None before the first update."""
    body = objects.get(layout.KOPS_VERSION)
    return body.decode(errors="replace").strip() or None if body else None


def kubernetes_version(objects: Mapping[str, bytes]) -> str | None:
    """Return the version that the definition asks for; None where it cannot be read."""
    document = _document(objects.get(layout.CONFIG, b""))
    spec = document.get("spec") if document else None
    version = spec.get("kubernetesVersion") if isinstance(spec, dict) else None
    return version if isinstance(version, str) else None


def findings(objects: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what is wrong with a cluster's objects, by relative key, in words; nothing: complete.

    A cluster that was never applied has no keysets yet; one that was needs them.
    """
    yield from _kind_findings(objects, layout.CONFIG, "Cluster")
    groups = [key for key in objects if key.startswith(layout.GROUPS)]
    if not groups:
        yield "there is no instance group"
    for key in groups:
        yield from _kind_findings(objects, key, "InstanceGroup")
    for name in _needed_keysets(objects) if layout.KOPS_VERSION in objects else ():
        if f"{layout.KEYSETS}{name}/{layout.KEYSET_FILE}" not in objects:
            yield f"there is no keyset {name}, though the cluster was applied"
    yield from _material_findings(objects)


def _material_findings(objects: Mapping[str, bytes]) -> Iterator[str]:
    for key, body in objects.items():
        if key.startswith(layout.KEYSETS) and key.endswith(f"/{layout.KEYSET_FILE}"):
            yield from _keyset_findings(key, body)
        elif key.startswith(layout.SECRETS):
            yield from _secret_findings(key, body)


def _needed_keysets(objects: Mapping[str, bytes]) -> Iterator[str]:
    yield from _KEYSETS
    document = _document(objects.get(layout.CONFIG, b"")) or {}
    spec = document.get("spec")
    etcds = spec.get("etcdClusters") if isinstance(spec, dict) else None
    for etcd in etcds if isinstance(etcds, list) else ():
        if isinstance(etcd, dict):
            yield from (form.format(etcd.get("name")) for form in _ETCD_KEYSETS)


def keyset(body: bytes) -> dict[str, Any] | None:
    """Return a keyset's document; None where `body` is none."""
    document = _document(body)
    return document if document and document.get("kind") == "Keyset" else None


def _kind_findings(objects: Mapping[str, bytes], key: str, kind: str) -> Iterator[str]:
    if key not in objects:
        yield f"{key} is missing"
        return
    document = _document(objects[key])
    if document is None or document.get("kind") != kind:
        yield f"{key} is no {kind}"


def _keyset_findings(key: str, body: bytes) -> Iterator[str]:
    document = keyset(body)
    spec = document.get("spec") if document else None
    keys = spec.get("keys") if isinstance(spec, dict) else None
    if not isinstance(keys, list) or not keys:
        yield f"{key} is no keyset with keys"
        return
    for one in keys:
        if not isinstance(one, dict) or not _is_pem(one.get("publicMaterial")):
            yield f"{key} holds a key that cannot be read"


def _secret_findings(key: str, body: bytes) -> Iterator[str]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "Data" not in document:
        yield f"{key} is no secret of kops"


def _is_pem(text: object) -> bool:
    if not isinstance(text, str):
        return False
    try:
        return base64.b64decode(text, validate=True).startswith(_PEM)
    except (binascii.Error, ValueError):
        return False


def _document(body: bytes) -> dict[str, Any] | None:
    """Return the YAML object; the C parser is ten times faster where it is there."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(body, Loader=loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
