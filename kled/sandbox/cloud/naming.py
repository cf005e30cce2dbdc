"""Names that kops derives: load balancers, target groups and fingerprints of keys."""

import base64
import hashlib

_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193
_HASH_LENGTH = 6
_LOAD_BALANCER_LIMIT, _RULE_LIMIT, _QUEUE_LIMIT = 32, 40, 75


def short_hash(name: str) -> str:
    """Return kops' six characters for `name`: FNV-1a 32, base32hex, lower case.

    Source: `api-demo-k8s-local-7ig276`, `tcp-ha-k8s-local-r1j2bf` in captures 07 and 59.
    """
    value = _FNV_OFFSET
    for byte in name.encode():
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return base64.b32hexencode(value.to_bytes(4, "big")).decode().lower()[:_HASH_LENGTH]


def truncate(name: str, limit: int = _LOAD_BALANCER_LIMIT) -> str:
    """Cut `name` to `limit` characters, its hash included, which kops always adds."""
    return f"{name[: limit - _HASH_LENGTH - 1]}-{short_hash(name)}"


def load_balancer(prefix: str, cluster: str) -> str:
    """Name an AWS load balancer or target group of a cluster (`prefix` is api, tcp, …)."""
    return truncate(f"{prefix}-{cluster.replace('.', '-')}")


def rule_prefix(cluster: str) -> str:
    """Return what the names of a cluster's EventBridge rules begin with."""
    return cluster if len(cluster) <= _RULE_LIMIT else truncate(cluster, _RULE_LIMIT)


def queue_prefix(cluster: str) -> str:
    """Return what the names of a cluster's queues begin with."""
    name = cluster.replace(".", "-")
    return name if len(name) <= _QUEUE_LIMIT else truncate(name, _QUEUE_LIMIT)


def group(cluster: str, instance_group: str, role: str) -> str:
    """Name the autoscaling group and launch template of an instance group (role: v1alpha2)."""
    infix = {"Master": "masters.", "ControlPlane": "masters.", "Bastion": ""}.get(role, "")
    return f"{instance_group}.{infix}{cluster}"


def ssh_fingerprints(public_key: str) -> tuple[str, str]:
    """Return kops' colon-separated MD5 and AWS' SHA256 fingerprint of an OpenSSH public key.

    Raises ValueError where the line is no `type base64 [comment]`.
    """
    blob = base64.b64decode(public_key.split()[1], validate=True)
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    colons = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    sha = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return colons, f"SHA256:{sha}"
