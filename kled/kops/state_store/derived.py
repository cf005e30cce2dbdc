"""What machines boot from, as an update wrote it: whether it is whole. Pure.

kops writes it anew with each update, so that a damaged one costs nobody a cluster; until then a
machine that starts reads it and does not join. Captures state-store-1cp-after-update and
state-store-3cp-after-update: an addon may be empty, and most do not end with a line feed; the
channel names the SHA-256 of each.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kled import yaml_text
from kled.errors import TextUnreadable
from kled.kops.state_store import layout
from kled.sentences import first_of

_ADDONS: Final = "addons/"
_CHANNEL: Final = f"{_ADDONS}bootstrap-channel.yaml"
_MANIFESTS: Final = "manifests/"
_NODES: Final = "igconfig/"
_VERSION: Final = re.compile(rb"v?\d+\.\d+\.\d+[-+.0-9A-Za-z]*")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SHOWN: Final = 3
_EMPTY: Final = "is empty"
_CUT: Final = "its end may be cut off"


def damage(objects: Mapping[str, bytes]) -> dict[str, str]:
    """Return why which derived objects are not what an update writes, in words by key.

    `objects` are a cluster's by relative key. Whatever they are, it only says so.
    """
    problems = {}
    for key, body in objects.items():
        problem = _of_one(key, body) if layout.kind_of(key) == "derived" else None
        if problem is not None:
            problems[key] = problem
    return {**dict(_addons(objects)), **problems}


def told(damaged: Mapping[str, str]) -> Iterator[str]:
    """Yield in one sentence what is damaged, and what writes it anew; nothing where nothing is."""
    if damaged:
        parts = [f"{key} {damaged[key]}" for key in sorted(damaged)]
        yield (
            f"{first_of(parts, _SHOWN)}: machines that start"
            " cannot use it, and the next update writes it anew"
        )


def _of_one(key: str, body: bytes) -> str | None:
    if key == layout.KOPS_VERSION:
        return None if _VERSION.fullmatch(body.strip()) else "names no version of kops"
    if key == layout.COMPLETED:
        return _mapping(body, "Cluster")
    if key == _CHANNEL:
        return _mapping(body, "Addons")
    if key.startswith(_NODES):
        return _mapping(body)
    return _texts(body) if key.startswith(_MANIFESTS) else None


def _mapping(body: bytes, kind: str | None = None) -> str | None:
    """Say why `body` is no object of that kind as kops writes one; it ends with a line feed."""
    if not body.strip():
        return _EMPTY
    document, unreadable = _read(body)
    if unreadable is not None:
        return unreadable
    if not isinstance(document, dict) or (kind is not None and document.get("kind") != kind):
        return f"is no {kind or 'YAML object'}"
    if kind is not None and not isinstance(document.get("spec"), dict):
        return f"has no spec: {_CUT}"
    return _end(body)


def _texts(body: bytes) -> str | None:
    """Say why `body` is no manifest: some documents of YAML."""
    if not body.strip():
        return _EMPTY
    try:
        documents = yaml_text.documents(body)
    except TextUnreadable as error:
        return error.message
    if not documents or not all(isinstance(document, dict) for document in documents):
        return "is no YAML object"
    return _end(body)


def _end(body: bytes) -> str | None:
    return None if body.endswith(b"\n") else f"does not end with a line feed: {_CUT}"


def _read(body: bytes) -> tuple[Any, str | None]:
    try:
        return yaml_text.document(body), None
    except TextUnreadable as error:
        return None, error.message


def _addons(objects: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield the addons that do not have the SHA-256 that the channel names, and that."""
    document, _ = _read(objects.get(_CHANNEL, b""))
    spec = document.get("spec") if isinstance(document, dict) else None
    addons = spec.get("addons") if isinstance(spec, dict) else None
    for addon in addons if isinstance(addons, list) else ():
        if not isinstance(addon, dict):
            continue
        key, named = f"{_ADDONS}{addon.get('manifest')}", str(addon.get("manifestHash"))
        body = objects.get(key)
        if body is None or not _SHA256.fullmatch(named):
            continue
        if hashlib.sha256(body).hexdigest() != named:
            why = f" ({_CUT})" if body else " (it is empty)"
            yield key, f"is not what {_CHANNEL} names by its SHA-256{why}"
