"""The definition of a cluster that is restored into another place than it was taken from.

kops goes on reading and writing where the definition says, so a restore reports each field that
names the old place; with `rewrite` the definition is written with the new place in those fields.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kled import yaml_text
from kled.errors import InvalidInput, KledError, TextUnreadable
from kled.kops.state_store import layout
from kled.kops.state_store.old_locations import Move, OldPlace, moved, old_places
from kled.snapshot.documents.manifest import Manifest, ObjectRecord

OPTION: Final = "--rewrite-places"


@dataclass(frozen=True, slots=True)
class Moving:
    """The fields that name the old place, and the objects that are written changed."""

    places: tuple[OldPlace, ...] = ()
    body: bytes | None = field(default=None, repr=False)
    """The definition as it is written; None where it is written as the snapshot has it."""
    counted: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """By key, the objects that are written with a count of changes that goes on
    (`generations`)."""

    def record(self, record: ObjectRecord) -> ObjectRecord:
        """Return the record of what is written for an object of the snapshot."""
        body = self._other(record.key)
        if body is None:
            return record
        digest = hashlib.sha256(body).hexdigest()
        written = {"size": len(body), "sha256": digest, "tag": "", "version": None}
        return record.model_copy(update=written)

    def written(self, key: str, body: bytes) -> bytes:
        """Return the bytes that are written for an object of the snapshot."""
        other = self._other(key)
        return body if other is None else other

    def _other(self, key: str) -> bytes | None:
        """Return what is written instead of the snapshot's bytes; None where those are written."""
        return self.counted.get(key, self.body if key == layout.CONFIG else None)

    def remarks(self) -> Iterator[str]:
        """Yield a remark for each field that names the old place, and what happens to it."""
        done = self.body is not None
        for place in self.places:
            if not place.moved:
                yield f"THE OLD PLACE STAYS in {place.field}: {place.url}: {place.stays}"
            elif done:
                yield f"rewritten: {place}"
            else:
                yield f"POINTS TO THE OLD PLACE: {place.field}: {place.url}"
        if not done and any(place.moved for place in self.places):
            yield (
                "kops goes on reading and writing there: the same command with"
                f" {OPTION} has the definition name the new place"
            )

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        places = [place.as_json() for place in self.places]
        return {"old_places": places, "rewritten": self.body is not None}


def plan_moving(manifest: Manifest, body: bytes | None, move: Move, *, rewrite: bool) -> Moving:
    """Return what becomes of the definition `body`, which is None where it is not restored.

    Raises `InvalidInput` where it is to be rewritten and that is impossible: kops would not find
    the cluster there, or the definition cannot be read.
    """
    cluster, trouble = _read(body)
    if cluster is None:
        if rewrite:
            raise InvalidInput(OPTION, trouble, hint="leave it out, or restore --class=intent, too")
        return Moving()
    places = old_places(cluster, move)
    if not rewrite or not places:
        return Moving(places)
    if move.foreign:
        raise InvalidInput(
            OPTION,
            f"{move.foreign}; nothing was changed",
            hint=f"restore {manifest.cluster} into a store of the kind that it was in"
            f" ({move.old_store})",
        )
    return Moving(places, _to_text(moved(cluster, move)))


def _read(body: bytes | None) -> tuple[dict[str, Any] | None, str]:
    """Return the definition, or the reason why it cannot be read."""
    if body is None:
        return None, "no definition is restored"
    try:
        cluster = yaml_text.document(body)
    except TextUnreadable as error:
        return None, f"the definition cannot be read: {error.message}"
    return (cluster, "") if isinstance(cluster, dict) else (None, "the definition is not a mapping")


def _to_text(cluster: dict[str, Any]) -> bytes:
    """Return the definition as text; raise `KledError` unless it reads back the same."""
    text = yaml_text.to_text([cluster])
    if yaml_text.document(text) != cluster:
        raise KledError("the rewritten definition would not be read as it is meant")
    return text.encode()
