"""The definition that was applied last, and the one before it, on record by their digests.

`<state-store>/.kled/applied/<cluster>.json`, written after each update by the holder of the
cluster's lease. A definition that was stored and withdrawn before any update was never applied: a
way back leads past it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from kled.documents import Fields
from kled.kops.state_store import layout
from kled.operations.records.record import Record
from kled.storage.bounded import get_bounded

if TYPE_CHECKING:
    from kled.operations.session import Session
    from kled.storage.base import ObjectStore

Digests: TypeAlias = Mapping[str, str]
"""The SHA-256 of each object of a definition, by its key below the cluster, as manifests have it.
"""


@dataclass(frozen=True, slots=True)
class AppliedDefinitions:
    """The definition that the machines were last told to have, and the one before it."""

    last: Digests
    before: Digests = field(default_factory=dict)
    """Empty where none is known."""

    def other_than(self, stored: Digests) -> Digests | None:
        """Return the newest applied definition that is not `stored`; None where none is known."""
        if self.last != stored:
            return self.last
        return self.before or None


def _applied_of(fields: Fields, _cluster: str) -> AppliedDefinitions:
    return AppliedDefinitions(
        _digests_of(fields.child("last")), _digests_of(fields.child("before"))
    )


def _digests_of(fields: Fields) -> Digests:
    return {key: fields.text(key) for key in fields.as_dict()}


RECORD: Final[Record[AppliedDefinitions]] = Record(
    "applied",
    "kled.io/applied-definition/v1",
    asdict,
    _applied_of,
    droppable=True,  # a way back is then the newest other definition, applied or not
    advice="a way back leads to the newest other definition, also to one that was never applied",
)


def remember(session: "Session", cluster: str) -> None:
    """Put the stored definition on record as applied. Safe to repeat and to kill.

    Killed before, the one applied earlier stays on record: a way back leads one further.
    """
    stored = _stored(session.state_store, cluster)
    applied = RECORD.read(session, cluster)
    before = None if applied is None else applied.other_than(stored)
    RECORD.write(session, cluster, AppliedDefinitions(stored, before or {}))


def _stored(store: "ObjectStore", cluster: str) -> Digests:
    prefix = f"{cluster}/"
    below = (entry.key.removeprefix(prefix) for entry in store.entries(prefix))
    keys = sorted(key for key in below if key == layout.CONFIG or layout.is_group(key))
    return {key: hashlib.sha256(get_bounded(store, prefix + key).body).hexdigest() for key in keys}
