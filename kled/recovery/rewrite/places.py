"""Where the cluster's state lies: the places of the definition, and the issuer of its tokens."""

from collections.abc import Iterator
from typing import Final

from kled.kops.state_store.old_locations import Move
from kled.recovery.rewrite.draft import Draft, Path
from kled.recovery.rewrite.sides import Sides
from kled.recovery.rewrite.undecided import Undecided

_MOVED: Final = "what is there lies in the new state store"
_DISCOVERY: Final[Path] = ("spec", "serviceAccountIssuerDiscovery", "discoveryStore")
_ISSUER: Final[Path] = ("spec", "kubeAPIServer", "serviceAccountIssuer")
_MORE_ISSUERS: Final[Path] = ("spec", "kubeAPIServer", "additionalServiceAccountIssuers")
_PUBLIC: Final = "the keys that verify tokens are published in the new place"
_STILL_GOOD: Final = "tokens of the old issuer stay good in the cluster"


def move_places(draft: Draft, sides: Sides) -> None:
    """Have each text that lies in the cluster's own part of the old store lie in the new one's."""
    old, new = sides.stores
    move = Move(old, sides.name, new, sides.name)

    def changed(path: Path, text: str) -> str:
        place = move.of("", text) if path != _DISCOVERY else None
        return place.moved if place and place.moved else text

    draft.each_text(changed, _MOVED)


def move_issuer(cluster: Draft, sides: Sides) -> Iterator[Undecided]:
    """Publish the keys of service accounts elsewhere, and keep the old issuer as a second one.

    Yields what nobody said: which the old issuer is. kops makes its URL of the store's, and of the
    region that the bucket is in (`pkg/model/components/discovery.go`, `GetHTTPsUrl`).
    """
    old, new = cluster.at(*_DISCOVERY), sides.target.discovery_store
    if not isinstance(old, str) or not old or cluster.is_kept(_DISCOVERY):
        return
    if not new and (sides.leaves_region or sides.leaves_account):
        yield Undecided(
            field=cluster.field(_DISCOVERY),
            names=f"{old}, where the old side publishes the keys that verify tokens",
            value=old,
            option="discovery_store",
            needed="a public place of the new side; kept where that one outlives the old side",
        )
    if not new or old.rstrip("/") == new.rstrip("/"):
        return
    cluster.put(_DISCOVERY, new, _PUBLIC)
    if cluster.at(*_ISSUER):
        return
    issuer = sides.target.former.issuer or _google(old)
    if not issuer:
        yield Undecided(
            field=cluster.field(_MORE_ISSUERS),
            names="the old issuer of service accounts' tokens",
            value="",
            option="former.issuer",
            needed="spec.kubeAPIServer.serviceAccountIssuer of the snapshot's"
            " cluster-completed.spec: with it tokens of today stay good in the cluster",
        )
        return
    listed = cluster.at(*_MORE_ISSUERS) or []
    if issuer not in listed:
        cluster.put(_MORE_ISSUERS, [*listed, issuer], _STILL_GOOD)


def changes_issuer(cluster: Draft) -> bool:
    """Whether the rewritten cluster's tokens have another issuer."""
    before = Draft("", cluster.original, frozenset())
    own = cluster.at(*_ISSUER)
    return not own and before.at(*_DISCOVERY) != cluster.at(*_DISCOVERY)


def _google(store: str) -> str:
    """Return the issuer that kops makes of a bucket of Google's."""
    scheme, _, rest = store.rstrip("/").partition("://")
    return f"https://storage.googleapis.com/{rest}" if scheme == "gs" else ""
