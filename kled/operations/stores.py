"""The stores of one run: the state store, the snapshot store, and others by their URL."""

import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

from kled.config import Settings
from kled.errors import InvalidInput, SettingsError
from kled.kops.facts import versions
from kled.operations.guards.guards import LeasePlace
from kled.retry import Clock
from kled.store_profiles import SnapshotProfile
from kled.store_urls import canonical, of_store

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotStore
    from kled.storage.base import Location, ObjectStore
    from kled.storage.lifecycle_rules import Lifecycle

T = TypeVar("T")
_PREFECT: Final = "PREFECT_"


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def require_state_store(settings: Settings) -> str:
    """Return the state store's URL; raise `SettingsError` where none that kops knows is named."""
    if settings.state_store is None:
        raise SettingsError(
            "no state store is named",
            hint="pass --state=s3://BUCKET, set KOPS_STATE_STORE, or run"
            " `kled kops configure-state-store --state=s3://BUCKET`",
        )
    versions.check_state_store(settings.state_store)
    return settings.state_store


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment for kops: the process's own, and what the store's profile adds.

    The profile's region and endpoint apply only where the environment sets none. Prefect's
    variables are left out: a child process has no use for the keys of its server and its database.
    """
    given = settings.environment
    env = {name: value for name, value in given.items() if not name.startswith(_PREFECT)}
    profile = settings.profile
    if profile.endpoint:
        env.setdefault("S3_ENDPOINT", profile.endpoint)
    if profile.region:
        env.setdefault("S3_REGION", profile.region)
    return env


class OpenStore(Protocol):
    """Opens a store, as `kled.storage.url.open_store` does."""

    def __call__(
        self, location: "Location", *, env: Mapping[str, str], clock: Clock
    ) -> "ObjectStore":
        """Return the store at `location`; nothing is asked of it yet."""


class Stores:
    """The stores that the settings name; each is opened once, when it is first needed.

    Opening sends no request. The returned object may be used by many threads, and is the same one
    each time: one client, with its connections and its tokens, serves the whole run.
    """

    def __init__(
        self, settings: Settings, clock: Clock, *, open_store: OpenStore | None = None
    ) -> None:
        """Open stores with `open_store`; by default with `kled.storage.url.open_store`."""
        self._settings = settings
        self._clock = clock
        self._open_store = open_store
        self._opened: dict[tuple[str, str], object] = {}
        self._lock = threading.RLock()

    @property
    def settings(self) -> Settings:
        """The settings that name the stores."""
        return self._settings

    @property
    def state(self) -> "ObjectStore":
        """The state store; raises `SettingsError` where none that kops knows is named."""
        return self._once("state", "", self._open_state)

    @property
    def remembering(self) -> "ObjectStore | None":
        """The state store, which remembers its snapshots; None where the settings name none."""
        return self.state if self._settings.state_store else None

    @property
    def snapshots(self) -> "SnapshotStore":
        """The snapshot store.

        Raises `SettingsError` where none is named, or it is the state store.
        """
        settings = self._settings
        if settings.snapshot_store is None:
            raise SettingsError(
                "no snapshot store is named",
                hint="pass --snapshot-store=s3://BUCKET or set KLED_SNAPSHOT_STORE: another bucket,"
                " best in another account, where the state store's owner cannot delete",
            )
        try:
            self.require_apart(
                settings.snapshot_store, "the snapshot store", " with KLED_SNAPSHOT_STORE"
            )
            return self.snapshots_in(settings.snapshot_store)
        except InvalidInput as error:
            if error.field != "state store":
                raise
            problem = error.message.removeprefix(f"{error.field}: ")
            raise InvalidInput("snapshot store", problem, hint=error.hint) from error

    def snapshots_in(self, url: str) -> "SnapshotStore":
        """Return the snapshot store at `url`, with the keys that the settings name."""
        return self._once("snapshots", canonical(url), lambda: self._open_snapshots(url))

    def other(self, url: str) -> "ObjectStore":
        """Return the store at `url`, with its profile where the settings file has one."""
        url = canonical(url)
        return self._once("other", url, lambda: self._open_other(url))

    def require_apart(self, url: str, name: str, how: str = "") -> None:
        """Raise `SettingsError` where the store at `url` and the state store overlap.

        `name` is what the message calls the store, `how` says how to name another one. Where the
        settings name no state store that kled knows, nothing overlaps it. No store is opened or
        asked.
        """
        from kled.storage.overlap import overlap  # noqa: PLC0415 - not for --help
        from kled.storage.url import located  # noqa: PLC0415

        try:
            live = located(*self._state_place())
        except SettingsError:
            return
        if overlap(live, located(*self._other_place(url))):
            raise SettingsError(
                f"{name} {url} and the state store {self._settings.state_store} are one place, or"
                " one lies within the other",
                hint=f"whoever loses the one loses the other: name another bucket{how}, best in"
                " another account",
            )

    def is_state_store(self, url: str) -> bool:
        """Say whether `url` is the state store, by the URLs alone: no store is opened or asked."""
        from kled.storage.overlap import is_one  # noqa: PLC0415 - not for --help
        from kled.storage.url import located  # noqa: PLC0415

        return is_one(located(*self._state_place()), located(*self._other_place(url)))

    def require_outside(self, url: str) -> None:
        """Raise `SettingsError` where a state store at `url` and the snapshot store overlap.

        No store is opened or asked.
        """
        from kled.storage.overlap import overlap  # noqa: PLC0415 - not for --help
        from kled.storage.url import located  # noqa: PLC0415

        kept = self._settings.snapshot_store
        if kept and overlap(located(*self._other_place(kept)), located(*self._other_place(url))):
            raise SettingsError(
                f"{url} and the snapshot store {kept} are one place, or one lies within the other",
                hint="a state store is another bucket, best in another account: whoever loses the"
                " one loses the other",
            )

    def at(self, place: LeasePlace) -> "ObjectStore":
        """Return the state store that holds `place`."""
        return self.state if place.state_store is None else self.other(place.state_store)

    def encryption_refusal(self) -> str | None:
        """Say why kops can write nothing into the state store; None where it can.

        Raises `KledError` where the store does not answer, or denies the try.
        """
        from kled.storage import safety  # noqa: PLC0415 - SDKs are heavy

        env = child_environment(self._settings)
        return safety.encryption_refusal(self.state.location, env=env)

    def lifecycle(self) -> "Lifecycle":
        """Return what becomes of the objects of the state store's bucket by themselves.

        Raises what `kled.storage.safety.lifecycle_of` raises.
        """
        from kled.storage import safety  # noqa: PLC0415 - SDKs are heavy

        env = child_environment(self._settings)
        return safety.lifecycle_of(self.state.location, env=env)

    def lifecycle_of_snapshots(self, url: str) -> "Lifecycle":
        """Return what becomes of the objects of the snapshot store at `url` by themselves."""
        from kled.storage import safety  # noqa: PLC0415 - SDKs are heavy

        location, env = self._other_place(url)
        return safety.lifecycle_of(location, env=env)

    def _once(self, role: str, url: str, open_it: Callable[[], T]) -> T:
        with self._lock:
            if (role, url) not in self._opened:
                self._opened[role, url] = open_it()
            return cast("T", self._opened[role, url])

    def _open_state(self) -> "ObjectStore":
        return self._open(*self._state_place())

    def _open_other(self, url: str) -> "ObjectStore":
        return self._open(*self._other_place(url))

    def _state_place(self) -> "tuple[Location, Mapping[str, str]]":
        from kled.storage.base import Location  # noqa: PLC0415 - SDKs are heavy

        profile = self._settings.profile
        location = Location(require_state_store(self._settings), profile.endpoint, profile.region)
        return location, child_environment(self._settings)

    def _other_place(self, url: str) -> "tuple[Location, Mapping[str, str]]":
        from kled.storage.base import Location  # noqa: PLC0415

        settings, url = self._settings, canonical(url)
        profile = of_store(settings.snapshot_profiles, url)
        if profile is not None:
            location = Location(url, profile.endpoint, profile.region)
            return location, _environment(settings, profile)
        known = of_store(settings.profiles, url)
        location = Location(url, known.endpoint if known else None, known.region if known else None)
        return location, settings.environment

    def _open_snapshots(self, url: str) -> "SnapshotStore":
        from kled.snapshot.documents.keys import Keys  # noqa: PLC0415
        from kled.snapshot.documents.signing import verification_keys  # noqa: PLC0415
        from kled.snapshot.repository import SnapshotStore  # noqa: PLC0415

        profile = self._settings.snapshot_profile
        keys = Keys(
            profile.recipients, profile.identity, profile.signing_key, profile.verification_keys
        )
        verification_keys(keys)  # a pair that does not fit is refused before anything is changed
        return SnapshotStore(self.other(url), keys, now=now, chance=os.urandom)

    def _open(self, location: "Location", env: Mapping[str, str]) -> "ObjectStore":
        from kled.storage.url import open_store  # noqa: PLC0415

        return (self._open_store or open_store)(location, env=env, clock=self._clock)


def _environment(settings: Settings, profile: SnapshotProfile) -> Mapping[str, str]:
    """Return the variables for a store that has credentials or an endpoint of its own.

    S3_* are the state store's endpoint and keys, as kops reads them; another account's credentials
    come from AWS' own files by the name of their profile.
    """
    env = dict(settings.environment)
    if not profile.is_elsewhere:
        return env
    dropped = {name for name in env if name.startswith("S3_")}
    if profile.endpoint or profile.aws_profile:
        dropped |= {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}
    if profile.region:
        dropped |= {"AWS_REGION", "AWS_DEFAULT_REGION"}
    if profile.aws_profile:
        dropped |= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
        env["AWS_PROFILE"] = profile.aws_profile
    return {name: value for name, value in env.items() if name not in dropped}
