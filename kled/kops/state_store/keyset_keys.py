"""Which keys a keyset holds, as marks that can be compared and shown: never a secret. Pure.

A mark is a key's id, the digest of its certificate, or both together. A rotation adds a key to a
keyset before it takes one away, and a certificate that kops issues anew joins the one before it
under an id of its own (`CreateKeyset` of upup/pkg/fi/fitasks/keypair.go), so two pictures of one
identity share a certificate, and no id has two. Where they do not, the keyset is another one of the
same name: an id alone is text that anybody can keep. It counts where one side knows nothing else.
Where the key that signed is gone, and an older one signs, somebody put back what was there before a
rotation: the machines may distrust it by now. Ids are times (`BuildPKISerial` of pkg/pki), so they
have an order. What cannot be read has no marks, and is not compared.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from kled.kops.state_store import contents, layout
from kled.kops.state_store.identity import NODE_CONFIGS

Marks = Mapping[str, frozenset[str]]
"""The marks of each keyset, by the name that kops gives it today; never empty ones."""
_PEM_LINE: Final = re.compile(rb"-----(BEGIN|END) ([A-Z ]{1,60})-----")
_ID, _DIGEST, _KEY, _PRIMARY = "id ", "sha256 ", "key ", "primary "
"""What marks begin with: an id, the digest of a certificate, an id and the digest that it has, and
the id of the key that signs."""
CONFIGS: Final = "igconfig/"
"""Below it stands what every machine is configured with."""
_LONGEST: Final = 100  # characters of an id; kops' own have 28 digits


def files(keys: Iterable[str]) -> dict[str, str]:
    """Return the key of the file that kops reads of each keyset, by the keyset's present name."""
    ending = f"/{layout.KEYSET_FILE}"
    present = {
        key.split("/")[2]: key
        for key in keys
        if key.startswith(layout.KEYSETS) and key.endswith(ending)
    }
    for name, old in contents.OLD_NAMES.items():
        legacy = present.pop(old, None)
        if legacy is not None:
            present.setdefault(name, legacy)
    return present


def of_store(objects: Mapping[str, bytes]) -> dict[str, frozenset[str]]:
    """Return the marks of the keysets among a cluster's objects, by key relative to its prefix."""
    keysets = {name: marks(objects[key]) for name, key in files(objects).items()}
    return {name: held for name, held in keysets.items() if held}


def of_machines(
    objects: Mapping[str, bytes], cluster: str, *, below: str = NODE_CONFIGS
) -> dict[str, frozenset[str]]:
    """Return the marks that the control plane's configuration names of each keyset.

    All of its files together, or of those `below` another place. What cannot be read tells nothing,
    and what is configured for machines of another cluster nothing of this one: somebody copied it.
    """
    issuers: dict[str, set[str]] = {}
    for key, body in objects.items():
        document = contents.mapping(body) if is_node_config(key, below) else None
        if document is None or document.get("ClusterName", cluster) != cluster:
            continue
        ids, certificates = document.get("KeypairIDs"), document.get("CAs")
        certificates = certificates if isinstance(certificates, Mapping) else {}
        for name, number in ids.items() if isinstance(ids, Mapping) else ():
            held = issuers.setdefault(str(name), set())
            held |= {*_of_id(number), *_of_certificates(certificates.get(name))}
    return {name: frozenset(held) for name, held in issuers.items() if held}


def is_node_config(key: str, below: str = NODE_CONFIGS) -> bool:
    """Whether a control plane's configuration stands at `key`, relative to the prefix.

    Or, `below` another place, that of other machines.
    """
    return key.startswith(below) and key.endswith("nodeupconfig.yaml")


def others(had: Marks, has: Marks) -> tuple[str, ...]:
    """Return the keysets, sorted, that are not those of that name before."""
    both = had.keys() & has.keys()
    return tuple(sorted(name for name in both if _differ(had[name], has[name])))


def lacking(named: Marks, has: Marks) -> tuple[str, ...]:
    """Return the keysets, sorted, that lack a key which the machines' configuration names.

    They may be another authority's, or the same one's from before a rotation. Where files of the
    configuration name several, as one that is left of a group that went, any of them will do.
    """
    both = named.keys() & has.keys()
    return tuple(sorted(name for name in both if _lacks(named[name], has[name])))


def _lacks(named: frozenset[str], has: frozenset[str]) -> bool:
    ids, held = _ending(named, _ID), _ending(has, _ID)
    return bool(ids and held and not ids & held) or _differ(named, has)


def untrusted(named: Marks, objects: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the keysets among `objects`, sorted, that lack or distrust a key that is `named`."""
    gone = {name: _distrusted(objects[key]) for name, key in files(objects).items()}
    distrusted = {name for name in named.keys() & gone.keys() if named[name] & gone[name]}
    return tuple(sorted(distrusted.union(lacking(named, of_store(objects)))))


def undone(had: Marks, has: Marks) -> tuple[str, ...]:
    """Return the keysets, sorted, of which `has` is an earlier phase of the rotation in `had`.

    They are the same authority's: one with other certificates alone is another one, not an earlier.
    """
    both = had.keys() & has.keys()
    return tuple(
        sorted(
            name
            for name in both
            if _is_undone(had[name], has[name])
            and _ending(had[name], _DIGEST) & _ending(has[name], _DIGEST)
        )
    )


def _differ(had: frozenset[str], has: frozenset[str]) -> bool:
    """Whether no certificate is in both, an id of both has another one, or a rotation is undone."""
    before, now = _pairs(had), _pairs(has)
    if any(before[number] != now[number] for number in before.keys() & now.keys()):
        return True
    if _is_undone(had, has):
        return True
    certificates = [_ending(marks, _DIGEST) for marks in (had, has)]
    if all(certificates):
        return not certificates[0] & certificates[1]
    return not had & has


def _is_undone(had: frozenset[str], has: frozenset[str]) -> bool:
    """Whether the key that signed is gone, and an older one signs."""
    signed, held = _ending(had, _PRIMARY), _ending(has, _ID)
    signs = _ending(has, _PRIMARY) or held  # kops takes the newest where none is named
    if signed <= held or not all(key.isdecimal() for key in signed | signs):
        return False
    return max(map(int, signs), default=0) < max(map(int, signed))


def _ending(marks: frozenset[str], beginning: str) -> frozenset[str]:
    """Return what follows in the marks that begin so."""
    return frozenset(mark.removeprefix(beginning) for mark in marks if mark.startswith(beginning))


def _pairs(marks: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return the certificates of each id, where the marks tell which belong to it."""
    ids: dict[str, set[str]] = {}
    for mark in marks:
        if mark.startswith(_KEY):
            number, _, digest = mark.removeprefix(_KEY).rpartition(" ")
            ids.setdefault(number, set()).add(digest)
    return {number: frozenset(digests) for number, digests in ids.items()}


def marks(body: bytes) -> frozenset[str]:
    """Return the marks of one keyset's file; none where it cannot be read."""
    document = contents.keyset(body)
    spec = document.get("spec") if document else None
    keys = spec.get("keys") if isinstance(spec, Mapping) else None
    held: set[str] = set()
    for key in _mappings(keys):
        ids, digests = {*_of_id(key.get("id"))}, {*_of_material(key.get("publicMaterial"))}
        held |= ids | digests
        held |= {_of_both(number, digest) for number in ids for digest in digests}
    if held and isinstance(spec, Mapping):
        held |= {f"{_PRIMARY}{id_.removeprefix(_ID)}" for id_ in _of_id(spec.get("primaryId"))}
    return frozenset(held)


def _distrusted(body: bytes) -> frozenset[str]:
    """Return the marks of the keys of a keyset's file that nobody is to trust any more."""
    keys = contents.keys_of(body)
    return frozenset(mark for key in keys if key.get("distrustTimestamp") for mark in of_key(key))


def of_key(key: Mapping[str, object]) -> frozenset[str]:
    """Return the marks of one key of a keyset: of its id, and of its certificate."""
    return frozenset((*_of_id(key.get("id")), *_of_material(key.get("publicMaterial"))))


def certificates(keysets: Iterable[Iterable[str]]) -> frozenset[str]:
    """Return the marks of certificates among those of several keysets."""
    return frozenset(mark for held in keysets for mark in held if is_certificate(mark))


def is_certificate(mark: str) -> bool:
    """Whether a mark is that of a certificate."""
    return mark.startswith(_DIGEST)


def of_certificate(digest: str) -> str:
    """Return the mark of a certificate by the SHA-256 (hex) of its PEM body without line ends."""
    return f"{_DIGEST}{digest}"


def _mappings(value: object) -> Iterator[Mapping[str, object]]:
    yield from (
        (mapping for mapping in value if isinstance(mapping, Mapping))
        if isinstance(value, list)
        else ()
    )


def _of_both(number: str, digest: str) -> str:
    return f"{_KEY}{number.removeprefix(_ID)} {digest.removeprefix(_DIGEST)}"


def _of_id(number: object) -> Iterator[str]:
    if isinstance(number, str | int) and not isinstance(number, bool) and str(number):
        yield f"{_ID}{str(number)[:_LONGEST]}"


def _of_material(text: object) -> Iterator[str]:
    if isinstance(text, str):
        try:
            yield from _of_pem(base64.b64decode(text))
        except (binascii.Error, ValueError):
            return


def _of_certificates(text: object) -> Iterator[str]:
    """Yield the marks of the certificates that stand one after the other."""
    if isinstance(text, str):
        yield from _of_pem(text.encode())


def _of_pem(text: bytes) -> Iterator[str]:
    """Yield the digest of each block; a begin counts with the end that follows it, in one pass."""
    begin: re.Match[bytes] | None = None
    for line in _PEM_LINE.finditer(text):
        if line[1] == b"END" and begin is not None and begin[2] == line[2]:
            body = b"".join(text[begin.end() : line.start()].split())
            if body:
                yield f"{_DIGEST}{hashlib.sha256(body).hexdigest()}"
        begin = line if line[1] == b"BEGIN" else None
