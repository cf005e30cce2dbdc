"""The snapshots that are not restored: untrusted ones, and those of another cluster."""

from typing import TYPE_CHECKING, Final

from kled.errors import NotApproved, SnapshotNotTrustworthy
from kled.kops.state_store import keyset_keys, layout
from kled.operations.recovery import restored_keys
from kled.sentences import enumerated, options
from kled.storage.bounded import get_if_readable
from kled.visible import visible

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Settled, Wish
    from kled.operations.stores import Stores
    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.snapshot.trust.judging import Judged
    from kled.snapshot.trust.ledger import Ledger
    from kled.snapshot.trust.origin import Origins
    from kled.storage.base import ObjectStore

_SHOWN: Final = 3


def require_trusted(meant: "Settled") -> None:
    """Raise `SnapshotNotTrustworthy` for an untrusted snapshot, unless the person insists on it.

    Raises `NotApproved` for one of another state store's cluster of that name: trusting it is not
    the same as meaning it. Raises as `require_readable` does.
    """
    require_readable(meant)
    if meant.foreign:
        raise _other_store(meant)
    if meant.is_succeeded:
        raise _successor(meant)
    if meant.trust.trusted or meant.wish.untrusted:
        return
    raise SnapshotNotTrustworthy(
        _not_trusted(meant),
        hint=f"{_others(meant)}; to restore this one all the same:"
        f" {meant.wish.again(untrusted=True)}",
    )


def require_readable(meant: "Settled") -> None:
    """Raise `SnapshotNotTrustworthy` where the manifest does not count; `--untrusted` cannot help.

    It is damaged, or without a signature that a verification key asks for: what it says of the
    bytes to write proves nothing.
    """
    if meant.trust.level is not None:
        return
    raise SnapshotNotTrustworthy(
        _not_trusted(meant),
        hint=f"{_others(meant)}; no option restores this one: without its manifest nothing proves"
        " what it holds; an earlier one that is not signed has a signed successor",
    )


def _not_trusted(meant: "Settled") -> str:
    return (
        f"snapshot {meant.wish.snapshot} of {meant.wish.cluster} cannot be trusted:"
        f" {'; '.join(meant.trust.reasons)}; nothing was changed"
    )


def _others(meant: "Settled") -> str:
    """Name the snapshots that may be restored instead."""
    if meant.wish.is_latest:
        return f"older ones: kled snapshot list {options(name=meant.wish.cluster)}"
    return f"the newest that can be: {meant.wish.again(snapshot='latest', untrusted=False)}"


def with_keys(judged: "Judged", wish: "Wish", ledger: "Ledger") -> "Judged":
    """Return the judged snapshot; where keys are to come from it, with what speaks against that.

    A snapshot from before the cluster was applied has no keys, and would put back an empty shell.
    """
    from kled.snapshot.trust.before_keys import speaks_against  # noqa: PLC0415 - not for --help

    if judged.manifest is None or "identity" not in wish.classes:
        return judged
    return judged.against(speaks_against(ledger, judged.manifest))


def _other_store(meant: "Settled") -> NotApproved:
    cluster, snapshot = meant.wish.cluster, meant.wish.snapshot
    return NotApproved(
        f'snapshot {snapshot} cannot be restored over cluster "{cluster}": {meant.foreign}; nothing'
        " was changed",
        hint="is it the right snapshot store, and the right state store? a copy of it elsewhere:"
        " --to=URL or --as=PREFIX; only where both are one and the same cluster, which was moved:"
        f" {_moved(meant)}",
    )


def _moved(meant: "Settled") -> str:
    """Return the command that lets the snapshot's cluster live where the restore writes."""
    lives = meant.wish.prefix is None
    return meant.wish.again(
        of_state_store=visible(meant.state_store),
        rewrite_places=lives and "intent" in meant.wish.classes,
        raise_epoch=lives,
    )


def _successor(meant: "Settled") -> NotApproved:
    cluster, snapshot = meant.wish.cluster, meant.wish.snapshot
    return NotApproved(
        f"snapshot {snapshot} is of an earlier cluster {cluster}, which was deleted or began again"
        " with other keys since: to raise the epoch for it would lock out the one that lives now;"
        " nothing was changed",
        hint="a copy of it elsewhere: leave out --raise-epoch; where it is to live again, delete"
        f" the one that lives now first: kled kops delete-cluster {options(name=cluster)}",
    )


def require_own_keys(store: "ObjectStore", meant: "Settled", planned: "RestorePlan") -> None:
    """Raise `NotApproved` where an earlier cluster's keys would replace those of a living one.

    A deleted cluster comes back where nothing is in its place. Keys that somebody made again with
    `--new-identity` by mistake are replaced with the same option. Raises it, too, where a keyset
    from before a rotation would be written, since the machines may distrust its key by now; the
    newest trusted snapshot, or what `store`, the target, holds now, tells of the rotation. And
    raises it where keys would be deleted that the snapshot lacks.
    """
    _require_none_deleted(meant, planned)
    _require_rotated(meant, planned)
    keys = planned.replaced("identity")
    if keys and not meant.has_ended:
        _require_no_later(store, meant, planned)
    elif keys:
        cluster, theirs = meant.wish.cluster, enumerated(keys, _SHOWN)
        raise NotApproved(
            f"snapshot {meant.wish.snapshot} is of an earlier cluster {cluster}, which was deleted"
            f" or began again with other keys since: {theirs} of the one that lives now would be"
            " replaced, and no machine of it trusts those; nothing was changed",
            hint=f"{_of_the_living(meant)}; a copy elsewhere: --to=URL or --as=PREFIX; only where"
            " the keys of the earlier one are the right ones:"
            f" {meant.wish.again(new_identity=cluster)}",
        )
    restored_keys.require(store, meant, planned)


def _of_the_living(meant: "Settled") -> str:
    """Name the newest snapshot, or the command that takes one where this is the newest."""
    if meant.newest and not meant.wish.is_latest:
        return f"the newest: {meant.wish.again(snapshot='latest')}"
    return (
        "no snapshot of the one that lives now can be trusted, or it has none: kled snapshot create"
        f" {options(name=meant.wish.cluster)}"
    )


def _require_rotated(meant: "Settled", planned: "RestorePlan") -> None:
    written = keyset_keys.files(write.record.key for write in planned.writes)
    keysets = sorted(written.keys() & set(meant.rotated_since))
    if not keysets:
        return
    wish, newest, without = meant.wish, meant.newest, restored_keys.restore_without_keys(meant)
    raise NotApproved(
        f"snapshot {wish.snapshot} of {wish.cluster} is from before a rotation of keys:"
        f" {enumerated(keysets, _SHOWN)} of snapshot {newest} would be undone, and machines may"
        " distrust the earlier keys by now; nothing was changed",
        hint=f"the newest snapshot: {wish.again(snapshot=newest)}{without}; only where the"
        f" rotation is to be undone: {wish.again(new_identity=wish.cluster)}",
    )


def _require_none_deleted(meant: "Settled", planned: "RestorePlan") -> None:
    """Raise `NotApproved` where keysets or secrets would be deleted that the snapshot lacks.

    A copy, in which no cluster lives, is exempt. So are SSH keys, which are public and can be
    stored again.
    """
    keys = [
        key
        for key in planned.deletes
        if layout.kind_of(key) == "identity" and not key.startswith(layout.SSH_KEYS)
    ]
    wish = meant.wish
    if not keys or "/" in wish.place.cluster:
        return
    others = tuple(kind for kind in wish.classes if kind != "identity")
    less = wish.again(**{"class": others}) if others else wish.again(delete_extra=False)
    raise NotApproved(
        f"snapshot {wish.snapshot} of {wish.cluster} lacks {enumerated(keys, _SHOWN)}, which a"
        " restore with --delete-extra would delete, and a cluster that lives by them would be lost;"
        " nothing was changed",
        hint=f"they stay with: {less}; only where nothing lives by them:"
        f" {wish.again(new_identity=wish.cluster)}",
    )


def _require_no_later(store: "ObjectStore", meant: "Settled", planned: "RestorePlan") -> None:
    """Raise `NotApproved` where the stored keysets have rotated since, unseen by any snapshot."""
    from kled.snapshot.verify.contents import archived_objects  # noqa: PLC0415 - not for --help

    replaced = keyset_keys.files(planned.replaced("identity"))
    if not replaced:
        return
    kept = dict.fromkeys(replaced.values())
    archived = archived_objects(planned.manifest, planned.packed)
    before = {record.key: body for record, body in archived if record.key in kept}
    now = {key: (get_if_readable(store, f"{planned.prefix}{key}") or b"") for key in before}
    keysets = keyset_keys.undone(keyset_keys.of_store(now), keyset_keys.of_store(before))
    if keysets:
        wish = meant.wish
        raise NotApproved(
            f"snapshot {wish.snapshot} of {wish.cluster} is from before a rotation of keys that no"
            f" snapshot has: {enumerated(keysets, _SHOWN)} would be undone, and machines may"
            " distrust the earlier keys by now; nothing was changed",
            hint=f"what is stored now: kled snapshot create {options(name=wish.cluster)}; only"
            f" where the rotation is to be undone: {wish.again(new_identity=wish.cluster)}",
        )


def keysets_rotated_since(
    opened: "Stores", wish: "Wish", origins: "Origins", manifest: "Manifest | None"
) -> tuple[tuple[str, ...], str]:
    """Return the keysets that have rotated since the snapshot, and the id of the one that tells so.

    Empty where no newer snapshot can be trusted, and for `latest`. Raises what the store raises.
    """
    from kled.snapshot.choosing import LATEST, make_choice  # noqa: PLC0415
    from kled.snapshot.losses import other_keysets  # noqa: PLC0415 - not for --help

    if manifest is None or wish.snapshot == LATEST:
        return (), ""
    snapshots = opened.snapshots
    try:
        newest = make_choice(snapshots, wish.cluster, LATEST, origins=origins).ref
    except SnapshotNotTrustworthy:  # none tells it
        return (), ""
    if newest.id <= manifest.id:
        return (), ""
    return other_keysets.find_rotated(snapshots, snapshots.manifest(newest), manifest), newest.id
