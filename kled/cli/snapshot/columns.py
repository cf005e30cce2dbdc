"""How a snapshot is shown: columns, age and size."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from kled.cli.terminal.output import Column
from kled.operations.snapshots.present_keys import PresentKeys, say_unkept

LIST: Final = (
    Column("CLUSTER", "cluster"),
    Column("SNAPSHOT", "id"),
    Column("AGE", "age"),
    Column("LEVEL", "level"),
    Column("OBJECTS", "objects"),
    Column("SIZE", "size"),
    Column("ENCRYPTED", "encrypted"),
    Column("KUBERNETES", "kubernetes"),
    Column("REMARK", "remark"),
)


WHICH: Final = "An id, `newest`, or `latest`: the newest that can be trusted [default: newest]."


def age(created: datetime, now: datetime) -> str:
    """Return how long ago it was, in words."""
    seconds = max(0, int((now - created).total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def size(count: int) -> str:
    """Return a number of bytes with its unit."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004 - a thousand
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count = count / 1000  # type: ignore[assignment]
    return f"{count:.1f} TB"


def rows_without_snapshot(keys: PresentKeys) -> Iterator[dict[str, Any]]:
    """Yield the rows of clusters that have no snapshot; those with keys come first."""
    nothing = {column.key: "" for column in LIST} | {"id": "none"}
    for cluster in keys.bare:
        yield {**nothing, "cluster": cluster, "remark": say_unkept(cluster)}
    for cluster in keys.stored:
        yield {**nothing, "cluster": cluster, "remark": "never applied: it has no keys yet"}


def snapshot_row(document: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a snapshot."""
    remarks = []
    if document.get("reused"):
        remarks.append("nothing new")
    if document.get("error"):
        remarks.append(document["error"])
    else:
        remarks += [*document.get("left_out", []), *document["reasons"]]
        remarks += [said for said in document.get("findings", []) if said not in remarks]
    remarks += document.get("remarks", [])
    created = document.get("created")
    moment = datetime.fromisoformat(created) if created else None
    count = document.get("bytes")
    return {
        **document,
        "age": age(moment, datetime.now(UTC)) if moment else "",
        "size": size(count) if count is not None else "",
        "remark": "; ".join(remarks),
    }
