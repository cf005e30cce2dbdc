"""The operator's kubeconfig as kops edits it: which clusters it knows, and forgetting one."""

import os
from typing import Any

from kled.sandbox import yaml_form
from kled.sandbox.context import Context
from kled.sandbox.names import kubeconfig_path

_SECTIONS = ("clusters", "contexts", "users")


def has_context(ctx: Context, name: str) -> bool:
    """Tell whether the kubeconfig has a context of the cluster."""
    return any(entry["name"] == name for entry in _read(ctx).get("contexts") or ())


def remove(ctx: Context, name: str) -> None:
    """Take the cluster out of the kubeconfig, in one atomic write; absent is fine."""
    content = _read(ctx)
    if not content:
        return
    for section in _SECTIONS:
        content[section] = [e for e in content.get(section) or () if e["name"] != name]
    if content.get("current-context") == name:
        content["current-context"] = ""
    path = kubeconfig_path(ctx)
    fresh = path.with_name(f"{path.name}.kops")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(yaml_form.dump(content))
    fresh.replace(path)


def _read(ctx: Context) -> dict[str, Any]:
    path = kubeconfig_path(ctx)
    content = yaml_form.load(path.read_text()) if path.exists() else None
    return content if isinstance(content, dict) else {}
