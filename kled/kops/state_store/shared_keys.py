"""Keys of a keyset that another keyset of the same name has, too. Pure.

Told by the public key, which no certificate that is issued anew changes. A key that nobody trusts
any more harms nobody, and is left out.
"""

from collections.abc import Iterator, Mapping

from kled.kops.state_store import contents, key_material, keyset_keys


def added(known: frozenset[str], body: bytes) -> frozenset[bytes]:
    """Return the public keys of a keyset's file whose certificates are not among `known` marks.

    A certificate that was issued anew for a key that is known adds none.
    """
    keys = [(keyset_keys.of_key(key), _public(key)) for key in _trusted(body)]
    had = {public for marks, public in keys if _certificates(marks) & known}
    return frozenset(public for _, public in keys if public and public not in had)


def holding(publics: frozenset[bytes], body: bytes) -> frozenset[str]:
    """Return the marks of the keys of a keyset's file that are among these public ones."""
    return frozenset(
        mark
        for key in _trusted(body)
        if _public(key) in publics
        for mark in keyset_keys.of_key(key)
    )


def _trusted(body: bytes) -> Iterator[Mapping[str, object]]:
    return (key for key in contents.keys_of(body) if not key.get("distrustTimestamp"))


def _public(key: Mapping[str, object]) -> bytes:
    return key_material.public_key(key.get("publicMaterial"))


def _certificates(marks: frozenset[str]) -> frozenset[str]:
    return frozenset(filter(keyset_keys.is_certificate, marks))
