"""All looks at what is left of a cluster, with the stores and the kops of a session.

None fails another, and none changes anything. They are made in three rounds, since kops can only be
asked with a definition, and an API only be judged by an authority, that an earlier look has read.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from kled.errors import KledError
from kled.kops.state_store import contents, identity, keyset_keys, layout
from kled.operations.health.kubeconfigs import kept_places
from kled.operations.records import begun_deletion
from kled.operations.session import Session
from kled.operations.stores import child_environment, now
from kled.recovery.evidence import Evidence
from kled.recovery.known import Unknown
from kled.recovery.looks.together import ask_together

if TYPE_CHECKING:
    from kled.kops.client import Kops
    from kled.recovery.looks.snapshots import Kept
    from kled.recovery.looks.state import StateSeen
    from kled.snapshot.trust.ledger import Ledger
    from kled.storage.base import ObjectStore

_KOPS: Final = timedelta(seconds=60)
"""How long a kops that only lists is waited for."""
_CLOUD: Final = timedelta(seconds=75)
_ETCD: Final = timedelta(minutes=3)
"""How long a backup is read: of gigabytes, most of them from far away."""
_STATE: Final = "the state store"
_NO_STORE: Final = Unknown(
    "no state store is named, and nothing tells where it was",
    "--state=URL",
)
_NO_SNAPSHOTS: Final = Unknown(
    "no snapshot store is named",
    "KLED_SNAPSHOT_STORE=URL, or --snapshot-store=URL",
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The evidence, and the objects of the definition that it was judged by."""

    evidence: Evidence
    objects: Mapping[str, bytes] = field(default_factory=dict)
    """By relative key: the state store's where its definition can be read, else a snapshot's."""
    kept: "Kept | None" = None
    """The snapshot that the state would be restored from, as it was opened."""


def gather_evidence(session: Session, cluster: str) -> Gathered:
    """Return what is left of the cluster. Raises `SettingsError` alone, for stores named wrong."""
    url, at_home = _first_round(session, cluster)
    seen = at_home.pop("state", _NO_STORE)
    kept = _of_snapshots(session, cluster, url, seen)
    objects, whose = _definition(seen, kept)
    outside = ask_together(_of_outside(session, cluster, objects, whose), _CLOUD)
    looks: dict[str, Any] = {
        "state": _left(seen),
        "snapshots": _left(kept),
        "lease": _NO_STORE,
        "versions": _NO_STORE,
        "deletion_on_record": _NO_STORE,
        **at_home,
        **outside,
    }
    opened = None if isinstance(kept, Unknown) else kept
    return Gathered(Evidence(cluster, now(), url, **looks), objects, opened)


def with_etcd(session: Session, gathered: Gathered) -> Evidence:
    """Return the evidence with what the newest backup of etcd main that opens holds.

    The backup is read to the end, from the state store or from the snapshot. Raises nothing.
    """
    from kled.recovery.looks import etcd  # noqa: PLC0415 - not for --help

    evidence, kept = gathered.evidence, gathered.kept
    state, candidates = evidence.state, []
    if not isinstance(state, Unknown) and state.fact != "store-gone":
        store = _store(session, evidence.state_store)
        candidates += etcd.in_state(store, evidence.cluster, state.backups)
    if kept is not None and kept.manifest is not None:
        backups, snapshots = kept.left.backups, session.snapshot_store
        candidates += etcd.in_snapshot(snapshots, kept.manifest, kept.objects, backups)
    asked = ask_together({"etcd": lambda: etcd.look_into_etcd(candidates)}, _ETCD)
    return replace(evidence, etcd=asked["etcd"])


def _left(seen: Any) -> Any:  # noqa: ANN401 - what a look returned
    return seen if isinstance(seen, Unknown) else seen.left


def _first_round(session: Session, cluster: str) -> tuple[str, dict[str, Any]]:
    """Return the URL of the state store to look at, and the first answers.

    Where the settings name it, all are asked at once; else the epoch, or a snapshot, tells it.
    """
    settings = session.settings
    here = session.state_store.location.url if settings.state_store else ""
    if settings.snapshot_store is not None:
        _ = session.snapshot_store  # what is named wrong is said at once, and is no finding
    ask_home = {"home": lambda: _home(session, cluster, here)}
    if here:
        return here, ask_together({**ask_home, **_of_state(session, cluster, here)})
    home = ask_together(ask_home)["home"]
    named = "" if isinstance(home, Unknown) else home.state_store or _last_known(session, cluster)
    asked = ask_together(_of_state(session, cluster, named)) if named else {}
    return named, {"home": home, **asked}


def _home(session: Session, cluster: str, here: str) -> Any:  # noqa: ANN401 - a look
    from kled.recovery.evidence import HomeLeft  # noqa: PLC0415 - not for --help
    from kled.recovery.looks.snapshots import look_at_home  # noqa: PLC0415

    if session.settings.snapshot_store is None:
        return HomeLeft()
    return look_at_home(session.snapshot_store, cluster, session.settings.state_store or "", here)


def _last_known(session: Session, cluster: str) -> str:
    """Return the state store of the newest snapshot that can be trusted; empty: none tells."""
    from kled.recovery.looks.snapshots import look_at_snapshots  # noqa: PLC0415

    if session.settings.snapshot_store is None:
        return ""
    asked = ask_together({"kept": lambda: look_at_snapshots(session.snapshot_store, cluster)})
    kept = asked["kept"]
    return "" if isinstance(kept, Unknown) else kept.left.state_store


def _store(session: Session, url: str) -> "ObjectStore":
    if session.settings.state_store:
        return session.state_store
    return session.other_store(url)


def _of_state(session: Session, cluster: str, url: str) -> dict[str, Any]:
    """Return the questions to the state store."""
    from kled.recovery.looks.api import look_at_dns  # noqa: PLC0415 - not for --help
    from kled.recovery.looks.state import look_at_state  # noqa: PLC0415
    from kled.recovery.looks.versions import look_at_versions  # noqa: PLC0415
    from kled.recovery.looks.writer import look_at_lease  # noqa: PLC0415

    def ledger() -> "Ledger | None":
        from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415

        try:
            return read_ledger(session.snapshot_store, _store(session, url))
        except KledError:  # its own look says why
            return None

    return {
        "state": lambda: look_at_state(_store(session, url), cluster, ledger),
        "lease": lambda: _unless_gone(lambda: look_at_lease(_store(session, url), cluster)),
        "deletion_on_record": lambda: _has_record(session, cluster, url),
        "versions": lambda: look_at_versions(_store(session, url), cluster),
        "dns": lambda: look_at_dns(f"api.{cluster}"),
    }


def _unless_gone(look: Any) -> Any:  # noqa: ANN401 - a look and what it returns
    from kled.errors import BucketMissing  # noqa: PLC0415
    from kled.recovery.evidence import LeaseLeft  # noqa: PLC0415

    try:
        return look()
    except BucketMissing:
        return LeaseLeft()


def _has_record(session: Session, cluster: str, url: str) -> bool:
    from kled.errors import BucketMissing, DocumentDamaged  # noqa: PLC0415

    try:
        return begun_deletion.RECORD.read_in(_store(session, url), cluster) is not None
    except BucketMissing:
        return False
    except DocumentDamaged:  # a record all the same
        return True


def _of_snapshots(session: Session, cluster: str, url: str, seen: Any) -> Any:  # noqa: ANN401
    """Return what the snapshot store has; a state store that does not answer is not asked."""
    from kled.recovery.looks.snapshots import look_at_snapshots  # noqa: PLC0415

    if session.settings.snapshot_store is None:
        return _NO_SNAPSHOTS
    answers = url and not isinstance(seen, Unknown) and seen.left.fact != "store-gone"
    state = _store(session, url) if answers else None
    asked = ask_together(
        {"snapshots": lambda: look_at_snapshots(session.snapshot_store, cluster, state)}
    )
    return asked["snapshots"]


def _definition(
    seen: "StateSeen | Unknown", kept: "Kept | Unknown"
) -> tuple[Mapping[str, bytes], str]:
    """Return the objects of a definition that can be read, and whose they are.

    Where the state store lacks a group or the authority, those of the snapshot are added: they tell
    what the cloud and the API are held against.
    """
    mine = {} if isinstance(seen, Unknown) else dict(seen.objects)
    theirs = {} if isinstance(kept, Unknown) else dict(kept.objects)
    if contents.mapping(mine.get(layout.CONFIG, b"")) is not None:
        return {**theirs, **mine}, _STATE
    told = "" if isinstance(kept, Unknown) else f"snapshot {kept.left.trusted}"
    return {**mine, **theirs}, told


def _of_outside(
    session: Session, cluster: str, objects: Mapping[str, bytes], whose: str
) -> dict[str, Any]:
    """Return the questions to the cloud and to the API."""
    from kled.recovery.looks.api import look_at_api  # noqa: PLC0415 - not for --help

    key = keyset_keys.files(objects).get(identity.AUTHORITY, "")
    authority = objects.get(key, b"")
    addresses = list(dict.fromkeys(_addresses(session, cluster, objects)))
    return {
        "cloud": lambda: _cloud(session, cluster, objects, whose),
        "api": lambda: look_at_api(addresses, authority, whose),
    }


def _cloud(session: Session, cluster: str, objects: Mapping[str, bytes], whose: str) -> Any:  # noqa: ANN401
    from kled.recovery.looks.cloud import look_at_cloud  # noqa: PLC0415 - not for --help

    if contents.mapping(objects.get(layout.CONFIG, b"")) is None:
        return Unknown(
            "kops needs a definition to look by, and none can be read here",
            "what lets its snapshot be read (KLED_SNAPSHOT_IDENTITY, where it is encrypted); else"
            f" the cloud's console, by the tag KubernetesCluster={cluster}",
        )
    with _kops(session) as kops:
        return look_at_cloud(kops, objects, cluster, whose)


@contextmanager
def _kops(session: Session) -> "Iterator[Kops]":
    """Yield a kops with a scratch directory of its own and little patience."""
    from kled import process  # noqa: PLC0415 - not for --help
    from kled.files import scratch  # noqa: PLC0415
    from kled.install.locate import locate  # noqa: PLC0415
    from kled.kops.call import KopsCalls  # noqa: PLC0415
    from kled.kops.client import Kops  # noqa: PLC0415
    from kled.redact import Redactor, secret_values  # noqa: PLC0415

    settings = session.settings
    search_path = settings.environment.get("PATH", os.defpath)
    program = locate(explicit=settings.kops, home=settings.home, search_path=search_path)
    with scratch.directory() as root:
        yield Kops(
            KopsCalls(
                program.path,
                run=process.run,
                env=child_environment(settings),
                state_store=root.as_uri(),
                scratch=root,
                redactor=Redactor(secret_values(settings.environment)),
                timeout=_KOPS,
                read_timeout=_KOPS,
            )
        )


def _addresses(
    session: Session, cluster: str, objects: Mapping[str, bytes]
) -> Iterator[tuple[str, str | None]]:
    """Yield where the API may answer: by kubeconfigs that are kept, and by a public name."""
    from kled.kubernetes.server_name import server_of  # noqa: PLC0415 - not for --help

    for place in kept_places(session.settings, cluster):
        address = server_of(place)
        if address is not None:
            yield address
    spec = (contents.mapping(objects.get(layout.CONFIG, b"")) or {}).get("spec")
    topology = spec.get("topology") if isinstance(spec, dict) else None
    dns = topology.get("dns") if isinstance(topology, dict) else None
    if isinstance(dns, dict) and dns.get("type") == "Public":
        yield f"https://api.{cluster}", None
