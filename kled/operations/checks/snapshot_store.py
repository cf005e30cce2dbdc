"""Whether the snapshot store is whole and can be written to, and whether its keys work."""

from typing import TYPE_CHECKING, Final

from kled.errors import InvalidInput, KledError, StoreDenied
from kled.operations import stores
from kled.operations.checks.check import Check, bad, not_tried, ok, wrong
from kled.operations.checks.state_store import clock
from kled.sentences import word

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotStore

NAME: Final = "snapshot store"
WRITES: Final = "snapshot store: write"
CLOCK: Final = "snapshot store: clock"
ENCRYPTION: Final = "snapshot keys: encryption"
SIGNATURE: Final = "snapshot keys: signature"
_PROBE: Final = b"kled doctor tries the keys\n"


def snapshot_store_checks(opened: stores.Stores, *, writes: bool) -> list[Check]:
    """Try the snapshot store and its keys; with `writes` also write a small object to it.

    The object is removed again. Raises nothing.
    """
    from kled.operations.snapshots.store_state import state_of  # noqa: PLC0415 - not for --help

    if opened.settings.snapshot_store is None:
        return [
            Check(
                NAME,
                "missing",
                "none is configured: changes and deletions take no snapshot",
                "name another bucket, best in another account: export"
                " KLED_SNAPSHOT_STORE=s3://BUCKET",
            )
        ]
    try:
        kept = opened.snapshots
        first = ok(NAME, state_of(opened))
    except KledError as error:
        return [wrong(NAME, error), *_untried("the snapshot store is wrong")]
    tried = _written(kept) if writes else _untried("--read-only: nothing is written")
    return [first, *tried, _encryption(kept), _signature(kept)]


def _untried(why: str) -> list[Check]:
    return [not_tried(name, why) for name in (WRITES, CLOCK)]


def _written(kept: "SnapshotStore") -> list[Check]:
    from kled.snapshot.documents.names import PROBE  # noqa: PLC0415 - not for --help
    from kled.storage.write_trial import try_out  # noqa: PLC0415

    try:
        trial = try_out(kept.store, PROBE)
    except KledError as error:
        if isinstance(error, StoreDenied):
            error.advise(
                "no snapshot can be taken here, so changes stop: give who runs kled the right to"
                f" write below {kept.url}; a machine that only verifies or restores:"
                " kled doctor --read-only"
            )
        return [wrong(WRITES, error), not_tried(CLOCK, "nothing could be written")]
    its_clock = clock(CLOCK, trial, kept.store)
    if not trial.conditional:
        told = f"{kept.url} ignores the conditions of writes: two runs could overwrite each other"
        return [bad(WRITES, told, "name a store that has them (docs/storage.md)"), its_clock]
    stays = "" if trial.removed else f"; it stays at {kept.url}/{PROBE}: nobody here may delete"
    return [ok(WRITES, f"a probe was written and read back{stays}"), its_clock]


def _encryption(kept: "SnapshotStore") -> Check:
    """Encrypt a few bytes, and decrypt them again where an identity is configured."""
    if not kept.sealer.encrypts:
        return _plain(kept)
    try:
        sealed = kept.sealer.seal(_PROBE)
        if not kept.opener.can_open:
            told = (
                "can encrypt; no identity is named, so whether it decrypts is not tried, and nobody"
                " here can prove or restore it: kled snapshot verify --all, where a recipient's is"
            )
            return ok(ENCRYPTION, told)
        good = kept.opener.open(sealed, "what was just encrypted") == _PROBE
    except InvalidInput as error:
        mend = f"age-keygen -y {word(kept.keys.identity)} prints its recipient"
        return bad(ENCRYPTION, error.message, f"{mend}: add it to KLED_SNAPSHOT_RECIPIENTS")
    except KledError as error:
        return wrong(ENCRYPTION, error)
    if not good:
        return bad(ENCRYPTION, "what was encrypted decrypts to something else")
    return ok(ENCRYPTION, "can encrypt, and decrypt what it encrypted")


def _plain(kept: "SnapshotStore") -> Check:
    """Check a store without recipients.

    Encrypted snapshots there keep runs from writing (`root`).
    """
    known = kept.root.root.recipients if kept.root.root else ()
    if known:
        told = f"no recipients are named, and the snapshots of {kept.url} are encrypted"
        mend = f"export KLED_SNAPSHOT_RECIPIENTS={word(','.join(known)[:400])}"
        if not kept.root.signed:
            mend = (
                "no signature vouches for the recipients that kled.json names: compare with your"
                f" other machines, then {mend}"
            )
        return bad(ENCRYPTION, told, mend)
    told = "no recipients are named: nothing is encrypted here"
    mend = "snapshots hold the clusters' CA keys: export KLED_SNAPSHOT_RECIPIENTS=age1..."
    return Check(ENCRYPTION, "not tried", told, mend)


def _signature(kept: "SnapshotStore") -> Check:
    """Sign a few bytes, and check that signature as a reader would."""
    from kled.snapshot.documents.signing import fits, signature_of  # noqa: PLC0415 - loads pydantic

    if kept.keys.signing_key is None:
        return not_tried(SIGNATURE, "no signing key is named: nothing is signed here")
    try:
        good = fits(signature_of(_PROBE, kept.keys.signing_key), _PROBE, kept.verification_keys)
    except KledError as error:
        return wrong(SIGNATURE, error)
    if not good:
        return bad(SIGNATURE, "its own signature does not count here")
    return ok(SIGNATURE, "can sign, and its signature counts here")
