"""The names of a definition's etcd clusters and members: each is a volume with a cluster's objects.

kops finds the volumes of etcd by these names (`k8s.io/etcd/main` = `a/a,b,c` of
pkg/model/master_volumes.go): under another name it makes an empty one, and the objects that people
stored are left behind on the old one. Pure.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kled.kops.fields import set_paths

Document = Mapping[str, Any]
Names = Mapping[str, frozenset[str]]
"""Etcd cluster to its members."""
EtcdMembers = list[tuple[str, list[str]]]
"""Etcd clusters and their members in the order of the definition, which indexes go by."""
_ETCDS: Final = ("spec", "etcdClusters")
_NAME: Final = (*_ETCDS, "*", "name")
_MEMBER: Final = (*_ETCDS, "*", "etcdMembers", "*", "name")
_INDEX: Final = re.compile(r"\[\s*(\*|\d+)\s*\]")


def names(document: Document) -> Names:
    """Return the etcd clusters of a definition with their members."""
    return {name: frozenset(members) for name, members in _rows(document)}


def lost(before: Names, after: Names) -> tuple[str, ...]:
    """Return what of `before` is not in `after`, in words; a member that is new is no loss."""
    return tuple(
        lost
        for etcd in sorted(before)
        for lost in (
            [
                f"member {member} of etcd cluster {etcd}"
                for member in sorted(before[etcd] - after[etcd])
            ]
            if etcd in after
            else [f"etcd cluster {etcd}"]
        )
    )


def renaming(document: Document, applied: Document) -> tuple[str, ...]:
    """Return the assignments of `--set` that give what was renamed its applied name again.

    What the definition has and was never applied is taken for the lost name of the same rank; what
    was taken out has nothing that could be renamed.
    """
    before, now = list(_rows(applied)), list(_rows(document))
    differing = []
    etcds = _renamed_from([name for name, _ in before], [name for name, _ in now])
    members_of = dict(before)
    for at, (name, members) in enumerate(now):
        field = f"spec.etcdClusters[{at}]"
        if at in etcds:
            differing.append(f"{field}.name={etcds[at]}")
        earlier = members_of.get(etcds.get(at, name), [])
        for which, old in _renamed_from(earlier, members).items():
            differing.append(f"{field}.etcdMembers[{which}].name={old}")
    return tuple(differing)


def _renamed_from(before: Sequence[str], now: Sequence[str]) -> dict[int, str]:
    """Return the earlier name at each index of `now` that holds a name which is not in `before`."""
    gone = iter(name for name in before if name not in now)
    new = (at for at, name in enumerate(now) if name not in before)
    return dict(zip(new, gone, strict=False))


def names_after(document: Document, sets: Sequence[str], unsets: Sequence[str]) -> Names:
    """Return the names that a definition has once kops has set and unset these fields.

    What sets or unsets more than one name at once takes all of them away, and is nothing that
    anybody needs.
    """
    now = [(name, [*members]) for name, members in _rows(document)]
    for text in sets:
        path, value = set_paths.assignment(text)
        now = _changed(now, path, text.partition("=")[0], value)
    for text in unsets:
        now = _changed(now, set_paths.path_of(text), text, None)
    return {name: frozenset(filter(None, members)) for name, members in now if name}


def _changed(
    before: EtcdMembers, path: set_paths.Path, text: str, value: str | None
) -> EtcdMembers:
    if not any(set_paths.overlap(path, field) for field in (_NAME, _MEMBER)) or not path:
        return before
    if path not in {_NAME, _MEMBER}:
        return []
    etcd, *member = _INDEX.findall(text)
    rows: EtcdMembers = []
    for at, (name, members) in enumerate(before):
        if etcd not in {"*", str(at)}:
            rows.append((name, members))
        elif path == _NAME:
            rows.append((value or "", members))
        else:
            rows.append((name, _renamed(members, member[0], value or "")))
    return rows


def _renamed(members: list[str], which: str, value: str) -> list[str]:
    more = [value] if which.isdecimal() and int(which) >= len(members) else []
    return [
        value if which in {"*", str(at)} else member for at, member in enumerate(members)
    ] + more


def rows(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name of each etcd cluster with its object, in the order of the definition."""
    spec = document.get("spec")
    etcds = spec.get("etcdClusters") if isinstance(spec, Mapping) else None
    yield from ((str(etcd.get("name", "")), etcd) for etcd in _mappings(etcds))


def _rows(document: Document) -> Iterator[tuple[str, list[str]]]:
    for name, etcd in rows(document):
        yield name, [str(mapping.get("name", "")) for mapping in _mappings(etcd.get("etcdMembers"))]


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (
        (mapping for mapping in value if isinstance(mapping, Mapping))
        if isinstance(value, list)
        else ()
    )
