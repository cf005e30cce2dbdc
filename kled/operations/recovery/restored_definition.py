"""What a restore takes out of a definition although it runs on in the cloud."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kled.kops.facts import etcd_members
from kled.kops.state_store import contents, layout
from kled.operations.recovery import served_authority
from kled.sentences import enumerated, options
from kled.storage.bounded import get_if_readable

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Wish
    from kled.operations.stores import Stores
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.storage.base import ObjectStore

_SHOWN = 5


def remarks(opened: "Stores", planned: "RestorePlan", wish: "Wish") -> Iterator[str]:
    """Name the machines and volumes of a living cluster that would have no definition any more.

    These are groups whose definition is deleted, and etcd clusters and members that the restored
    definition no longer names. Nothing is said of a copy elsewhere, except for what stays there
    because the snapshot's object is damaged. Also says what proves that the authority which comes
    back is the right one. Only reads: one request, where the definition is replaced.
    """
    yield from served_authority.remarks(opened, wish, planned)
    if planned.damaged:
        stays = enumerated([f"{key} {why}" for key, why in sorted(planned.damaged.items())], _SHOWN)
        yield f"DAMAGED IN THE SNAPSHOT, so that what is there stays: {stays}"
    if not wish.is_home:
        return
    groups = [key.removeprefix(layout.GROUPS) for key in planned.deletes if layout.is_group(key)]
    if groups:
        ends = options(name=wish.cluster, instance_group=groups[0])
        yield (
            f"NO LONGER MANAGED: the definition of {enumerated(groups, _SHOWN)} goes, and machines"
            " that run of it run on; what ends them, before the restore or after its way back, is"
            f" kled kops delete-instance-group {ends}"
        )
    if layout.CONFIG in planned.replaced():
        gone = _lost_etcd(opened.at(wish.place), planned)
        if gone:
            yield (
                f"NO LONGER NAMED: {enumerated(gone, _SHOWN)}, whose volumes stay in the cloud and"
                " may hold the cluster's objects; kled snapshot diff"
                f" {options(name=wish.cluster)} {wish.snapshot} live shows both definitions"
            )


def _lost_etcd(store: "ObjectStore", planned: "RestorePlan") -> tuple[str, ...]:
    """Return the etcd clusters and members that only the present definition names."""
    from kled.snapshot.verify.contents import archived_objects  # noqa: PLC0415 - not for --help

    stored = get_if_readable(store, f"{planned.prefix}{layout.CONFIG}")
    if stored is None:
        return ()
    live = contents.mapping(stored)
    objects = archived_objects(planned.manifest, planned.packed)
    body = next((body for record, body in objects if record.key == layout.CONFIG), b"")
    restored = contents.mapping(body)
    if live is None or restored is None:
        return ()
    return etcd_members.lost(etcd_members.names(live), etcd_members.names(restored))
