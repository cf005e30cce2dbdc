"""The facts of a stored object, which can be compared and shown without revealing a secret.

A fact is a value at a `FactName`. What may be secret, and what has no form that kled knows, is
shown by its fingerprint: an HMAC with a key that only the comparison (or the holder of the age
identity) has, so that nobody can try guesses against it.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from kled import yaml_text
from kled.errors import TextUnreadable
from kled.kops.state_store import layout
from kled.models.definition import COUNTED
from kled.redact import Redactor, secret_values
from kled.sentences import number

Subject = Literal[
    "cluster", "instance-group", "keyset", "secret", "ssh-key", "version", "addon", "derived",
    "etcd-backup", "etcd-control", "object",
]  # fmt: skip
FactValue = str | int | float | bool | None

_MOST: Final = 50_000  # facts of one document; its aliases could make it endless
_DEEPEST: Final = 64
_LONGEST: Final = 160  # characters of a text that is shown as it is
_LONGEST_PATH: Final = 2048  # of a field: each of its leaves would repeat a long key
_DIGITS: Final = 16
_HARMLESS: Final = ("secretStore", "configStore.secrets", "tokenTTL")
_SSH: Final = "pki/ssh/public/"
_REDACTOR: Final = Redactor()


@dataclass(frozen=True, slots=True, order=True)
class FactName:
    """Where a fact stands: the subject, its name, and a field of it, `""` for the whole."""

    subject: Subject
    name: str
    field: str = ""


DefinitionFacts = Mapping[FactName, FactValue]


class Fingerprints:
    """Shows bytes by a fingerprint; under one key, equal bytes have equal fingerprints."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, body: bytes) -> str:
        """Return the fingerprint of `body`."""
        return self.of_digest(hashlib.sha256(body).hexdigest())

    def of_digest(self, sha256: str) -> str:
        """Return the fingerprint of bytes whose sha256 (hex) is known."""
        digest = hmac.digest(self._key, sha256.encode(), "sha256").hex()
        return f"fingerprint {digest[:_DIGITS]}"

    def of_field(self, path: str, value: FactValue) -> FactValue:
        """Return `value`, or its fingerprint where it may be secret or is too long to read."""
        if not isinstance(value, str):
            return value
        secret = _REDACTOR.text(f"{path}: {value}") != f"{path}: {value}"
        named = secret_values({path: value}) and not path.endswith(_HARMLESS)
        if secret or named or len(value) > _LONGEST or "\n" in value:
            return f"{number(len(value), 'character')}, {self.of(value.encode())}"
        return value


def facts_of(key: str, body: bytes, seen: Fingerprints) -> Iterator[tuple[FactName, FactValue]]:
    """Yield what the object says. `key` is relative to the cluster's prefix.

    An object that is not in kops' form is one fact, its fingerprint.
    """
    if key == layout.CONFIG:
        yield from _document("cluster", "", body, seen)
    elif key.startswith(layout.GROUPS):
        yield from _document("instance-group", key.removeprefix(layout.GROUPS), body, seen)
    elif key.startswith(layout.KEYSETS):
        yield from _keyset(key.split("/")[2], body, seen)
    elif key == layout.KOPS_VERSION:
        yield FactName("version", "kops"), body.decode(errors="replace").strip()[:_LONGEST]
    else:
        yield opaque_fact(key, hashlib.sha256(body).hexdigest(), seen)


def opaque_fact(key: str, sha256: str, seen: Fingerprints) -> tuple[FactName, FactValue]:
    """Return the fact that an object exists, with the fingerprint of its content."""
    kind, parts, print_ = layout.kind_of(key), key.split("/"), seen.of_digest(sha256)
    if kind == "control":
        return FactName("etcd-control", parts[2], "/".join(parts[4:])), "present"
    if key.startswith(layout.SECRETS):
        return FactName("secret", key.removeprefix(layout.SECRETS)), print_
    if key.startswith(_SSH):
        return FactName("ssh-key", key.removeprefix(_SSH)), print_
    if key.startswith("addons/") and len(parts) > 2:  # noqa: PLR2004 - addons/<name>/<file>
        return FactName("addon", parts[1], "/".join(parts[2:])), print_
    return FactName("derived" if kind == "derived" else "object", key), print_


def _document(
    subject: Subject, name: str, body: bytes, seen: Fingerprints
) -> Iterator[tuple[FactName, FactValue]]:
    fields = _fields(body)
    if fields is None:
        yield FactName(subject, name, "(not in kops' form)"), seen.of(body)
        return
    for path, value in fields.items():
        if path not in COUNTED:
            yield FactName(subject, name, path), seen.of_field(path, value)


def _keyset(name: str, body: bytes, seen: Fingerprints) -> Iterator[tuple[FactName, FactValue]]:
    """Yield the trust state of each key, and the fingerprint of its material."""
    document = _load(body)
    spec = document.get("spec") if isinstance(document, Mapping) else None
    keys = spec.get("keys") if isinstance(spec, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(keys, list):
        yield FactName("keyset", name, "(not in kops' form)"), seen.of(body)
        return
    primary = str(spec.get("primaryId", spec.get("primaryID", "")))
    for key in keys:
        if isinstance(key, Mapping):
            number = str(key.get("id", ""))[:_LONGEST]
            yield FactName("keyset", name, number), _trust(key, primary)
            for part in ("publicMaterial", "privateMaterial"):
                if key.get(part):
                    place = FactName("keyset", name, f"{number} {part}")
                    yield place, seen.of(_material(str(key[part])))


def _trust(key: Mapping[object, object], primary: str) -> str:
    if key.get("distrustTimestamp"):
        return f"distrusted {str(key['distrustTimestamp'])[:_LONGEST]}"
    return "primary" if str(key.get("id")) == primary else "trusted"


def _material(text: str) -> bytes:
    """Return the bytes, so that the same key in other line breaks is the same key."""
    try:
        return base64.b64decode(text)
    except ValueError:  # also for what is not ASCII
        return text.encode(errors="replace")


def _fields(body: bytes) -> dict[str, FactValue] | None:
    document = _load(body)
    if not isinstance(document, Mapping):
        return None
    fields: dict[str, FactValue] = {}
    try:
        for path, value in _flatten("", document, 0):
            fields[path] = value
            if len(fields) > _MOST:
                return None
    except _NotOfKops:
        return None
    return fields


def _load(body: bytes) -> object:
    try:
        return yaml_text.document(body)
    except TextUnreadable:
        return None


class _NotOfKops(Exception):
    """The document is deeper, or its keys are longer, than any of kops'."""


def _flatten(path: str, value: object, depth: int) -> Iterator[tuple[str, FactValue]]:
    """Yield every leaf with its path; entries of a list by their `name`, where all have one."""
    if depth > _DEEPEST or len(path) > _LONGEST_PATH:
        raise _NotOfKops
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flatten(f"{path}.{key}" if path else str(key), inner, depth + 1)
    elif isinstance(value, list) and value:
        for label, inner in zip(_labels(value), value, strict=True):
            yield from _flatten(f"{path}[{label}]", inner, depth + 1)
    else:
        yield path, _plain(value)


def _labels(entries: list[object]) -> list[str]:
    names = [
        str(entry["name"]) for entry in entries if isinstance(entry, Mapping) and entry.get("name")
    ]
    if len(set(names)) == len(entries):
        return names
    return [str(index) for index in range(len(entries))]


def _plain(value: object) -> FactValue:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping | list):
        return "{}" if isinstance(value, Mapping) else "[]"
    return json.dumps(value, default=str).strip('"')
