"""What a scale-down has begun: what the group suspended by itself, and which machines go.

`<state-store>/.kled/scales/<cluster>.json`, written by the holder of the cluster's lease alone. It
is there from before the group is held back until it may launch again, so that whoever runs it after
a kill gives the group back what its owner had set.
"""

import json
from dataclasses import asdict, dataclass
from typing import Final

from kled.errors import ObjectMissing, StoreError
from kled.operations import stores
from kled.operations.session import Session

FORMAT: Final = "kled.io/scale/v1"


@dataclass(frozen=True, slots=True)
class Begun:
    """A scale-down that has not ended."""

    instance_group: str
    suspended: tuple[str, ...]
    """What the group's owner had suspended before it."""
    minimum: int
    maximum: int
    """The bounds that are wanted in the end."""
    chosen: tuple[str, ...] = ()
    """Nodes that go, and that were not cordoned before."""
    ended: tuple[str, ...] = ()
    """Ids of machines that were deleted: the cloud may list them for a while."""


def read(session: Session, cluster: str) -> Begun | None:
    """Return what was begun; None where nothing was. Raises `StoreError` for a damaged document."""
    try:
        return decode(stores.state_store(session.settings, session.clock).get(_key(cluster)).body)
    except ObjectMissing:
        return None
    except ValueError as error:
        raise StoreError(
            f"{_key(cluster)} in the state store is damaged",
            hint="compare spec.suspendProcesses of the cluster's groups with what you want, then"
            " delete that object",
        ) from error


def write(session: Session, cluster: str, begun: Begun) -> None:
    """Remember it. Atomic; repeatable."""
    stores.state_store(session.settings, session.clock).put(_key(cluster), encode(begun))


def forget(session: Session, cluster: str) -> None:
    """End it. Repeatable."""
    stores.state_store(session.settings, session.clock).delete(_key(cluster))


def encode(begun: Begun) -> bytes:
    """Return the document's bytes."""
    return json.dumps({"format": FORMAT, **asdict(begun)}, indent=1).encode() + b"\n"


def decode(body: bytes) -> Begun:
    """Return what the bytes say. Raises `ValueError` for what is no such document."""
    document = json.loads(body)
    if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
        raise ValueError("no journal of a scale-down")
    try:
        found = Begun(**document)
        return Begun(
            found.instance_group,
            tuple(found.suspended),
            int(found.minimum),
            int(found.maximum),
            tuple(found.chosen),
            tuple(found.ended),
        )
    except TypeError as error:
        raise ValueError("a journal of a scale-down that lacks a field") from error


def _key(cluster: str) -> str:
    """Return the key: outside every cluster's prefix, which kops refuses to delete otherwise."""
    return f".kled/scales/{cluster}.json"
