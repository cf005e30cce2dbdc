"""Bytes that are no document any more, and documents in another form than kled's own."""

import json
import random
from collections.abc import Callable
from typing import Any, Final

_Change = Callable[[random.Random, bytearray, int, bytes], None]


def _flip(chance: random.Random, body: bytearray, at: int, _other: bytes) -> None:
    if body:
        body[at] ^= 1 << chance.randrange(8)


def _cut(_chance: random.Random, body: bytearray, at: int, _other: bytes) -> None:
    del body[at:]


def _insert(chance: random.Random, body: bytearray, at: int, _other: bytes) -> None:
    body[at:at] = chance.randbytes(chance.randrange(1, 64))


def _splice(chance: random.Random, body: bytearray, at: int, other: bytes) -> None:
    body[at:] = other[chance.randrange(max(1, len(other))) :]


def _replace(_chance: random.Random, body: bytearray, _at: int, other: bytes) -> None:
    body[:] = other


def _fill(_chance: random.Random, body: bytearray, at: int, _other: bytes) -> None:
    body[at : at + 40] = b"\0" * len(body[at : at + 40])


def _behind(chance: random.Random, body: bytearray, _at: int, _other: bytes) -> None:
    body += chance.choice((b" ", b"\n", b"\n\n", b"{}", b"\0", b"x" * 1000))


def _before(chance: random.Random, body: bytearray, _at: int, _other: bytes) -> None:
    body[:0] = chance.choice((b" ", b"\n", b"\xef\xbb\xbf", b"\0"))


def _twice(_chance: random.Random, body: bytearray, _at: int, _other: bytes) -> None:
    body += bytes(body)


_CHANGES: Final[tuple[_Change, ...]] = (
    *(_flip, _flip, _flip, _cut, _insert),
    *(_splice, _replace, _fill, _behind, _before, _twice),
)


def damaged(chance: random.Random, body: bytes, other: bytes) -> tuple[str, bytes]:
    """Change bytes, as a disk or a careless hand does; `other` are those of another object."""
    new, at, change = bytearray(body), chance.randrange(max(1, len(body))), chance.choice(_CHANGES)
    change(chance, new, at, other)
    return f"{change.__name__.strip('_')} at {at}", bytes(new)


def other_forms(chance: random.Random, document: Any) -> tuple[str, bytes]:
    """Write the same document as JSON in another form than its canonical one."""
    plain = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    how = chance.choice(
        ("spaces", "order", "escapes", "a key twice", "no line feed", "float", "trailing")
    )
    match how:
        case "spaces":
            text = json.dumps(document, indent=1, ensure_ascii=False)
        case "order" if isinstance(document, dict):
            text = json.dumps(dict(reversed(document.items())), separators=(",", ":"))
        case "escapes":
            text = plain.replace('"format"', '"\\u0066ormat"')
        case "a key twice":
            text = plain[:1] + '"format":1,' + plain[1:]
        case "no line feed":
            return how, plain.encode(errors="replace")
        case "float":
            text = plain.replace('"format":1', '"format":1.0').replace('"format":2', '"format":2e0')
        case _:
            text = plain + " "
    return how, text.encode(errors="replace") + b"\n"


def _aliases() -> bytes:
    lines = (
        b"%c: &%c [%s]\n" % (one, one, b"*%c,*%c,*%c,*%c" % ((one - 1,) * 4))
        for one in range(98, 122)
    )
    return b"a: &a [x,x,x,x]\n" + b"".join(lines)


def _leaves() -> bytes:
    return (
        b"? " + b"k" * 200_000 + b"\n: {" + b",".join(b"a%d: 1" % n for n in range(3000)) + b"}\n"
    )


_CERTIFICATES: Final = b"LS0tLS1CRUdJTiBBLS0tLS14" * 20_000
RAW: Final[dict[str, bytes]] = {
    "deep lists": b"[" * 200_000 + b"]" * 200_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "infinity": b'{"format":1,"keys":[Infinity],"removed":[NaN],"number":1e999}',
    "many digits": b'{"format":2,"number":' + b"9" * 5000 + b"}",
    "half a pair": b'{"format":2,"kind":"\\ud800"}',
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "a list": b"[]\n",
    "a text": b'"x"\n',
    "a newer format": b'{"format":3}',
    "aliases": _aliases(),
    "itself": b"kind: &a [*a]\n",
    "a tag": b"kind: !!bool xyz\n",
    "a python": b"kind: !!python/object/apply:os.system [id]\n",
    "merges": b"a: &a {b: 1}\nkind: {<<: [*a, *a], b: 2}\n",
    "a long key": _leaves(),
    "many values": b"[" + b"1," * 250_000 + b"1]",
    "many documents": b"--- {kind: Cluster}\n" * 3000,
    "certificates": b'{"kind":"Keyset","spec":{"keys":[{"id":"1","publicMaterial":"%s"}]}}\n'
    % _CERTIFICATES,
    "a number of digits": b"kind: Cluster\nmetadata: {name: demo.k8s.local}\nspec: {n: %s}\n"
    % (b"9" * 5000),
    "control characters": b"\x07" * 300_000,
}
"""Whole bodies, whatever stood there."""
