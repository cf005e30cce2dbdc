"""Where kops keeps what belongs to a cluster: where the cluster's own definition says.

The definition itself, its groups and its addons lie below `<state store>/<name>`. All else lies
below `spec.configBase`, `spec.keyStore`, `spec.secretStore` and the etcd clusters'
`backups.backupStore`, whoever's place that is (kops 1.36.2: vfsclientset, registry, model/pki).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kled.sandbox.context import Context, KopsFailure, StateStore
from kled.sandbox.store.open_store import LazyStore, open_store

_KNOWN = re.compile(
    r"(?![a-z0-9]+://)|(?:azureblob|do|file|gs|hos|k8s|linode|memfs|s3|scw|swift)://"
)


@dataclass(frozen=True)
class Place:
    """A part of a store; keys are relative to it."""

    store: StateStore
    prefix: str
    """Empty, or ending in a slash."""

    @property
    def url(self) -> str:
        """The place as kops prints it, without a slash at its end."""
        return f"{self.store.url}/{self.prefix}".rstrip("/")

    def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None where there is none."""
        return self.store.read(f"{self.prefix}{key}")

    def write(self, key: str, body: bytes) -> None:
        """Write one object atomically."""
        self.store.write(f"{self.prefix}{key}", body)

    def delete(self, key: str) -> None:
        """Delete one object; absent is fine."""
        self.store.delete(f"{self.prefix}{key}")

    def listed(self, prefix: str = "") -> list[str]:
        """Return all keys that start with `prefix`, sorted."""
        whole = self.store.keys(f"{self.prefix}{prefix}")
        return [key.removeprefix(self.prefix) for key in whole]

    def below(self, folder: str) -> "Place":
        """Return a folder of this place."""
        return Place(self.store, f"{self.prefix}{folder}/")


@dataclass(frozen=True)
class Places:
    """Where a cluster's parts lie."""

    base: Place
    """The completed definition, kops-version.txt, addons, manifests, the nodes' configuration."""
    pki: Place
    """Keysets and SSH public keys."""
    secrets: Place
    backups: Mapping[str, Place]
    """Of each etcd cluster, by its name."""


def of(ctx: Context, cluster: Mapping[str, Any]) -> Places:
    """Return where a cluster's parts lie; nothing is asked of the stores yet."""
    spec = cluster["spec"]
    base = locate(ctx, spec["configBase"])
    keys, secrets = spec.get("keyStore"), spec.get("secretStore")
    backups = {}
    for etcd in spec.get("etcdClusters") or ():
        own = (etcd.get("backups") or {}).get("backupStore")
        inside = base.below(f"backups/etcd/{etcd['name']}")
        backups[etcd["name"]] = locate(ctx, own) if own else inside
    return Places(
        base=base,
        pki=locate(ctx, keys) if keys else base.below("pki"),
        secrets=locate(ctx, secrets) if secrets else base.below("secrets"),
        backups=backups,
    )


def locate(ctx: Context, url: str) -> Place:
    """Return the place that a URL of a definition names: in the state store, or elsewhere."""
    wanted, own = url.removeprefix("file://").rstrip("/"), ctx.store.url
    if wanted == own:
        return Place(ctx.store, "")
    if wanted.startswith(f"{own}/"):
        return Place(ctx.store, f"{wanted.removeprefix(f'{own}/')}/")
    if not _KNOWN.match(url):
        raise KopsFailure(
            f'error parsing ConfigStore.Base "{url}": unknown / unhandled path type: "{url}"'
        )
    if isinstance(ctx.store, LazyStore):
        return Place(ctx.store.elsewhere(url), "")
    return Place(open_store(url, ctx.env, is_state_store=False), "")
