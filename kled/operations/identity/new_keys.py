"""Keysets and secrets that no snapshot has yet, after an update made or a rotation changed them."""

from kled.errors import KledError
from kled.kops.state_store import layout
from kled.operations.session import Session


def keys_in_no_snapshot(session: Session, cluster: str) -> tuple[str, ...]:
    """Return the stored keysets and secrets that the snapshot before the operation lacks.

    The keys are relative to the cluster's prefix, and sorted; an object that was written again
    counts whatever it holds. Where no snapshot was taken before, or it cannot be read, all of them
    are returned. Two LISTs and a GET; raises what the state store raises.
    """
    kept = _kept(session, cluster)
    entries = (
        entry
        for below in (layout.KEYSETS, layout.SECRETS)
        for entry in session.state_store.entries(f"{cluster}/{below}")
    )
    stored = {entry.key.removeprefix(f"{cluster}/"): entry.tag for entry in entries}
    return tuple(sorted(key for key, tag in stored.items() if kept.get(key) != tag))


def _kept(session: Session, cluster: str) -> dict[str, str]:
    """Return the tags of the cluster's objects in the snapshot before the operation."""
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415 - not for --help

    if session.before is None:
        return {}
    try:
        manifest = session.snapshot_store.manifest(SnapshotRef(cluster, session.before))
    except KledError as error:
        session.note(f"whether keys are new is not known: {error.message}")
        return {}
    return {record.key: record.tag for record in manifest.objects}
