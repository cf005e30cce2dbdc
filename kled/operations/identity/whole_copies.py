"""Whether keysets and secrets are whole, in the state store and in a snapshot that is to be named.

A snapshot that an earlier kled took for complete may hold the very damage that it is to mend, so it
is read before anybody is told to restore it.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kled.errors import (
    DocumentDamaged,
    InvalidInput,
    ObjectMissing,
    SnapshotNotTrustworthy,
    StoreDenied,
)
from kled.kops.state_store import contents, keyset_keys, layout
from kled.operations.fleet.stored_names import keys_below
from kled.operations.session import Session
from kled.storage.bounded import get_bounded

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest


def find_damage(session: Session, cluster: str) -> Mapping[str, tuple[str, ...]]:
    """Return what is wrong with the stored keysets and secrets, by key. Only reads.

    The keys are relative to the cluster's prefix; whole objects are left out. Where a keyset is
    also stored under its former name, the present one is checked, as kops reads that.
    """
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    keysets, secrets = keys_below(session.state_store, cluster, layout.KEYSETS), layout.SECRETS
    keys = (
        *keyset_keys.files(keysets).values(),
        *keys_below(session.state_store, cluster, secrets),
    )
    findings = in_parallel((0, partial(_wrong, session, cluster, key)) for key in keys)
    return {key: problems for key, problems in sorted(findings) if problems}


def _wrong(session: Session, cluster: str, key: str) -> tuple[str, tuple[str, ...]]:
    """Return the key and what is wrong with its object; an object that is gone counts as whole."""
    try:
        body = get_bounded(session.state_store, f"{cluster}/{key}", what=key).body
    except DocumentDamaged as error:  # larger than any that kops writes, or a link
        return key, (error.message,)
    except ObjectMissing:
        return key, ()
    return key, tuple(contents.material_findings(key, body))


def whole_keys(session: Session, manifest: "Manifest", keys: frozenset[str]) -> frozenset[str]:
    """Return which of `keys` the snapshot has whole: one request, for its archive.

    An archive that this machine cannot decrypt is taken for whole, since nothing tells otherwise.
    Raises errors that may pass.
    """
    from kled.snapshot.verify.contents import archived_objects, packed_archive  # noqa: PLC0415

    held = keys & {record.key for record in manifest.objects if record.kind == "identity"}
    if not held:
        return held
    try:
        packed = packed_archive(session.snapshot_store, manifest)
        bodies = {record.key: body for record, body in archived_objects(manifest, packed)}
    except InvalidInput:
        return held
    except (SnapshotNotTrustworthy, StoreDenied):
        return frozenset()
    return frozenset(
        key for key in held & bodies.keys() if not any(contents.material_findings(key, bodies[key]))
    )
