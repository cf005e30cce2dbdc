"""The operator's kubeconfig as kops edits it: adding a cluster, knowing it, forgetting it.

Shape from captures 28-export-kubeconfig and 28b-export-kubeconfig-admin; a merge keeps every entry
of others and the cluster's own user where no new credential is asked for (kops 1.36.2,
pkg/kubeconfig). Every change is one atomic write of a file with mode 0600.
"""

import base64
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from kled.sandbox.cloud import health
from kled.sandbox.cloud.account import region_of
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, yaml_form
from kled.sandbox.kubernetes import process
from kled.sandbox.store import keysets
from kled.sandbox.verbs.flags import Flags
from kled.sandbox.verbs.named_cluster import kubeconfig_path

_SECTIONS = ("clusters", "contexts", "users")


def has_context(ctx: Context, name: str) -> bool:
    """Tell whether the kubeconfig has a context of the cluster."""
    return any(entry["name"] == name for entry in _read(kubeconfig_path(ctx)).get("contexts") or ())


def export(ctx: Context, name: str, flags: Flags) -> None:
    """Put a cluster into the kubeconfig, make it current; with `admin`, a client certificate too.

    `flags` may have kubeconfig (the file), admin (seconds), user, api-server and internal.

    Raises `KopsFailure`: the cluster has no authority yet (capture E14-export-before-update), or
    --user names nobody.
    """
    health.require_authority(ctx, name)
    keyset = keysets.find(definitions.places_of(ctx, name).pki, "kubernetes-ca") or {}
    path = Path(flags["kubeconfig"]) if flags.get("kubeconfig") else kubeconfig_path(ctx)
    content = _read(path)
    authority = base64.b64encode(keysets.trusted_certificates(keyset)).decode()
    cluster = {
        "certificate-authority-data": authority,
        "server": _server(ctx, name, flags),
        "tls-server-name": f"api.internal.{name}",
    }
    context = dict(_entry(content, "contexts", name).get("context", {})) | {"cluster": name}
    if flags.get("admin"):
        _put(content, "users", name, {"user": _credential(ctx, keyset, flags["admin"])})
        context["user"] = name
    elif flags.get("user"):
        if not _entry(content, "users", flags["user"]):
            raise KopsFailure(f'could not find user "{flags["user"]}"')
        context["user"] = flags["user"]
    _put(content, "clusters", name, {"cluster": cluster})
    _put(content, "contexts", name, {"context": context})
    _write(path, content | {"apiVersion": "v1", "kind": "Config", "current-context": name})


def remove(ctx: Context, name: str) -> None:
    """Take the cluster out of the kubeconfig, in one atomic write; absent is fine."""
    path = kubeconfig_path(ctx)
    content = _read(path)
    if not content:
        return
    for section in _SECTIONS:
        content[section] = [e for e in content.get(section) or () if e["name"] != name]
    if content.get("current-context") == name:
        content["current-context"] = ""
    _write(path, content)


def _server(ctx: Context, name: str, flags: Flags) -> str:
    if flags.get("api-server"):
        return str(flags["api-server"])
    cluster = definitions.load_cluster(ctx, name)
    return process.ensure(ctx, name, region_of(cluster))


def _credential(ctx: Context, keyset: keysets.Keyset, seconds: float) -> dict[str, str]:
    from kled.sandbox.store.certificates import (  # noqa: PLC0415 - slow to import
        issue_admin,
        key_bits,
    )

    signer = keysets.primary(keyset)
    issued = issue_admin(
        base64.b64decode(signer["publicMaterial"]),
        base64.b64decode(signer["privateMaterial"]),
        f"kubecfg-{ctx.env.get('USER') or 'root'}",
        (ctx.now(), timedelta(seconds=seconds)),
        key_bits(ctx.env),
    )
    return {
        "client-certificate-data": base64.b64encode(issued.certificate).decode(),
        "client-key-data": base64.b64encode(issued.key).decode(),
    }


def _entry(content: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    entries = content.get(section) or ()
    return next((entry for entry in entries if entry["name"] == name), {})


def _put(content: dict[str, Any], section: str, name: str, body: dict[str, Any]) -> None:
    others = [entry for entry in content.get(section) or () if entry["name"] != name]
    content[section] = sorted([*others, {"name": name} | body], key=lambda entry: entry["name"])


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.kops")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(yaml_form.dump(content))
    fresh.replace(path)


def _read(path: Path) -> dict[str, Any]:
    content = yaml_form.load(path.read_text(encoding="utf-8")) if path.exists() else None
    return content if isinstance(content, dict) else {}
