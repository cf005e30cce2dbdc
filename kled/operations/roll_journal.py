"""What is remembered of a cluster's rolls, beside its state: what one has begun, and past ones.

`<state-store>/.kled/rolls/<cluster>.json`, written by the holder of the cluster's lease alone. A
roll that was killed leaves it open: the next one knows then which nodes were cordoned by others
before it began, and which groups a forced one has done.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from kled.errors import ObjectMissing
from kled.models.rolled import Rolled
from kled.operations import stores
from kled.operations.session import Session

FORMAT: Final = "kled.io/rolls/v1"
_KEPT: Final = 50
"""Past groups; enough for a year of monthly rolls of four."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A roll that has not ended."""

    cordoned: tuple[str, ...]
    """Nodes that were cordoned before it began: somebody else did that."""
    forced: bool = False
    done: tuple[str, ...] = ()
    """Groups that a forced one has replaced."""


@dataclass(frozen=True, slots=True)
class Journal:
    """The document."""

    begun: Begun | None = None
    past: tuple[Rolled, ...] = field(default=())

    def with_rolled(self, rolled: Rolled) -> "Journal":
        """Return it with one more group; the oldest go."""
        past = (*self.past, rolled)[-_KEPT:]
        begun = self.begun
        if begun is not None:
            begun = replace(begun, done=(*begun.done, rolled.instance_group))
        return Journal(begun, past)


def read(session: Session, cluster: str) -> Journal:
    """Return what is remembered; nothing where there is none, or where it cannot be read."""
    store = stores.state_store(session.settings, session.clock)
    try:
        return decode(store.get(_key(cluster)).body)
    except (ObjectMissing, ValueError):
        return Journal()  # it only spares others' cordons, and estimates: a roll goes on without


def write(session: Session, cluster: str, journal: Journal) -> None:
    """Remember it. Atomic; repeatable."""
    store = stores.state_store(session.settings, session.clock)
    store.put(_key(cluster), encode(journal))


def encode(journal: Journal) -> bytes:
    """Return the document's bytes."""
    begun = journal.begun
    document: dict[str, Any] = {
        "format": FORMAT,
        "begun": None
        if begun is None
        else {
            "cordoned": list(begun.cordoned),
            "forced": begun.forced,
            "done": list(begun.done),
        },
        "past": [
            {
                "instance_group": one.instance_group,
                "role": one.role,
                "machines": one.machines,
                "seconds": round(one.seconds, 1),
                "at": one.at.isoformat(),
            }
            for one in journal.past
        ],
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def decode(body: bytes) -> Journal:
    """Return what the bytes say. Raises `ValueError` for what is no such document."""
    document = json.loads(body)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("no journal of rolls")
    try:
        begun, past = document["begun"], document["past"]
        return Journal(
            None
            if begun is None
            else Begun(tuple(begun["cordoned"]), bool(begun["forced"]), tuple(begun["done"])),
            tuple(Rolled(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in past),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("a journal of rolls that lacks a field") from error


def _key(cluster: str) -> str:
    """Return the key: outside every cluster's prefix, which kops refuses to delete otherwise."""
    return f".kled/rolls/{cluster}.json"
