"""The key of a keyset that kops signs with, and what a keyset without it has lost. Pure.

kops writes a private key with each primary one (`AddItem` of upup/pkg/fi/ca.go), stops every update
where it is gone (`Find` of upup/pkg/fi/fitasks/keypair.go), and fails where no key is trusted.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Key = Mapping[object, Any]
_LONGEST: Final = 100  # digits of an id; kops' own have 28


def findings(keysets: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield which keysets, by the keys of their objects, cannot be signed with, in words.

    Where no keyset has a private key nothing is said of private keys: kops wrote none of them.
    """
    primaries = {at: _primary(keyset) for at, keyset in keysets.items()}
    private = any(one.get("privateMaterial") for one in primaries.values() if one)
    for at, key in primaries.items():
        if key is None:
            yield f"{at} has no key that is trusted"
        elif private and not key.get("privateMaterial"):
            yield f"{at} has no private key for its primary key"


def _primary(keyset: Mapping[str, Any]) -> Key | None:
    """Return the primary key as kops finds it: the named one, else that of the highest id."""
    spec = keyset.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    keys = spec.get("keys")
    trusted: list[Key] = [one for one in keys if _is_trusted(one)] if isinstance(keys, list) else []
    named = spec.get("primaryId")
    for key in trusted:
        if named is not None and str(key["id"]) == str(named):
            return key
    return max(trusted, key=lambda key: int(str(key["id"])), default=None)


def _is_trusted(key: object) -> bool:
    if not isinstance(key, Mapping) or key.get("distrustTimestamp") is not None:
        return False
    number = str(key.get("id"))[: _LONGEST + 1]
    return number.isdecimal() and len(number) <= _LONGEST
