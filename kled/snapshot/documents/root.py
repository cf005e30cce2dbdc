"""`kled.json`: what a snapshot store says of itself: its identity, recipients, verification keys.

Listing, verifying and restoring work without it. Writers create it, replace it where it is gone,
and bring it to format 2. The keys in it are hints: the ones that count are those of the settings.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field, TypeAdapter

from kled.errors import (
    CapabilityMissing,
    FormatUnknown,
    InvalidInput,
    ObjectMissing,
    PreconditionFailed,
    SnapshotNotTrustworthy,
    StoreDenied,
)
from kled.snapshot.documents import names, signed
from kled.snapshot.trust.settling import ROOT_GONE, UNSIGNED
from kled.storage.bounded import tag_of

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotStore

Identity = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True)
class Root:
    """What `kled.json` says."""

    created: str
    recipients: tuple[str, ...] = ()
    """Whom its snapshots are encrypted to; empty where they are stored in clear."""
    verification_keys: tuple[str, ...] = ()
    store: Identity | None = None
    """The identity that the documents of this store are bound to; None in format 1."""
    signed_since: Annotated[str, AfterValidator(names.check_id)] | None = None
    """The id of the first signed document: later ones count only with a signature."""
    verification_key: str | None = None
    """The one key that format 1 names."""


@dataclass(frozen=True, slots=True)
class RootState:
    """What was read of `kled.json`, and how far it can be trusted."""

    root: Root | None
    """None where it is gone, damaged, or signed with a key that is not configured."""
    finding: str | None = None
    """What is wrong with it."""
    missing: bool = False
    current: bool = False
    """Whether it has format 2, with a signature where a key is configured."""
    signed: bool = False
    tag: str = ""

    trusted: bool = False
    """Whether the identity in it counts: it is signed where a key is configured."""
    newer: bool = False
    """Whether a newer kled wrote it, in a format that this one cannot read: it is left as it is."""

    @property
    def store(self) -> str | None:
        """The identity of the store, where it is known for sure."""
        return self.root.store if self.root and self.trusted else None

    @property
    def signed_since(self) -> str | None:
        """The id of the first signed document, where that is known for sure."""
        return self.root.signed_since if self.root and self.signed else None


_model: Final = TypeAdapter(Root)


def look(snapshots: "SnapshotStore") -> RootState:
    """Return what `kled.json` says; damage is a finding.

    A format that only a newer kled reads is a finding, too: a dozen bytes that anybody could write
    must not prevent a restore (`require_known` keeps writers out). Raises what the store raises.
    """
    keys = snapshots.verification_keys
    try:
        document = signed.read(snapshots.store, "root", names.ROOT, keys)
        root = document.require(_model)
    except ObjectMissing:
        return RootState(None, f"{ROOT_GONE} {snapshots.url}", missing=True)
    except SnapshotNotTrustworthy as error:
        return RootState(None, error.message, newer=isinstance(error, FormatUnknown))
    current = document.format == signed.FORMAT and (document.signed or not keys)
    finding = None
    if document.format == signed.FORMAT and not current:
        finding = f"{names.ROOT} {UNSIGNED}"
    return RootState(
        root,
        finding,
        current=current,
        signed=document.signed,
        tag=document.tag,
        trusted=finding is None,
    )


def ensure(
    snapshots: "SnapshotStore", identity: str | None = None, since: str | None = None
) -> RootState:
    """Create or replace `kled.json`, or bring it to format 2; return what it says afterwards.

    `identity` is what the store's documents are bound to and `since` the first signed one, where
    they are known. Safe to repeat and to run from two machines at once: one of the writers wins,
    and both read what it wrote. Where this machine may not overwrite it, it stays as it is. Raises
    `InvalidInput` where this machine lacks the signing key that the store's documents need, and as
    `require_known` does.
    """
    state = look(snapshots)
    require_known(state)
    require_signing_key(snapshots, state.root)
    wanted = _compose(snapshots, state, identity, since)
    if state.root == wanted and state.current:
        return state
    body = signed.encode(
        "root",
        names.ROOT,
        {name: value for name, value in asdict(wanted).items() if name != "verification_key"},
        store=wanted.store,
        signing_key=snapshots.keys.signing_key,
    )
    with suppress(PreconditionFailed, StoreDenied, CapabilityMissing):
        if state.missing:
            snapshots.store.put_if_absent(names.ROOT, body)
        else:
            tag = state.tag or tag_of(snapshots.store, names.ROOT)
            snapshots.store.replace(names.ROOT, body, tag)
    snapshots.root = look(snapshots)
    return snapshots.root


def require_known(state: RootState) -> None:
    """Raise `SnapshotNotTrustworthy`, before any change, where a newer kled writes to the store."""
    if state.newer:
        raise SnapshotNotTrustworthy(
            f"nothing is written: {state.finding}",
            hint="a newer kled wrote it: upgrade this one; where none writes there, somebody else"
            f" did: remove {names.ROOT} from the store, it is written anew",
        )


def require_signing_key(snapshots: "SnapshotStore", root: Root | None) -> None:
    """Raise `InvalidInput`, before any change, where a document would be written without signature.

    That is so in a store whose documents are signed, for a machine without a signing key.
    """
    expected = _named_keys(root)
    if snapshots.keys.signing_key is None and (snapshots.verification_keys or expected):
        raise InvalidInput(
            "KLED_SNAPSHOT_SIGNING_KEY",
            f"is not set, and what is written to {snapshots.url} must be signed",
            hint="name the private key's file there, or as signing-key in the settings file;"
            f" it belongs to {', '.join(snapshots.verification_keys or expected)[:200]}",
        )


def require_recipients(
    snapshots: "SnapshotStore", known: Sequence[str], *, signed: bool = False
) -> None:
    """Raise `InvalidInput` where a snapshot would stand in clear among those encrypted to `known`.

    Recipients that are not `signed` may have been named by anybody who may write to the store.
    """
    if known and not snapshots.keys.recipients:
        doubt = ", as it says; no signature vouches for that: compare with your other machines"
        raise InvalidInput(
            "KLED_SNAPSHOT_RECIPIENTS",
            f"is empty, and the snapshots of {snapshots.url} are encrypted",
            hint=f"its recipients are {','.join(known)[:400]}{'' if signed else doubt}",
        )


def _compose(
    snapshots: "SnapshotStore", state: RootState, identity: str | None, since: str | None
) -> Root:
    """Return what `kled.json` should say, given what it says now."""
    present = state.root
    known = _named_keys(present) if state.signed else ()
    vouched = state.signed or not snapshots.verification_keys
    claimed = present.store if present else None
    signs = snapshots.keys.signing_key is not None
    return Root(
        created=present.created if present else _now(snapshots.now()),
        recipients=(present.recipients if present and vouched else ()) or snapshots.keys.recipients,
        verification_keys=_unite(known, snapshots.verification_keys),
        store=state.store or identity or claimed or snapshots.chance(16).hex(),
        signed_since=(since or state.signed_since or snapshots.new_id()) if signs else None,
    )


def _named_keys(root: Root | None) -> tuple[str, ...]:
    if root is None:
        return ()
    first = (root.verification_key,) if root.verification_key else ()
    return _unite(root.verification_keys, first)


def _unite(first: Collection[str], second: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _now(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
