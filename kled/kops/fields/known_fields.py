"""The fields of a Cluster and an InstanceGroup by the names under which kops stores them.

`stored_fields.json` holds, by type, the names of kops 1.36 (pkg/apis/kops/v1alpha2), and the kind
of each: a type, `[]` and `{}` of one, `string`, `int32` … or `any`. A kind after `-` is read and
stored nowhere; one after `!` is stored, and `kops --set` cannot set it. Pure.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import Final, Literal

Kind = Literal["Cluster", "InstanceGroup"]
Path = tuple[str, ...]
"""Fields from the outside in; an index of a list is a number or `*`, which stands for all."""
_META: Final = {
    "name": "string",
    "labels": "{}string",
    "annotations": "{}string",
    "creationTimestamp": "string",
    "generation": "int64",
}
_TOP: Final = {"kind": "string", "apiVersion": "string", "metadata": "ObjectMeta", "spec": ""}
_SPECS: Final = {"Cluster": "ClusterSpec", "InstanceGroup": "InstanceGroupSpec"}
_SHOWN: Final[Mapping[Kind, Mapping[str, str]]] = {
    "Cluster": {
        "name": "metadata.name",
        "labels": "metadata.labels",
        "cloud": "spec.cloudProvider",
        "dns": "spec.topology.dns.type",
        "zones": "spec.subnets[0].zone",
    },
    "InstanceGroup": {
        "name": "metadata.name",
        "min": "spec.minSize",
        "max": "spec.maxSize",
        "labels": "spec.nodeLabels",
    },
}
"""kled's own short words for fields, in its lists and options, where they differ."""
_OWN_NAME: Final = {"Cluster": "cluster.", "InstanceGroup": "instancegroup."}
"""What kops allows in front of a path (pkg/commands/set_cluster.go, set_instancegroups.go)."""
_FIELD: Final = re.compile(r"[./]?([A-Za-z_][\w-]*)", re.ASCII)
_INDEX: Final = re.compile(r"\[\s*(\*|\d{1,9})\s*\]", re.ASCII)
_ELEMENT: Final = re.compile(r"\[([^\]]*)\]|[./]?([^./\[\]]+)")
_KEY: Final = re.compile(r"[./](.+)|\[(?P<quote>[\"']?)(.+)(?P=quote)\]", re.ASCII | re.DOTALL)
_NEAR: Final = 0.6


@dataclass(frozen=True, slots=True)
class Field:
    """A field that exists, as somebody names it."""

    path: Path
    kind: str
    """Of its value, without the marks."""
    key: str | None = None
    """The key of a map's entry, whatever signs it holds."""
    dropped: bool = False
    """Whether kops reads it and stores nothing of it."""
    settable: bool = True

    @property
    def name(self) -> str:
        """The name as it is written, `spec.etcdClusters[0].version` or `spec.nodeLabels[a.b/c]`."""
        return spelled(self.path) + (f"[{self.key}]" if self.key is not None else "")


class NoSuchField(ValueError):
    """There is no field of that name; `nearest` are names that may be meant, best first."""

    def __init__(self, problem: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.nearest = nearest


class NoElement(NoSuchField):
    """An element of the list at `path` is not named by its number but by `element`, or not at all.

    `rest` is what is named of it, and `named` the text that names the whole.
    """

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(f"{spelled(path)} is a list, whose elements are numbered")
        match = _ELEMENT.match(text)
        self.path = path
        self.element = (match[1] or match[2] or "").strip("\"' ") if match else ""
        self.rest = text[match.end() :] if match else text
        self.text = text


def field_of(kind: Kind, text: str) -> Field:
    """Return the field that `text` names; raise `NoSuchField`.

    Takes `/` for `.`, as kops does. Below a map everything is one key: dots and slashes belong to
    it, as in `spec.nodeLabels.node-role.kubernetes.io/spot`; brackets around it are taken, too.
    """
    rest = text.strip().removeprefix(_OWN_NAME[kind])
    path: Path = ()
    holds = kind_of = f"={kind}"
    while rest:
        if kind_of.startswith("{}"):
            return Field(path, kind_of[2:], _key(path, rest), *_marks(holds))
        if kind_of == "any":
            path, rest = (*path, *_tokens(rest)), ""
            continue
        part, rest = _next(kind, path, kind_of, rest)
        path = (*path, part)
        if kind_of.startswith("[]"):
            kind_of = kind_of[2:]
        else:
            marked = fields_of(kind_of)[part]
            holds, kind_of = _heavier(holds, marked), marked.lstrip("-!")
    if not path:
        raise NoSuchField(f"{text!r} names no field")
    return Field(path, kind_of, None, *_marks(holds))


def fields_of(type_name: str) -> Mapping[str, str]:
    """Return the fields of a type with their kinds, marks included; none for a scalar's kind."""
    if type_name.startswith("="):
        return {**_TOP, "spec": _SPECS[type_name[1:]]}
    return _META if type_name == "ObjectMeta" else _types().get(type_name, {})


def spelled(path: Path) -> str:
    """Return the path as people and kops write it."""
    parts = (f"[{part}]" if part == "*" or part.isdigit() else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


@cache
def _types() -> Mapping[str, Mapping[str, str]]:
    file = FilePath(__file__).with_name("stored_fields.json")
    loaded: Mapping[str, Mapping[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def _next(kind: Kind, path: Path, kind_of: str, rest: str) -> tuple[str, str]:
    """Return the next part of a path and what is left of the text."""
    if kind_of.startswith("[]"):
        index = _INDEX.match(rest)
        if index is None:
            raise NoElement(path, rest)
        return index[1], rest[index.end() :]
    token = _FIELD.match(rest)
    if token is None or token[1] not in fields_of(kind_of):
        wrong = token[1] if token else rest
        raise NoSuchField(
            f"{spelled((*path, wrong)) if token else spelled(path) + rest} is not a field",
            tuple(_nearest(kind, path, kind_of, wrong, rest[token.end() :] if token else "")),
        )
    return token[1], rest[token.end() :]


def _nearest(kind: Kind, path: Path, kind_of: str, wrong: str, rest: str) -> Iterator[str]:
    """Yield the names that may be meant: kled's own for it, those beside it, those elsewhere.

    `rest` is what follows the wrong one; it stays where it names something of the right one, too.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only where a name is wrong

    if path in ((), ("spec",)) and _folded(wrong) in _SHOWN[kind]:
        yield _whole(kind, _SHOWN[kind][_folded(wrong)], rest)
    for where in ((path, kind_of), *([] if path else [(("spec",), _SPECS[kind])])):
        beside = {_folded(name): name for name in fields_of(where[1])}
        for near in get_close_matches(_folded(wrong), beside, n=1, cutoff=_NEAR):
            yield _whole(kind, spelled((*where[0], beside[near])), rest)
    for other in _everywhere(kind):
        if _folded(other[-1]) == _folded(wrong):
            yield _whole(kind, spelled(other), rest)


def _folded(name: str) -> str:
    """Return what names of one field have in common: `min_size`, `min-size` and `minSize`."""
    return name.lower().replace("_", "").replace("-", "")


def _whole(kind: Kind, name: str, rest: str) -> str:
    """Return the name with what follows it, where that is a field, too."""
    try:
        field_of(kind, f"{name}{rest}")
    except NoSuchField:
        return name
    return f"{name}{rest}"


@cache
def _everywhere(kind: Kind) -> tuple[Path, ...]:
    """Return all paths of an object, shallow ones first."""
    return tuple(sorted(_all(f"={kind}", ()), key=lambda path: (len(path), path)))


def _all(type_name: str, path: Path) -> Iterator[Path]:
    for name, marked in fields_of(type_name).items():
        inner = marked.lstrip("-!")
        here = (*path, name)
        yield here
        if inner.startswith("[]"):
            inner, here = inner[2:], (*here, "*")
        yield from _all(inner, here)


def _key(path: Path, rest: str) -> str:
    key = _KEY.fullmatch(rest)
    if key is None:
        raise NoSuchField(f"{spelled(path)}{rest} names no key", (f"{spelled(path)}.KEY",))
    return key[1] if key[1] is not None else key[3]


def _tokens(rest: str) -> Iterator[str]:
    for token in re.finditer(r"\[\s*(\*|\d+)\s*\]|[^./\[\]\s]+", rest):
        yield token[1] or token[0]


def _heavier(holds: str, marked: str) -> str:
    """Return the mark that counts for all below: what is inside of a dropped field is dropped."""
    return holds if holds.startswith(("-", "!")) else marked


def _marks(holds: str) -> tuple[bool, bool]:
    return holds.startswith("-"), not holds.startswith("!")
