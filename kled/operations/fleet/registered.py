"""The clusters in the state stores that this session knows. Only reads."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Final

from kled.errors import DocumentDamaged, ObjectMissing
from kled.kops.state_store import layout
from kled.kops.state_store.locations import Home
from kled.operations.stores import require_state_store
from kled.storage.bounded import get_bounded
from kled.storage.directories import directories

if TYPE_CHECKING:
    from kled.operations.session import Session
    from kled.storage.base import ObjectStore

_AT_ONCE: Final = 16


def homes(session: "Session", *, but: str, everywhere: bool) -> Iterator[Home]:
    """Yield the clusters of the session's state store, except `but`.

    With `everywhere` also those of the settings file's other state stores. A cluster whose object
    cannot be read has an empty one. Raises `StoreError` where a state store does not answer.
    """
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    more = session.settings.profiles if everywhere else ()
    for url, store in state_stores(session, more):
        mine = url == session.settings.state_store
        names = (name for name in prefixes(store) if not (mine and name == but))
        tasks = ((0, partial(home, store, name)) for name in names)
        yield from filter(None, in_parallel(tasks, threads=_AT_ONCE))


def state_stores(
    session: "Session", more: Iterable[str] = ()
) -> "Iterator[tuple[str, ObjectStore]]":
    """Yield the session's state store and the different ones among `more`, each with its URL."""
    yield require_state_store(session.settings), session.state_store
    for url in more:
        if not session.stores.is_state_store(url):
            yield url, session.other_store(url)


def home(store: "ObjectStore", name: str) -> Home | None:
    """Return a registered cluster; None where there is none, or it disappears meanwhile."""
    from kled.kops.state_store import (  # noqa: PLC0415 - loads YAML, and who lists names needs none
        contents,
    )

    try:
        body = get_bounded(store, f"{name}/{layout.CONFIG}").body
    except ObjectMissing:
        return None
    except DocumentDamaged:  # larger than any definition, or a link: it names nothing
        body = b""
    return Home(store.location.url, name, contents.mapping(body) or {})


def prefixes(store: "ObjectStore", beginning: str = "") -> Iterator[str]:
    """Yield, in order, the directories that could be clusters and whose names start so.

    One listing, as `directories` makes it.
    """
    return filter(layout.is_cluster_name, directories(store, beginning))


def all_prefixes(store: "ObjectStore", known: Collection[str]) -> Iterator[str]:
    """Yield what `prefixes` yields of a state store of which clusters are `known`.

    Listed in parts at once: page after page of a fleet is what such a look takes longest for.
    """
    from kled.pool import Pool  # noqa: PLC0415 - not for --help
    from kled.snapshot.create.listing import KeyRange, divide  # noqa: PLC0415

    def within(part: KeyRange) -> list[str]:
        names = directories(store, start_after=part.start)
        end = part.end
        return list(names if end is None else takewhile(lambda name: f"{name}/" < end, names))

    cut = divide(known if store.seeks else ())
    with Pool(len(cut), "kled-names") as pool:
        names = chain.from_iterable(pool.map(within, cut))
        yield from filter(layout.is_cluster_name, names)
