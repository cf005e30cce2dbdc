"""Whether a cluster's API is served by the authority that a restore puts back.

Snapshots may be older than a rotation, and the machines' configuration may be lost with the keys.
Then the API itself is the witness, on every cloud: the authority of the machines signs its
certificate.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from kled.errors import KledError, NotApproved
from kled.kops.state_store import contents, identity, issuers, keyset_keys, layout
from kled.operations.health.kubeconfigs import kept_places
from kled.operations.identity import machine_keys

if TYPE_CHECKING:
    from kled.config import Settings
    from kled.operations.recovery.restore_state import Wish
    from kled.operations.stores import Stores
    from kled.snapshot.restore.restore_plan import RestorePlan

_LOOK: Final = (
    "where a rotation may have come after that snapshot, compare it with a control plane's machine"
    " before an update (docs/recovery.md)"
)


def require(opened: "Stores", wish: "Wish", planned: "RestorePlan", *, lives: bool) -> None:
    """Raise `NotApproved` where another authority serves the API than would be restored.

    Only reads: a handshake with each known address, and only where the authority's keyset would be
    written where the cluster `lives`. An API that does not answer stops nothing.
    """
    restored = _restored(planned) if lives else b""
    if not restored:
        return
    for server, issuer in _witnesses(opened.settings, wish, planned, restored):
        if issuer == "another":
            raise NotApproved(
                f"the API of {wish.cluster} at {server} is served by another {identity.AUTHORITY}"
                f" than snapshot {wish.snapshot} has, as after a rotation that no snapshot has"
                " seen: machines may distrust that one by now; nothing was changed",
                hint=f"{machine_keys.FROM_ELSEWHERE}; only where another cluster answers there, or"
                f" the snapshot's is the right one: {wish.again(new_identity=wish.cluster)}",
            )


def remarks(opened: "Stores", wish: "Wish", planned: "RestorePlan") -> Iterator[str]:
    """Say what proves that the restored authority is the one that the machines run with.

    That is a machines' configuration in the state store, a deletion that left no machines, or the
    API; if there is none of these, say so.
    """
    restored = _restored(planned) if wish.is_home else b""
    if not restored or _is_named(opened, wish):
        return
    if _is_final(opened, planned):
        yield (
            f"snapshot {planned.manifest.id} is the final one of {wish.cluster}: kled proved that"
            " its deletion left no machine, so none can have another"
            f" {identity.AUTHORITY} than the one that is restored"
        )
        return
    for server, issuer in _witnesses(opened.settings, wish, planned, restored):
        if issuer == "ours":
            yield f"the API at {server} is served by the {identity.AUTHORITY} that is restored"
            return
    yield (
        f"NOT PROVED: nothing tells whether the {identity.AUTHORITY} that is restored is the one"
        " that machines run with: no configuration of theirs is in the state store, and no API of"
        f" the cluster answers at an address that is known here; {_LOOK}"
    )


def _is_final(opened: "Stores", planned: "RestorePlan") -> bool:
    """Say whether the cluster's deletion is proved, and nothing lived by other keys after this."""
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help

    return epoch.is_final(opened.snapshots, planned.manifest.cluster, planned.manifest.id)


def _restored(planned: "RestorePlan") -> bytes:
    """Return the authority's keyset that would be written; None where none would be."""
    written = keyset_keys.files(write.record.key for write in planned.writes)
    key = written.get(identity.AUTHORITY)
    return _body(planned, key) if key is not None else b""


def _body(planned: "RestorePlan", key: str) -> bytes:
    """Return an object of the snapshot's archive; empty where the archive lacks it."""
    from kled.snapshot.verify.contents import archived_objects  # noqa: PLC0415 - not for --help

    objects = archived_objects(planned.manifest, planned.packed)
    return next((body for record, body in objects if record.key == key), b"")


def _is_named(opened: "Stores", wish: "Wish") -> bool:
    """Say whether the machines' configuration names the authority's key, which was checked then."""
    try:
        named = machine_keys.named_marks(opened.at(wish.place), wish.cluster)
    except KledError:
        return False
    return identity.AUTHORITY in named


def _witnesses(
    settings: "Settings", wish: "Wish", planned: "RestorePlan", restored: bytes
) -> Iterator[tuple[str, issuers.Issued]]:
    """Yield the addresses that answer, each with the issuer of its certificate."""
    from kled.kubernetes.served import served_certificate  # noqa: PLC0415 - where it is asked

    for server, name in dict.fromkeys(_addresses(settings, wish.cluster, planned)):
        served = served_certificate(server, name=name)
        if served is not None:
            yield server, issuers.issued(served, restored)


def _addresses(
    settings: "Settings", cluster: str, planned: "RestorePlan"
) -> Iterator[tuple[str, str | None]]:
    """Yield the possible addresses of the API, by existing kubeconfigs and by a public name."""
    from kled.kubernetes.server_name import server_of  # noqa: PLC0415 - where it is asked

    for place in kept_places(settings, cluster):
        address = server_of(place)
        if address is not None:
            yield address
    if _has_public_name(planned):
        yield f"https://api.{cluster}", None


def _has_public_name(planned: "RestorePlan") -> bool:
    spec = (contents.mapping(_body(planned, layout.CONFIG)) or {}).get("spec")
    topology = spec.get("topology") if isinstance(spec, dict) else None
    dns = topology.get("dns") if isinstance(topology, dict) else None
    return isinstance(dns, dict) and dns.get("type") == "Public"
