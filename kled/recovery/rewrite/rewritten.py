"""A rewritten definition: what changed, what is left to decide, and, once nothing is, its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from kled import yaml_text
from kled.errors import DefinitionUndecided, KledError
from kled.kops.state_store import layout
from kled.models.definition import object_name
from kled.recovery.rewrite.draft import Change, Draft
from kled.recovery.rewrite.undecided import Undecided
from kled.snapshot.restore.generations import continue_count

_NO_OBJECTS: Final[Mapping[str, bytes]] = MappingProxyType({})
_NO_COUNTS: Final[Mapping[str, int]] = MappingProxyType({})
Bodies = tuple[tuple[Draft, bytes], ...]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A definition for another place. Its bytes are kept back while anything is `undecided`."""

    cluster: str
    """The cluster's name, which stays."""
    changes: tuple[Change, ...]
    """Each field that is not as it was."""
    undecided: tuple[Undecided, ...]
    """Each field that would go on naming the old side, and the option that decides it."""
    differs: tuple[str, ...]
    """What will be different for those who use the cluster, in whole sentences."""
    statement: str
    """What a person said about the old side; empty: nothing."""
    _bodies: Bodies = field(repr=False)

    def require_decided(self) -> None:
        """Raise `DefinitionUndecided` where anything is left to decide."""
        if self.undecided:
            fields = f"{len(self.undecided)} field{'s' * (len(self.undecided) > 1)}"
            raise DefinitionUndecided(
                f'the definition of "{self.cluster}" would go on naming its old place in {fields}:'
                f" {'; '.join(map(str, self.undecided))}",
                hint="decide each by its option, or say that the field stays (kept)",
            )

    def documents(self) -> tuple[Mapping[str, Any], ...]:
        """Return the cluster and its groups. Raises `DefinitionUndecided`."""
        self.require_decided()
        return tuple(draft.document for draft, _ in self._bodies)

    def as_text(self) -> str:
        """Return all documents as `kops replace -f` reads them. Raises `DefinitionUndecided`."""
        return yaml_text.to_text(self.documents())

    def objects(
        self,
        stored: Mapping[str, bytes] = _NO_OBJECTS,
        known: Mapping[str, int] = _NO_COUNTS,
    ) -> dict[str, bytes]:
        """Return what the new store is given, by key within the cluster's part of it.

        What did not change is given byte for byte. kops' count of changes goes on from what is
        `stored` there, and from the highest that is `known` of each key (decision 42). Raises
        `DefinitionUndecided`.
        """
        self.require_decided()
        objects = {}
        for draft, body in self._bodies:
            key = _key(draft)
            changed = written(draft, body)
            if changed != body:
                changed = continue_count(changed, stored.get(key), known.get(key, 0))
            objects[key] = changed
        return objects

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.cluster,
            "changes": [
                {"field": each.field, "old": each.old, "new": each.new, "why": each.why}
                for each in self.changes
            ],
            "undecided": [each.as_json() for each in self.undecided],
            "differs": list(self.differs),
            "statement": self.statement or None,
        }


def written(draft: Draft, body: bytes) -> bytes:
    """Return a document as text, byte for byte where nothing of it changed.

    Raises `KledError` where it would not be read back the same.
    """
    if draft.document == draft.original:
        return body
    text = yaml_text.to_text([draft.document])
    if yaml_text.document(text) != draft.document:
        raise KledError("the rewritten definition would not be read as it is meant")
    return text.encode()


def _key(draft: Draft) -> str:
    name = object_name(draft.document)
    return f"{layout.GROUPS}{name}" if draft.owner else layout.CONFIG
