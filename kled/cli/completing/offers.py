"""The values that Tab offers, by the word in a command's help: CLUSTER, GROUP, ID.

Names come from the stores that the line or the environment names. Stores are only read, no lease is
taken, nobody is asked, and a lookup that fails or takes longer than `PATIENCE` offers nothing.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from kled import config
from kled.operations.fleet import stored_names
from kled.operations.stores import Stores
from kled.retry import Clock

if TYPE_CHECKING:
    from kled.kops.fields.known_fields import Kind
    from kled.storage.base import Location, ObjectStore

PATIENCE: Final = 0.7
"""Seconds for all lookups; with Python's start a line is answered within one second."""
_MOST: Final = 500
"""How many names a person would read."""
SOON: Final = 0.5
"""As a duration, for opening stores and asking servers."""
_PAGE: Final = 200
_LIVE: Final = "live"
_CLOCK: Final = Clock(time.monotonic, time.sleep)
_ONCE_MORE: Final = frozenset({"confirm", "new_identity"})
"""Names that people type as a confirmation, which Tab must not type for them."""
_OF_SNAPSHOTS: Final = ("kled snapshot ", "restore-state", "verify-snapshots", "prune-snapshots")
"""Commands and flows for clusters that may only exist in snapshots."""


@dataclass(frozen=True)
class Line:
    """The line so far: which stores and which cluster it means."""

    environment: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    """`state`, `config` and `snapshot_store`, as they are typed."""
    cluster: str | None = None
    command: str = ""
    """The command's path, or the flow's name."""
    group: str | None = None

    @cached_property
    def settings(self) -> config.Settings:
        """What the line and the environment set; raises as `config.load` does."""
        return config.load(
            self.environment,
            state=self.options.get("state"),
            config=self.options.get("config"),
            snapshots=self.options.get("snapshot_store"),
        )

    @cached_property
    def stores(self) -> Stores:
        """The stores, each asked once and with a short timeout."""
        return Stores(self.settings, _CLOCK, open_store=_open_briefly)

    @property
    def kept(self) -> "ObjectStore":
        """The snapshot store, without its keys, which names do not need."""
        return self.stores.other(self.settings.snapshot_store or "")


@dataclass(frozen=True, slots=True)
class TypedValue:
    """The value that is being typed."""

    kind: str
    """As help writes it: CLUSTER."""
    name: str = ""
    """The option's or the parameter's, in snake case."""
    default: object = None
    beginning: str = ""


def offers(line: Line, wanted: TypedValue) -> list[str]:
    """Return the possible values that begin with the typed text; empty where none is known.

    Never raises, and returns within `PATIENCE` plus the time to import the client of a store.
    """
    find = _KINDS.get(wanted.kind)
    if find is None or wanted.name in _ONCE_MORE:
        return []
    with suppress(Exception):  # a settings file, or a directory of environments, that is wrong
        return [name for name in find(line, wanted) if name.startswith(wanted.beginning)]
    return []


def is_offered(kind: str) -> bool:
    """Say whether there are offers for values of this kind."""
    return kind in _KINDS


def look_up_all(*lookups: Callable[[], Iterable[str]], patience: float | None = None) -> list[str]:
    """Return the results of all lookups, made at the same time, in their order.

    A lookup that fails adds nothing.
    """
    named_by: list[list[str]] = [[] for _ in lookups]

    def look(place: int) -> None:
        with suppress(Exception):  # a store that is not there, a setting that is wrong
            named_by[place] = list(islice(lookups[place](), _MOST))

    threads = [threading.Thread(target=look, args=(n,), daemon=True) for n in range(len(lookups))]
    for thread in threads:
        thread.start()
    ends = _CLOCK.monotonic() + (PATIENCE if patience is None else patience)
    for thread in threads:
        thread.join(max(0.0, ends - _CLOCK.monotonic()))
    return [name for names in named_by for name in names]


def _clusters(line: Line, wanted: TypedValue) -> list[str]:
    def of_state() -> Iterable[str]:
        return stored_names.clusters(line.stores.state, wanted.beginning)

    def of_kept() -> Iterable[str]:
        return stored_names.clusters_with_snapshots(line.kept, wanted.beginning)

    kept = line.command.startswith(_OF_SNAPSHOTS) and not line.command.endswith(" create")
    return sorted({*look_up_all(of_state, *((of_kept,) if kept else ()))})


def _of_the_cluster(
    names: Callable[["ObjectStore", str], Iterable[str]],
) -> Callable[[Line, TypedValue], list[str]]:
    def find(line: Line, _: TypedValue) -> list[str]:
        return look_up_all(lambda: names(line.stores.state, _cluster(line)))

    return find


def _cluster(line: Line) -> str:
    """Return the named cluster, or the only one where none is named."""
    if line.cluster is not None:
        return line.cluster
    (only,) = islice(stored_names.clusters(line.stores.state), 2)
    return only


def _keysets(line: Line, wanted: TypedValue) -> list[str]:
    default = [wanted.default] if isinstance(wanted.default, str) else []
    return [*default, *_of_the_cluster(stored_names.keysets)(line, wanted)]


def _snapshots(line: Line, wanted: TypedValue) -> list[str]:
    """Return `latest` and `newest`, then the ids; without ids where the store does not answer."""
    names = ["latest", "newest"] if wanted.default == "newest" else ["latest"]
    return [*names, *look_up_all(lambda: stored_names.snapshots(line.kept, line.cluster or ""))]


def _sides(line: Line, wanted: TypedValue) -> list[str]:
    """Return what `snapshot diff` compares."""
    either = TypedValue("ID", default="newest", beginning=wanted.beginning)
    return [_LIVE, *_snapshots(line, either)]


def _urls(line: Line, wanted: TypedValue) -> list[str]:
    """Return the stores in the settings file of the sort that the option takes."""
    kept = wanted.name == "snapshot_store" or (wanted.name == "to" and "mirror" in line.command)

    def known() -> Iterable[str]:
        with_them = (profile.snapshot_store for profile in line.settings.profiles.values())
        named = (*line.settings.snapshot_profiles, *with_them) if kept else line.settings.profiles
        return sorted({name for name in named if name})

    return [] if wanted.name == "endpoint" else look_up_all(known)


def _flows(_: Line, __: TypedValue) -> list[str]:
    from deployments import catalog  # noqa: PLC0415 - reads YAML

    return sorted({entry.flow for entry in catalog.load(catalog.path())})


def _environments(line: Line, _: TypedValue) -> list[str]:
    from deployments import environment  # noqa: PLC0415 - reads YAML

    own = line.settings.config_file.parent / "environments"
    return sorted(environment.known_names((own, environment.PACKAGED)))


def _clouds(_: Line, __: TypedValue) -> list[str]:
    from kled.models.clouds import CLOUDS  # noqa: PLC0415 - for this alone

    return [cloud.name for cloud in CLOUDS.values() if cloud.refused is None]


def _subnets(line: Line, _: TypedValue) -> list[str]:
    from kled.operations.cluster import stored_definitions  # noqa: PLC0415 - for this alone

    def there() -> Iterable[str]:
        return stored_definitions.subnets(line.stores.state, _cluster(line))

    return look_up_all(there, patience=SOON)


def _listed(line: Line, wanted: TypedValue) -> list[str]:
    """Return the zones of existing clusters behind the zones typed already."""
    if not wanted.name.endswith("zones"):
        return []
    from kled.operations.cluster import stored_definitions  # noqa: PLC0415 - for this alone

    head, comma, _ = wanted.beginning.rpartition(",")
    zones = look_up_all(lambda: stored_definitions.zones(line.stores.state), patience=SOON)
    return [f"{head}{comma}{zone}" for zone in zones if zone not in head.split(",")]


def _assignments(line: Line, wanted: TypedValue) -> list[str]:
    """Return how `PATH=VALUE` could go on.

    There is no blank behind a path, since more of it or a value follows.
    """
    from kled.kops.fields import offers as field_offers  # noqa: PLC0415 - for these alone

    kind: Kind = "InstanceGroup" if "instance-group" in line.command else "Cluster"
    path, equals, value = wanted.beginning.partition("=")
    if equals:
        return [f"{path}={offer}" for offer in field_offers.values(kind, path, value)]
    continuations = field_offers.continuations(kind, path, _definition(line, kind))
    return [name if name.endswith(".") else f"{name}=" for name in continuations]


def _paths(line: Line, wanted: TypedValue) -> list[str]:
    from kled.kops.fields import offers as field_offers  # noqa: PLC0415 - for these alone

    kind: Kind = "InstanceGroup" if "instance-group" in line.command else "Cluster"
    stored = _definition(line, kind)
    return field_offers.continuations(kind, wanted.beginning, stored, removes=True)


def _definition(line: Line, kind: "Kind") -> Mapping[str, Any]:
    """Return the stored definition of the cluster or its group; empty where it takes too long."""
    from kled.operations.cluster import stored_definitions  # noqa: PLC0415 - for this alone

    stored: list[Mapping[str, Any]] = []

    def read() -> Iterable[str]:
        group = line.group if kind == "InstanceGroup" else None
        if line.command.endswith(" create-cluster") or (kind == "InstanceGroup" and group is None):
            return ()
        stored.append(stored_definitions.definition(line.stores.state, _cluster(line), group))
        return ()

    look_up_all(read, patience=SOON)
    return stored[0] if stored else {}


def _runs(line: Line, _: TypedValue) -> list[str]:
    """Return the start of the ids of waiting runs on the named server."""
    import httpx  # noqa: F401, PLC0415 - here, for no patience is long enough for it

    from kled.cli.checks import prefect_server  # noqa: PLC0415 - for this alone
    from kled.cli.flows.waiting_runs import SHORTEST  # noqa: PLC0415

    def paused() -> Iterable[str]:
        env = line.environment
        with prefect_server.client(env["PREFECT_API_URL"], env, seconds=SOON) as api:
            wanted = {"flow_runs": {"state": {"type": {"any_": ["PAUSED"]}}}, "limit": _PAGE}
            runs = api.post("flow_runs/filter", json=wanted).raise_for_status().json()
        ids = [str(UUID(run["id"])) for run in runs]
        short = [id_[:SHORTEST] for id_ in ids]
        return short if len(set(short)) == len(short) else ids

    return look_up_all(paused, patience=SOON)


def _faults(_: Line, __: TypedValue) -> list[str]:
    from kled.sandbox.faults import FAULTS  # noqa: PLC0415 - for this alone

    return sorted(FAULTS)


def _open_briefly(location: "Location", *, env: Mapping[str, str], clock: Clock) -> "ObjectStore":
    """Open a store for one question; a failure is not tried again."""
    from datetime import timedelta  # noqa: PLC0415 - not where no store is asked

    from kled.storage.timeouts import Timeouts  # noqa: PLC0415
    from kled.storage.url import adapter  # noqa: PLC0415

    brief = timedelta(seconds=PATIENCE)
    return adapter(location, env, clock, Timeouts(brief, brief, brief, brief))


_KINDS: Final[Mapping[str, Callable[[Line, TypedValue], Sequence[str]]]] = {
    "A,B": _listed,
    "AFTER": _sides,
    "BEFORE": _sides,
    "CLOUD": _clouds,
    "CLUSTER": _clusters,
    "ENV": _environments,
    "FAULT": _faults,
    "FLOW": _flows,
    "GROUP": _of_the_cluster(stored_names.instance_groups),
    "GROUP|INSTANCE": _of_the_cluster(stored_names.instance_groups),
    "ID": _snapshots,
    "KEYSET": _keysets,
    "PATH": _paths,
    "PATH=VALUE": _assignments,
    "RUN": _runs,
    "SECRET": _of_the_cluster(stored_names.secrets),
    "SUBNET": _subnets,
    "URL": _urls,
}
