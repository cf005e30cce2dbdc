"""What kube-apiserver keeps of persistent volumes and Services: only the fields that are needed.

A value is `k8s`, a zero byte, and a `runtime.Unknown` of protobuf, whose `raw` is the object; an
older kube-apiserver, or one that is told to, keeps JSON. Field numbers are those of
k8s.io/api/core/v1/generated.proto. What is encrypted, damaged or of another form is `None`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kled.snapshot.etcd.wire import Message, message, number_path, text

_MAGIC: Final = b"k8s\0"
_RAW: Final = 2
_META, _SPEC, _STATUS = 1, 2, 3
_NAME, _NAMESPACE, _LABELS = 1, 3, 11
_SOURCE, _CLAIM, _AFFINITY = 2, 4, 9
_CSI: Final = 22
_TYPE: Final = 4
_ZONE: Final = "/zone"
"""How the labels end that name a zone: topology.kubernetes.io, a CSI driver's, or the former."""
_SOURCES: Final = {
    1: "gcePersistentDisk",
    2: "awsElasticBlockStore",
    3: "hostPath",
    5: "nfs",
    13: "azureFile",
    16: "azureDisk",
    20: "local",
}
_BALANCER: Final = "LoadBalancer"


@dataclass(frozen=True, slots=True, order=True)
class Volume:
    """A persistent volume: what is on its disk is not in etcd."""

    name: str
    zones: tuple[str, ...] = ()
    """Where it can be mounted; empty: it does not say."""
    driver: str = ""
    """The CSI driver, or the kind of the volume."""
    claim: str = ""
    """Namespace and name of the claim that it is bound to; empty: none."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "name": self.name,
            "zones": list(self.zones),
            "driver": self.driver,
            "claim": self.claim,
        }


@dataclass(frozen=True, slots=True, order=True)
class Balancer:
    """A Service of type LoadBalancer: the cloud gives a restored one another address."""

    name: str
    """Namespace and name."""
    addresses: tuple[str, ...] = ()
    """By what its load balancer was reached."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"name": self.name, "addresses": list(self.addresses)}


def volume(value: bytes) -> Volume | None:
    """Return the persistent volume that `value` holds; None where it cannot be read."""
    if (document := _json(value)) is not None:
        return _volume_of_json(document)
    raw = _raw(value)
    if raw is None:
        return None
    claim = number_path(raw, _SPEC, _CLAIM)
    named = [f"{text(each, 2)}/{text(each, 3)}" for each in claim]
    return Volume(
        _name(raw),
        tuple(sorted(set(_zones(raw)))),
        next(_driver(raw), ""),
        named[0] if named else "",
    )


def balancer(value: bytes) -> Balancer | bool:
    """Return the Service of type LoadBalancer in `value`; False: another one; True: unreadable."""
    if (document := _json(value)) is not None:
        return _balancer_of_json(document)
    raw = _raw(value)
    if raw is None:
        return True
    kinds = [text(spec, _TYPE) for spec in number_path(raw, _SPEC)]
    if kinds != [_BALANCER]:
        return False
    ingress = number_path(raw, _STATUS, 1, 1)
    reached = (text(each, 2) or text(each, 1) for each in ingress)
    meta = number_path(raw, _META)
    space = text(meta[0], _NAMESPACE) if meta else ""
    return Balancer(f"{space}/{_name(raw)}", tuple(filter(None, reached)))


def _raw(value: bytes) -> Message | None:
    """Return the object inside the envelope; None where there is none, or it is damaged."""
    if not value.startswith(_MAGIC):
        return None
    envelope = message(value[len(_MAGIC) :])
    inner = envelope.get(_RAW, []) if envelope is not None else []
    return message(inner[-1]) if inner and isinstance(inner[-1], bytes) else None


def _name(raw: Message) -> str:
    meta = number_path(raw, _META)
    return text(meta[0], _NAME) if meta else ""


def _zones(raw: Message) -> Iterator[str]:
    """Yield the zones of a volume's node affinity, and of its labels."""
    for rule in number_path(raw, _SPEC, _AFFINITY, 1, 1, 1):
        if text(rule, 1).endswith(_ZONE):
            yield from (
                each.decode(errors="replace") for each in rule.get(3, []) if isinstance(each, bytes)
            )
    for label in number_path(raw, _META, _LABELS):
        if text(label, 1).endswith(_ZONE):
            yield text(label, 2)


def _driver(raw: Message) -> Iterator[str]:
    for source in number_path(raw, _SPEC, _SOURCE):
        for csi in number_path(source, _CSI):
            yield text(csi, 1)
        yield from (name for field, name in _SOURCES.items() if field in source)


def _json(value: bytes) -> Mapping[str, Any] | None:
    if not value.startswith(b"{"):
        return None
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _part(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        inner = document.get(name)
        document = inner if isinstance(inner, dict) else {}
    return document


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: object) -> list[dict[str, Any]]:
    return [each for each in _listed(value) if isinstance(each, dict)]


def _volume_of_json(document: Mapping[str, Any]) -> Volume:
    meta, spec = _part(document, "metadata"), _part(document, "spec")
    claim = _part(spec, "claimRef")
    kinds = [name for name in _SOURCES.values() if name in spec]
    zones = {
        str(value)
        for term in _mappings(_part(spec, "nodeAffinity", "required").get("nodeSelectorTerms"))
        for rule in _mappings(term.get("matchExpressions"))
        if str(rule.get("key", "")).endswith(_ZONE)
        for value in _listed(rule.get("values"))
    }
    labels = _part(meta, "labels")
    zones |= {str(value) for key, value in labels.items() if key.endswith(_ZONE)}
    return Volume(
        str(meta.get("name", "")),
        tuple(sorted(zones)),
        str(_part(spec, "csi").get("driver", "")) or (kinds[0] if kinds else ""),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
    )


def _balancer_of_json(document: Mapping[str, Any]) -> Balancer | bool:
    meta, spec = _part(document, "metadata"), _part(document, "spec")
    if spec.get("type") != _BALANCER:
        return False
    ingress = _mappings(_part(document, "status", "loadBalancer").get("ingress"))
    reached = (str(each.get("hostname") or each.get("ip") or "") for each in ingress)
    name = f"{meta.get('namespace', '')}/{meta.get('name', '')}"
    return Balancer(name, tuple(filter(None, reached)))
