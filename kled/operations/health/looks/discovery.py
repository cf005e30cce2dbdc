"""Judges the public documents by which a cloud believes a cluster's service accounts.

They are read through the object store, where kops writes them, and, where a way to do that is
given, by https as the cloud reads them. A cluster without a discovery store has none.
"""

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from kled.errors import KledError
from kled.kops.state_store import discovery, keyset_keys, locations
from kled.models.health_finding import HealthFinding, Look, State
from kled.operations.health.looks.stored import StoredCluster
from kled.sentences import first_of, options
from kled.snapshot.etcd.stored import OpenUrl
from kled.storage.bounded import get_if_readable

ReadPublic = Callable[[str], str]
"""Is given an address of https; returns why it cannot be read by everybody, empty: it can.

Raises `KledError` where no answer came, which says nothing about others."""
_LOOK: Final[Look] = "OIDC discovery"
_SHOWN: Final = 3


def judge_discovery(
    known: StoredCluster, open_other: OpenUrl, read_public: ReadPublic | None
) -> Iterator[HealthFinding]:
    """Yield a finding about the documents of a cluster that publishes them; else nothing.

    Two requests to the discovery store, and one by https. Raises nothing.
    """
    place = _place(known)
    if not place:
        return
    try:
        wrong = first_of(list(_stored_problems(known, place, open_other)), _SHOWN)
    except KledError as error:
        message = f"{place} cannot be read: {error.message}"
        yield _finding(known, place, "unknown", message, error.hint or "kled doctor")
        return
    if wrong:
        mend = f"kled kops update-cluster {options(name=known.cluster)} shows what it writes anew"
        yield _finding(known, place, "failed", wrong, mend)
        return
    yield _judge_public(known, place, read_public)


def _place(known: StoredCluster) -> str:
    home = locations.Home("", known.cluster, known.document)
    return next((named.url for named in locations.discovery(home)), "")


def _stored_problems(known: StoredCluster, place: str, open_other: OpenUrl) -> Iterator[str]:
    store = open_other(place)
    keysets = keyset_keys.files(known.objects)
    keyset = known.objects.get(keysets.get(discovery.KEYSET, ""), b"")
    yield from discovery.problems(
        get_if_readable(store, discovery.CONFIGURATION),
        get_if_readable(store, discovery.JWKS),
        discovery.issuer_of(known.document),
        keyset,
    )


def _judge_public(
    known: StoredCluster, place: str, read_public: ReadPublic | None
) -> HealthFinding:
    well = "both documents are there, and have the key of every trusted service-account key"
    issuer = discovery.issuer_of(known.document).rstrip("/")
    if read_public is None or urlsplit(issuer).scheme != "https":
        return _finding(known, place, "ok", well)
    address = f"{issuer}/{discovery.CONFIGURATION}"
    try:
        closed = read_public(address)
    except KledError as error:
        message = f"{well}; whether everybody can read them is not known: {error.message}"
        return _finding(known, place, "warning", message, f"curl {address}")
    if closed:
        mend = f"let everybody read the objects of {place}: curl {address}"
        return _finding(known, place, "failed", f"clouds cannot read {address}: {closed}", mend)
    return _finding(known, place, "ok", f"{well}; everybody can read them")


def _finding(
    known: StoredCluster, place: str, state: State, message: str, mend: str = ""
) -> HealthFinding:
    return HealthFinding(known.cluster, _LOOK, place, state, message, mend)
