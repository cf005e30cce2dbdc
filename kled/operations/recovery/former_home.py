"""The former homes of a cluster whose epoch is raised: one that still has it must be named.

A copy of a state store has all keys of the cluster, so keys do not tell a copy from a home. An
epoch that is raised for a copy would lock out the state store that everybody works with.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from kled import yaml_text
from kled.errors import (
    CapabilityMissing,
    DocumentDamaged,
    InvalidInput,
    KledError,
    NotApproved,
)
from kled.kops.state_store import contents, layout
from kled.kops.state_store.old_locations import Move, moved, old_places
from kled.operations.guards import own_places
from kled.operations.guards.applied_from import other_homes
from kled.operations.guards.guards import LeasePlace
from kled.operations.identity.same_keys import other_keys
from kled.operations.recovery.known_epoch import known_epoch
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import CHANGE, READ
from kled.sentences import enumerated, options
from kled.snapshot.epoch.raising import raise_command
from kled.storage.bounded import get_bounded, get_if_readable
from kled.store_urls import is_among, is_same

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore

_SHOWN: Final = 3


def left_step(cluster: str, place: LeasePlace, former: str | None) -> Step:
    """Refuse to leave a home that still has the cluster, unless it is the named `former` one.

    Safe to repeat: it only reads. Raises `NotApproved`, also where the definition names places in
    the former home, and where that home has other keys by now; `InvalidInput` for a `former` whose
    places cannot be named here. A home that does not answer counts as gone.
    """

    def act(session: Session) -> str:
        here = session.stores.at(place).location.url
        homes = tuple(_formers(session, cluster, place))
        for home in homes:
            _require_named(session, cluster, home, here, former)
        _require_movable(session, cluster, place, (*homes, *([former] if former else [])), former)
        left = [home for home in homes if former and is_same(home, former)]
        return f"{left[0]} is left" if left else "no other state store has it"

    return Step("check its former home", act, READ, reads=True)


def rewrite_step(cluster: str, place: LeasePlace, former: str) -> Step:
    """Write the definition with this place where it names the `former` one.

    Safe to repeat and to kill: one conditional write of one object, and none where nothing names
    the former home.
    """
    effect = Effect()

    def act(session: Session) -> str:
        from kled.snapshot.restore.generations import continue_count  # noqa: PLC0415 - not for --help

        effect.begins()
        store, key = session.stores.at(place), f"{place.cluster}/{layout.CONFIG}"
        config = get_bounded(store, key)
        definition = contents.mapping(config.body) or {}
        move = _move(former, store.location.url, cluster)
        changed = [str(place) for place in old_places(definition, move) if place.moved]
        if changed:
            text = yaml_text.to_text([moved(definition, move)]).encode()
            session.check()
            _replace(store, key, continue_count(text, config.body), config.tag)
        effect.ends(changed)
        return "; ".join(changed) or "it names no place in the former home"

    return Step(
        "name its own place",
        act,
        CHANGE,
        way_back="none: kops finds the cluster's state where the definition names it now",
        changed=effect,
    )


def _replace(store: "ObjectStore", key: str, body: bytes, tag: str) -> None:
    try:
        store.replace(key, body, tag)
    except CapabilityMissing:  # no conditions here: the lease has to do
        store.put(key, body)


def _formers(session: Session, cluster: str, place: LeasePlace) -> Iterator[str]:
    """Yield the other state stores in its epoch, its definition and its records, each once."""
    store, homes = session.stores.at(place), [session.stores.at(place).location.url]
    known = known_epoch(session, cluster)
    if known is not None and not known.vacant:
        homes.append(known.state_store)
    definition = _definition(store, place.cluster)
    if (named := own_places.state_store_of(definition, cluster)) is not None:
        homes.append(named)
    homes += _came_from(store, cluster) if place.cluster == cluster else ()
    for at, url in enumerate(homes[1:], 1):
        if not is_among(url, homes[:at]):
            yield url


def _came_from(store: "ObjectStore", cluster: str) -> tuple[str, ...]:
    try:
        return other_homes(store, cluster)
    except DocumentDamaged:  # it goes when the epoch is raised
        return ()


def _require_named(
    session: Session, cluster: str, home: str, here: str, former: str | None
) -> None:
    """Raise `NotApproved` where `home` has the cluster and was not named, or has other keys."""
    try:
        if not own_places.home_at(session, f"{home}/{cluster}"):
            return
        others = other_keys(session.other_store(home), session.other_store(here), cluster)
    except KledError:  # of another endpoint, or unmounted: nobody can work with it from here
        return
    keys = f", with other keys: {enumerated(others, _SHOWN)}" if others else ""
    if former and is_same(home, former) and not others:
        return
    raise NotApproved(
        f'cluster "{cluster}" lives in {home}, which has it still{keys}; nothing was changed',
        hint=_advice(cluster, home, here, changed=bool(others)),
    )


def _advice(cluster: str, home: str, here: str, *, changed: bool) -> str:
    original = options(name=cluster, state=home)
    if changed:
        moves = options(name=cluster, snapshot="latest", to="URL")
        return (
            f"is this a copy? the cluster's own place: {options(state=home)}; to move it with the"
            f" keys that it has now: kled snapshot create {original}, and then, into a place where"
            f" nothing is, kled snapshot restore {moves} --rewrite-places --raise-epoch"
        )
    return (
        f"is this a copy? it needs no epoch: kled kops update-cluster {original} is the way to the"
        " cluster; only where nobody is to use that one any more:"
        f" {raise_command(cluster, here, home)}"
    )


def _require_movable(
    session: Session, cluster: str, place: LeasePlace, homes: tuple[str, ...], former: str | None
) -> None:
    """Raise where the definition names places in a former home and would keep them."""
    store = session.stores.at(place)
    definition, here = _definition(store, place.cluster), store.location.url
    for home in homes:
        move = _move(home, here, cluster)
        named = [place for place in old_places(definition, move) if place.moved or move.foreign]
        if named and former and is_same(home, former):
            if move.foreign:
                raise InvalidInput("--former", f"{move.foreign}; nothing was changed")
        elif named:
            raise NotApproved(
                f"the definition in {here} names the former home of the cluster:"
                f" {named[0].field}: {named[0].url}; nothing was changed",
                hint=f"to have it name its own place, too: {raise_command(cluster, here, home)}",
            )


def _move(former: str, here: str, cluster: str) -> Move:
    return Move(former, cluster, here, cluster)


def _definition(store: "ObjectStore", cluster: str) -> dict[str, Any]:
    body = get_if_readable(store, f"{cluster}/{layout.CONFIG}")
    return contents.mapping(body or b"") or {}
