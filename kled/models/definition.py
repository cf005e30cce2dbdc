"""A cluster's stored definition: the cluster object and its instance groups, field by field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_VOLATILE: Final = frozenset({"metadata.creationTimestamp", "metadata.generation"})
"""What the state store adds and counts up by itself (captures 20-dry-run-yaml, 13c)."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A cluster and its groups as kops documents, without judging any field of them."""

    cluster: Mapping[str, object]
    groups: tuple[Mapping[str, object], ...]
    """Sorted by name."""

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
        `spec.subnets[0].cidr`); those of a group after its name (`nodes-a: spec.maxSize`). A group
        that only one of the two has is named as such.
        """
        found = list(_differing(self.cluster, other.cluster))
        mine, theirs = _by_name(self), _by_name(other)
        for name in sorted(mine.keys() | theirs.keys()):
            if name in mine and name in theirs:
                found += [f"{name}: {field}" for field in _differing(mine[name], theirs[name])]
            else:
                found.append(f"instance group {name}")
        return tuple(sorted(found))

    def is_part_of(self, whole: "Definition") -> bool:
        """Whether this lacks groups of `whole` but has nothing that differs from it.

        So looks what a killed `kops create cluster` leaves: it writes the cluster object first and
        then one group after the other.
        """
        mine, theirs = _by_name(self), _by_name(whole)
        return (
            mine.keys() < theirs.keys()
            and not any(_differing(self.cluster, whole.cluster))
            and not any(field for name in mine for field in _differing(mine[name], theirs[name]))
        )

    def as_yaml(self) -> str:
        """Return the documents as `kops replace` reads them."""
        import yaml  # noqa: PLC0415 - reads that show no definition do without

        documents = [dict(self.cluster), *map(dict, self.groups)]
        return str(yaml.safe_dump_all(documents, sort_keys=True))

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"cluster": dict(self.cluster), "groups": [dict(group) for group in self.groups]}


def object_name(document: Mapping[str, object]) -> str:
    """Return `metadata.name`, empty where a document has none."""
    metadata = document.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""


def _by_name(definition: Definition) -> dict[str, Mapping[str, object]]:
    return {object_name(group): group for group in definition.groups}


def _differing(left: Mapping[str, object], right: Mapping[str, object]) -> Iterator[str]:
    flat_left, flat_right = dict(_flatten("", left)), dict(_flatten("", right))
    for field in flat_left.keys() | flat_right.keys():
        if field not in _VOLATILE and flat_left.get(field) != flat_right.get(field):
            yield field


def _flatten(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield every leaf with its dotted path; empty lists and maps are leaves."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flatten(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _flatten(f"{path}[{index}]", inner)
    else:
        yield path, value
