"""A cluster's stored definition: the cluster, its instance groups and what else belongs to it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

COUNTED: Final = ("metadata.creationTimestamp", "metadata.generation")
"""What kops counts by itself, and nobody edits."""
"""What the state store adds and counts up by itself (captures 20-dry-run-yaml, 13c)."""
_SSH: Final = "SSHCredential"
"""Printed by a dry run with a key, never by `get all`: the key is stored among the keys."""
_HIDDEN: Final = "(hidden)"
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Definition:
    """A cluster and its groups as kops documents, without judging any field of them."""

    cluster: Mapping[str, object]
    groups: tuple[Mapping[str, object], ...]
    """Sorted by name."""
    more: tuple[Mapping[str, object], ...] = ()
    """Documents of other kinds, for example the ConfigMaps that kops applies as additional objects
    and the SSHCredential of a dry run; in kops' order."""

    @property
    def name(self) -> str:
        """The cluster's name."""
        return object_name(self.cluster)

    @property
    def group_names(self) -> tuple[str, ...]:
        """The names of the instance groups, sorted."""
        return tuple(sorted(object_name(group) for group in self.groups))

    def differences(self, other: "Definition") -> tuple[str, ...]:
        """Name the dotted fields that differ, timestamps and generations aside; sorted.

        Fields of the cluster stand for themselves (`spec.kubernetesVersion`, list entries as
        `spec.subnets[0].cidr`); those of a group after its name (`nodes-a: spec.maxSize`), those of
        another object after its kind and name. A group or object that only one of the two has is
        named as such. SSH keys are none of it: kops stores them among the keys.
        """
        differing = list(_differing(self.cluster, other.cluster))
        differing += _differing_named("instance group ", _by_name(self), _by_name(other))
        differing += _differing_named("", _objects(self), _objects(other))
        return tuple(sorted(differing))

    @property
    def digests(self) -> Mapping[str, str]:
        """The first digits of the SHA-256 of each object by its kind and name, as `differences`.

        Timestamps and generations are none of it, and neither are SSH keys.
        """
        groups = {f"instance group {name}": group for name, group in _by_name(self).items()}
        objects = {"cluster": self.cluster, **groups, **_objects(self)}
        return {name: _digest(document) for name, document in objects.items()}

    def is_part_of(self, whole: "Definition") -> bool:
        """Whether this lacks groups of `whole` but has nothing that differs from it.

        So looks what a killed `kops create cluster` leaves: it writes the cluster object first and
        then one group after the other.
        """
        mine, theirs = _by_name(self), _by_name(whole)
        return (
            mine.keys() < theirs.keys()
            and not _differing_named("", _objects(self), _objects(whole))
            and not any(_differing(self.cluster, whole.cluster))
            and not any(field for name in mine for field in _differing(mine[name], theirs[name]))
        )

    def as_yaml(self) -> str:
        """Return all documents as kops prints them; every reader takes them for what they are."""
        from kled.yaml_text import to_text  # noqa: PLC0415 - reads that show none do without

        return to_text((self.cluster, *self.groups, *self.more), sort_keys=True)

    def replaceable(self) -> "Definition":
        """Return what `kops replace` takes: it refuses other kinds, and leaves them as stored."""
        kept = tuple(each for each in self.more if each.get("kind") == _SSH)
        return Definition(self.cluster, self.groups, kept)

    @property
    def shown(self) -> tuple[Mapping[str, object], ...]:
        """All documents, as `kops create -f` reads them; values of a Secret are hidden."""
        return (self.cluster, *self.groups, *(_without_secrets(each) for each in self.more))

    @property
    def hidden(self) -> tuple[str, ...]:
        """The Secrets among the objects, whose values nobody is shown."""
        return tuple(object_name(each) for each in self.more if each.get("kind") == "Secret")

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`; the values of a Secret among the objects are hidden."""
        more = {"more": [_without_secrets(each) for each in self.more]} if self.more else {}
        groups = [dict(group) for group in self.groups]
        return {"cluster": dict(self.cluster), "groups": groups, **more}


def object_name(document: Mapping[str, object]) -> str:
    """Return `metadata.name`, empty where a document has none."""
    metadata = document.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""


def _by_name(definition: Definition) -> dict[str, Mapping[str, object]]:
    return {object_name(group): group for group in definition.groups}


def _objects(definition: Definition) -> dict[str, Mapping[str, object]]:
    """Return the other objects by kind, namespace and name, those with one name apart."""
    by_name: dict[str, Mapping[str, object]] = {}
    for each in definition.more:
        metadata = each.get("metadata")
        namespace = metadata.get("namespace") if isinstance(metadata, Mapping) else None
        name = (
            f"{each.get('kind')} {f'{namespace}/' if namespace else ''}{object_name(each)}".strip()
        )
        if each.get("kind") != _SSH:
            by_name[f"{name} ({len(by_name)})" if name in by_name else name] = each
    return by_name


def _digest(document: Mapping[str, object]) -> str:
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 2 ms, and not for a list

    counting = [leaf for leaf in leaves("", document) if leaf[0] not in COUNTED]
    body = json.dumps(sorted(counting, key=lambda leaf: leaf[0]), default=str)
    return hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def _differing_named(
    kind: str,
    mine: Mapping[str, Mapping[str, object]],
    theirs: Mapping[str, Mapping[str, object]],
) -> list[str]:
    """Name the differing fields after their object's name, and objects that only one side has."""
    differing = []
    for name in sorted(mine.keys() | theirs.keys()):
        if name in mine and name in theirs:
            differing += [f"{name}: {field}" for field in _differing(mine[name], theirs[name])]
        else:
            differing.append(f"{kind}{name}")
    return differing


def _without_secrets(document: Mapping[str, object]) -> dict[str, object]:
    if document.get("kind") != "Secret":
        return dict(document)
    return {
        key: dict.fromkeys(value, _HIDDEN)
        if key in {"data", "stringData"} and isinstance(value, Mapping)
        else value
        for key, value in document.items()
    }


def _differing(left: Mapping[str, object], right: Mapping[str, object]) -> Iterator[str]:
    flat_left, flat_right = dict(leaves("", left)), dict(leaves("", right))
    for field in flat_left.keys() | flat_right.keys():
        if field not in COUNTED and flat_left.get(field) != flat_right.get(field):
            yield field


def leaves(
    path: str, value: object, is_leaf: Callable[[list[object]], bool] = lambda _list: False
) -> Iterator[tuple[str, object]]:
    """Yield every leaf below `path` with its dotted path; empty lists and maps are leaves.

    So is a list of which `is_leaf` says so; else its entries are walked, by their index.
    """
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(f"{path}.{key}" if path else str(key), inner, is_leaf)
    elif isinstance(value, list) and value and not is_leaf(value):
        for index, inner in enumerate(value):
            yield from leaves(f"{path}[{index}]", inner, is_leaf)
    else:
        yield path, value
