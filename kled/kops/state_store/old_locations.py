"""Which fields of a definition point into the store that its cluster was moved from. Pure.

kops writes `configBase` when it stores a definition and fills the other places in from it; any text
of the definition may name a place, so all of them are looked at. Where a place lies within the
cluster's own part of the old store, what was there is in the new one, too. Elsewhere in the old
store it is not: keys that kops does not find at a new place it makes anew, so such a field stays.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kled.kops.state_store.locations import kind, path, root_of

_NOT_MOVED: Final = "what is there is in no snapshot"


@dataclass(frozen=True, slots=True)
class OldPlace:
    """A field that names a place in the old store."""

    field: str
    url: str
    moved: str
    """The same place in the new store; empty where there is none."""
    stays: str
    """Why it cannot be moved, in words; empty where it can."""

    def __str__(self) -> str:
        """Return the field, from where to where."""
        return f"{self.field}: {self.url} -> {self.moved or f'stays: {self.stays}'}"

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"field": self.field, "old": self.url, "new": self.moved or None, "why": self.stays}


@dataclass(frozen=True, slots=True)
class Move:
    """From which place to which a cluster's state goes: URLs of state stores, and parts of them."""

    old_store: str
    old_part: str
    new_store: str
    new_part: str

    @property
    def foreign(self) -> str:
        """Why kops cannot use the new store in place of the old one, in words; empty: it can."""
        old, new = kind(self.old_store), kind(self.new_store)
        if old == new:
            return ""
        return f"{new}:// is another kind of store than {old}://, and machines read their cloud's"

    def of(self, field: str, text: str) -> OldPlace | None:
        """Return the place that a text names; None where it is no place in the old store."""
        if self._is_same or kind(text) != kind(self.old_store):
            return None
        here, own = path(text), path(_joined(self.old_store, self.old_part))
        if _is_below(here, own) and not self.foreign:
            new = _joined(self.new_store, self.new_part).partition("://")[2]
            scheme = "".join(text.partition("://")[:2]) if "://" in text else ""
            return OldPlace(field, text, f"{scheme}{new}{here.removeprefix(own)}", "")
        if not _is_below(here, path(self.old_store)):
            return None
        return OldPlace(field, text, "", self.foreign or _NOT_MOVED)

    @property
    def _is_same(self) -> bool:
        old, new = _joined(self.old_store, self.old_part), _joined(self.new_store, self.new_part)
        return path(old) == path(new)


def old_places(cluster: Mapping[str, Any], move: Move) -> tuple[OldPlace, ...]:
    """Return the fields of a cluster's spec that point into the old store, in their order."""
    return tuple(_places(cluster, move))


def moved(cluster: Mapping[str, Any], move: Move) -> dict[str, Any]:
    """Return the cluster with each field that can be moved pointing to the new place."""

    def turned(field: str, text: str) -> str:
        place = move.of(field, text)
        return place.moved if place and place.moved else text

    return {**cluster, "spec": _mapped("spec", cluster.get("spec"), turned)}


def _places(cluster: Mapping[str, Any], move: Move) -> Iterator[OldPlace]:
    places: list[OldPlace] = []

    def seen(field: str, text: str) -> str:
        place = move.of(field, text)
        places.extend([place] if place else [])
        return text

    _mapped("spec", cluster.get("spec"), seen)
    yield from places


def _mapped(field: str, value: Any, change: Callable[[str, str], str]) -> Any:  # noqa: ANN401
    """Return a YAML value with each text as `change` gives it back; elements go by their names."""
    if isinstance(value, str):
        return change(field, value)
    if isinstance(value, Mapping):
        return {key: _mapped(f"{field}.{key}", inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mapped(_element(field, *pair), pair[1], change) for pair in enumerate(value)]
    return value


def _element(field: str, index: int, value: object) -> str:
    name = value.get("name") if isinstance(value, Mapping) else None
    return f"{field}[{name if isinstance(name, str) else index}]"


def _joined(store: str, part: str) -> str:
    return root_of(store, part.strip("/"))


def _is_below(place: str, root: str) -> bool:
    return f"{place}/".startswith(f"{root}/")
