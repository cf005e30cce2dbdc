"""Finds, describes and compares snapshots that a person names: by an id, `latest` or `newest`.

Only reads. `note` receives what a person should know of the choice.
"""

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from kled.errors import SnapshotNotTrustworthy
from kled.operations.snapshots import list_snapshots
from kled.operations.stores import Stores

if TYPE_CHECKING:
    from kled.snapshot.diff.diff import Difference, View
    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.repository import SnapshotRef

Note = Callable[[str], object]


def named_snapshot(opened: Stores, cluster: str, which: str) -> "SnapshotRef":
    """Return an existing snapshot; raises as `choosing.choice`, and `SnapshotMissing`.

    A snapshot with a damaged manifest exists, too; verifying it reports the damage.
    """
    from kled.snapshot.choosing import choose  # noqa: PLC0415 - not for --help

    kept = opened.snapshots
    kept.require()
    ref = choose(kept, cluster, which, state=opened.remembering)
    with contextlib.suppress(SnapshotNotTrustworthy):
        kept.manifest(ref)
    return ref


def describe(
    opened: Stores, cluster: str, which: str, note: Note
) -> "tuple[Manifest, dict[str, object]]":
    """Return a snapshot's manifest, and what it is worth (`list_snapshots.judge_worth`).

    Raises as `choosing.make_choice`, and `SnapshotNotTrustworthy` for a damaged manifest.
    """
    from kled.snapshot.choosing import make_choice  # noqa: PLC0415 - not for --help

    kept = opened.snapshots
    kept.require()
    chosen = make_choice(kept, cluster, which, state=opened.remembering)
    for warning in chosen.passed_over():
        note(f"warning: {warning}")
    manifest = kept.manifest(chosen.ref)
    return manifest, list_snapshots.judge_worth(kept, chosen.ref, opened.remembering)


def compare(
    opened: Stores, cluster: str, before: str, after: str, note: Note
) -> "tuple[Difference, ...]":
    """Return what differs between two snapshots, or between one of them and `live`.

    Secrets are compared by fingerprints. Raises as `choosing.choice`.
    """
    from kled.snapshot.diff.diff import diff  # noqa: PLC0415 - not for --help
    from kled.snapshot.diff.views import fingerprint_key  # noqa: PLC0415

    key = fingerprint_key(opened.settings.snapshot_profile.identity, os.urandom(32))
    both = (before, after)
    return tuple(diff(*(_view(opened, cluster, which, key, both, note) for which in both)))


def _view(
    opened: Stores, cluster: str, which: str, key: bytes, both: tuple[str, str], note: Note
) -> "View":
    from kled.snapshot.choosing import make_choice  # noqa: PLC0415
    from kled.snapshot.diff.views import LIVE, view_live, view_snapshot  # noqa: PLC0415

    kept = opened.snapshots
    if which == LIVE:
        state = opened.state
        live = view_live(state, cluster, key, known=both != (LIVE, LIVE))
        if not live.has_definition:
            note(
                f"warning: {state.location.url} has no definition of {cluster}: it is lost, or is"
                " that the right state store? what puts it back: kled snapshot restore"
                f" --name={cluster} --snapshot=latest"
            )
        return live
    chosen = make_choice(kept, cluster, which, state=opened.remembering)
    for warning in chosen.passed_over():
        note(f"warning: {warning}")
    return view_snapshot(kept, kept.manifest(chosen.ref), key)
