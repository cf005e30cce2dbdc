"""The key of a keyset that kops signs with, and what a keyset without it has lost. Pure.

kops writes a private key with each primary one (`AddItem` of upup/pkg/fi/ca.go), stops every update
where it is gone (`Find` of upup/pkg/fi/fitasks/keypair.go), and fails where no key is trusted. It
ends every keyset with the id of the primary key and the type. A kops before 1.22 wrote no such id,
and no later one adds it: there the key of the highest id counts, which says when it was made.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

StoredKey = Mapping[object, Any]
_LONGEST: Final = 100  # digits of an id; kops' own have 28
_NAMED_SINCE: Final = datetime(2023, 1, 1, tzinfo=UTC)
"""Since then nobody makes clusters with a kops before 1.22."""
_OLDEST_NAMED: Final = int(_NAMED_SINCE.timestamp()) * 1_000_000_000 << 32
"""The least id of a key that was made since: nanoseconds and 32 random bits (`BuildPKISerial`)."""


def findings(keysets: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield which keysets, by the keys of their objects, cannot be signed with, in words."""
    for at, keyset in keysets.items():
        for problem in _of_keyset(keyset):
            yield f"{at} {problem}"


def _of_keyset(keyset: Mapping[str, Any]) -> Iterator[str]:
    spec = keyset.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    keys = [key for key in _keys(spec) if isinstance(key, Mapping)]
    primary = _primary(spec, keys)
    if primary is None:
        yield "has no key that is trusted"
    elif not primary.get("privateMaterial"):
        yield "has no private key for its primary key"
    ids = [_shown(key.get("id")) for key in keys]
    twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
    if twice:
        yield f"has two keys with the id {twice[0]}"
    yield from _of_the_end(spec, keys, ids)


def _of_the_end(spec: Mapping[str, Any], keys: list[StoredKey], ids: list[str]) -> Iterator[str]:
    """Yield what is wrong with the last two fields, which a cut takes first."""
    if not spec.get("type"):
        yield "has no spec.type: its end may be cut off"
    named = spec.get("primaryId", spec.get("primaryID"))
    if named is None and "primaryId" not in spec:
        if any(map(_is_named_since, keys)):
            yield "has no spec.primaryId: its end may be cut off"
    elif named in (None, ""):
        yield "has an empty spec.primaryId"
    elif _shown(named) not in ids:
        yield f"has no key {_shown(named)}, which its spec.primaryId names"


def _is_named_since(key: StoredKey) -> bool:
    return _is_trusted(key) and int(str(key["id"])) >= _OLDEST_NAMED


def _keys(spec: Mapping[str, Any]) -> list[object]:
    keys = spec.get("keys")
    return keys if isinstance(keys, list) else []


def _primary(spec: Mapping[str, Any], keys: list[StoredKey]) -> StoredKey | None:
    """Return the primary key as kops finds it: the named one, else that of the highest id."""
    trusted = [held for held in keys if _is_trusted(held)]
    named = spec.get("primaryId")
    for key in trusted:
        if named is not None and str(key["id"]) == str(named):
            return key
    return max(trusted, key=lambda key: int(str(key["id"])), default=None)


def _is_trusted(key: StoredKey) -> bool:
    if key.get("distrustTimestamp") is not None:
        return False
    number = _shown(key.get("id"))
    return number.isdecimal() and len(number) <= _LONGEST


def _shown(value: object) -> str:
    return str(value)[: _LONGEST + 1]
