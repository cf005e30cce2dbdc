"""A cluster's keysets and secrets.

Keys `private/<keyset>/keyset.yaml` where the cluster's keys lie and `<secret>` where its secrets
do (`places`); formats from the state-store trees after update. Each keyset and each secret is one
atomic write, so a call that was killed halfway is completed by the next.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

import yaml

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import yaml_form
from kled.sandbox.store import places
from kled.sandbox.store.places import Place

Keyset = dict[str, Any]
"""A keyset's document; each of `spec.keys` has id, publicMaterial, privateMaterial."""

ETCD_KEYSETS = "etcd-manager-ca-{0}", "etcd-peers-ca-{0}"
_FIXED = ("apiserver-aggregator-ca", "etcd-clients-ca", "kubernetes-ca", "service-account")
SECRETS = (
    "admin",
    "kube",
    "kube-proxy",
    "kubelet",
    "system:controller_manager",
    "system:dns",
    "system:logging",
    "system:monitoring",
    "system:scheduler",
)
_SECRET_BYTES = 16
FORMER = "former"
"""Marks, in the metadata of a keyset that was read, that its key is its former name's."""
_FORMER = {"kubernetes-ca": "ca", "service-account": "master"}


def expected(cluster: Mapping[str, Any]) -> list[str]:
    """Return the keysets that a cluster must have, sorted: two for each of its etcd clusters.

    Cilium's has clients of its own (kops: components/etcdmanager).
    """
    etcd = cluster["spec"].get("etcdClusters") or []
    per_etcd = [form.format(each["name"]) for each in etcd for form in ETCD_KEYSETS]
    own_clients = [f"etcd-clients-ca-{each['name']}" for each in etcd if each["name"] == "cilium"]
    return sorted([*_FIXED, *per_etcd, *own_clients])


def note_absent(ctx: Context, pki: Place, keyset: str = "kubernetes-ca") -> None:
    """Warn, as kops does, where the authority's keyset is absent; of a damaged one it is silent."""
    if keyset == "kubernetes-ca" and pki.read(key_of("kubernetes-ca")) is None:
        ctx.log("W", "vfs_keystorereader.go:163", "CA private key was not found")


def ensure_keysets(ctx: Context, cluster: Mapping[str, Any]) -> list[str]:
    """Create the keysets and secrets that are missing; return the names of the issued keysets.

    Idempotent; what exists is left as it is, but stored by its present name, too (N-lg-yes).
    """
    from kled.sandbox.store.certificates import (  # noqa: PLC0415 - slow to import
        issue_authority,
        key_bits,
    )

    where, issued = places.of(ctx, cluster), []
    for keyset in expected(cluster):
        document = find(where.pki, keyset)
        if document is not None and is_former(document):
            store(where.pki, document)
            ctx.log("I", "keypair.go:260", f'updated Keypair "{keyset}" to new format')
        if document is None:
            made = issue_authority(keyset, ctx.now(), key_bits(ctx.env))
            key = key_entry(made.serial, made.certificate, made.key)
            store(where.pki, _document(keyset, [key], str(made.serial)))
            issued.append(keyset)
    for secret in SECRETS:
        if where.secrets.read(secret) is None:
            store_secret(where.secrets, secret, secrets.token_hex(_SECRET_BYTES).encode())
    return issued


def names(pki: Place) -> list[str]:
    """Return the names of the keysets that are stored, sorted."""
    keys = pki.listed("private/")
    return [key.split("/")[1] for key in keys if key.endswith("/keyset.yaml")]


def find(pki: Place, keyset: str) -> Keyset | None:
    """Return a keyset, None where there is none.

    The authority and the service accounts' key may have the name that a kops before 1.22 gave
    them. kops looks for that name also where it cannot read the newer one, and forgets why: a
    keyset that is damaged or refused counts as none, and an update makes another (captures
    N-ca-bad-prev, N-ca-empty-prev; kops: vfs_keystorereader.go, kops#18680).

    Raises `KopsFailure`: one of the others cannot be read.
    """
    former = _FORMER.get(keyset)
    try:
        document = load(pki, keyset)
    except KopsFailure:
        if former is None:
            raise
        document = None
    if document is not None or former is None:
        return document
    document = load(pki, former)
    return document and document | {
        "metadata": {**document.get("metadata", {}), "name": keyset, FORMER: ""}
    }


def is_former(document: Keyset) -> bool:
    """Tell whether a keyset that was found stands under its former name still."""
    return FORMER in document["metadata"]


def load(pki: Place, keyset: str) -> Keyset | None:
    """Return the keyset that is stored by this very name; KopsFailure where it is damaged."""
    bundle = f"{pki.url}/private/{keyset}"
    body = pki.read(key_of(keyset))
    if body is None:
        return None
    try:
        document = yaml_form.load(body.decode())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        told = f"error parsing keyset: {error}"
        raise KopsFailure(f'error parsing bundle "{bundle}": {told}') from error
    if not isinstance(document, dict) or "kind" not in document:
        told = f"Object 'Kind' is missing in '{_shown(document)}'"
        raise KopsFailure(f'error parsing bundle "{bundle}": error parsing keyset: {told}')
    return _mapped(document, bundle)


def _mapped(document: dict[str, Any], bundle: str) -> Keyset:
    spec = document.get("spec")
    keys = spec.get("keys") if isinstance(spec, dict) else None
    try:
        held = {str(key["id"]): key["publicMaterial"] for key in keys or ()}
        for material in held.values():
            base64.b64decode(material, validate=True)
        primary(document)
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise KopsFailure(f'error mapping bundle "{bundle}": no usable keypair') from error
    return document


def store(pki: Place, document: Keyset) -> None:
    """Store a keyset, by its own name."""
    name = document["metadata"]["name"]
    pki.write(key_of(name), yaml_form.dump(document | {"metadata": {"name": name}}).encode())


def key_entry(serial: int, certificate: bytes, private: bytes) -> dict[str, str]:
    """Return one key as it stands in a keyset."""
    return {
        "id": str(serial),
        "privateMaterial": base64.b64encode(private).decode(),
        "publicMaterial": base64.b64encode(certificate).decode(),
    }


def primary(document: Keyset) -> dict[str, str]:
    """Return the key that signs."""
    spec = document["spec"]
    key: dict[str, str] = next(key for key in spec["keys"] if key["id"] == spec["primaryId"])
    return key


def trusted_certificates(document: Keyset) -> bytes:
    """Return all certificates that are not distrusted, primary first, as one PEM bundle."""
    first = document["spec"]["primaryId"]
    keys = sorted(document["spec"]["keys"], key=lambda key: key["id"] != first)
    material = (key["publicMaterial"] for key in keys if "distrustTimestamp" not in key)
    return b"".join(base64.b64decode(text) for text in material)


def store_secret(where: Place, secret: str, data: bytes) -> None:
    """Store a secret in kops' JSON."""
    body = json.dumps({"Data": base64.b64encode(data).decode()}, separators=(",", ":"))
    where.write(secret, body.encode())


def _shown(document: object) -> str:
    try:
        return json.dumps(document)
    except RecursionError:
        return "{...}"


def find_secret(where: Place, secret: str) -> bytes | None:
    """Return a secret's bytes, None where there is none."""
    body = where.read(secret)
    if body is None:
        return None
    try:
        return base64.b64decode(json.loads(body)["Data"], validate=True)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise KopsFailure(f'error reading secret "{secret}": error parsing secret') from error


def key_of(keyset: str) -> str:
    """Return a keyset's key where the cluster's keys lie."""
    return f"private/{keyset}/keyset.yaml"


def _document(keyset: str, keys: list[dict[str, str]], primary_id: str) -> Keyset:
    return {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "Keyset",
        "metadata": {"name": keyset},
        "spec": {"keys": keys, "primaryId": primary_id, "type": "Keypair"},
    }
