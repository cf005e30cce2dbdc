"""Continuing kops' count of changes when a definition is restored.

kops counts the changes of an object's spec in `metadata.generation`, and refuses an edited text
where somebody stored another one in the meantime. If a restore put the count of the snapshot back,
texts that were exported before the restore could pass for texts from after it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from kled import yaml_text
from kled.errors import DocumentDamaged, ObjectMissing, TextUnreadable
from kled.kops.state_store import layout
from kled.storage.base import ObjectStore
from kled.storage.bounded import get_bounded

LEAP: Final = 1000
"""How far the count goes on where the stored object shows none: more changes than anybody makes to
an object after a snapshot of it."""
_LARGEST: Final = 1 << 62
_MADE_LINE: Final = re.compile(rb"^(metadata:\n  creationTimestamp: .*\n)", re.MULTILINE)
_COUNT_LINE: Final = re.compile(_MADE_LINE.pattern + rb"  generation: .*\n", re.MULTILINE)
_COUNT: Final = "generation"
_MADE: Final = "creationTimestamp"


def is_counted(key: str) -> bool:
    """Whether kops counts the changes of the object, by its key in the cluster's prefix."""
    return key == layout.CONFIG or layout.is_group(key)


def read_stored(target: ObjectStore, key: str) -> bytes | None:
    """Return the stored object; None where there is none, no bytes where it cannot be read."""
    try:
        return get_bounded(target, key).body
    except ObjectMissing:
        return None
    except DocumentDamaged:
        return b""


def count_of(body: bytes) -> int:
    """Return the count of a stored object; 0 where it has none."""
    document = _object(body)
    return _count(document) if document is not None else 0


def continue_count(taken: bytes, stored: bytes | None, known: int = 0) -> bytes:
    """Return the bytes to write where `taken`, from a snapshot, replaces `stored`.

    That is `stored` itself where it differs only by a higher count, and `taken` where both hold the
    same or kops did not make it (kops gives each object a `creationTimestamp`). Where the stored
    object shows no count, the count leaps from that of `taken` or the highest that is `known`.
    Pure and idempotent: given its own result as `stored`, it returns that.
    """
    wanted = _object(taken)
    if wanted is None or not _creation_of(wanted):
        return taken
    present = _object(stored) if stored is not None else None
    if stored is None or present is None or _creation_of(present) != _creation_of(wanted):
        return _write_count(taken, wanted, max(_count(wanted), known) + LEAP) or taken
    if _drop_count(present) == _drop_count(wanted):
        return stored if _count(present) > _count(wanted) else taken
    return _write_count(taken, wanted, max(_count(present), _count(wanted)) + 1) or taken


def _object(body: bytes) -> dict[str, Any] | None:
    """Return the object; None unless kops would read it as an object with metadata."""
    try:
        document = yaml_text.document(body)
    except TextUnreadable:
        return None
    return (
        document
        if isinstance(document, dict) and isinstance(document.get("metadata"), dict)
        else None
    )


def _metadata(document: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] = document["metadata"]
    return metadata


def _creation_of(document: Mapping[str, Any]) -> str:
    return str(_metadata(document).get(_MADE) or "")


def _count(document: Mapping[str, Any]) -> int:
    value = _metadata(document).get(_COUNT)
    return value if isinstance(value, int) and 0 <= value < _LARGEST else 0


def _drop_count(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "metadata": {**_metadata(document), _COUNT: None}}


def _write_count(taken: bytes, document: Mapping[str, Any], count: int) -> bytes | None:
    """Return the object as text with that count; None unless it reads back the same.

    kops' own text is changed in one line.
    """
    counted = {**document, "metadata": {**_metadata(document), _COUNT: count}}
    for body in (_edit_line(taken, count), yaml_text.to_text([counted]).encode()):
        if _object(body) == counted:
            return body
    return None


def _edit_line(taken: bytes, count: int) -> bytes:
    """Return the text with the count where kops writes it: after the time of creation."""
    line = f"  generation: {count}\n".encode()
    uncounted = _COUNT_LINE.sub(rb"\1", taken, count=1)
    return _MADE_LINE.sub(rb"\1" + line, uncounted, count=1)
