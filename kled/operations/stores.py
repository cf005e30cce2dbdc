"""Opening the state store and the snapshot store that the settings name."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kled.config import Settings, SnapshotProfile
from kled.errors import InvalidInput, SettingsError
from kled.operations.session import child_environment, require_state_store
from kled.retry import Clock

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotStore
    from kled.storage.base import ObjectStore


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def state_store(settings: Settings, clock: Clock) -> "ObjectStore":
    """Return the state store; nothing is asked of it yet."""
    from kled.storage.base import Location  # noqa: PLC0415 - SDKs are heavy
    from kled.storage.url import open_store  # noqa: PLC0415

    profile = settings.profile
    location = Location(require_state_store(settings), profile.endpoint, profile.region)
    return open_store(location, env=child_environment(settings), clock=clock)


def other_store(settings: Settings, url: str, clock: Clock) -> "ObjectStore":
    """Return a store by its URL: with its profile where the settings file has one."""
    from kled.storage.base import Location  # noqa: PLC0415
    from kled.storage.url import open_store  # noqa: PLC0415

    url = url.rstrip("/")
    if url in settings.snapshot_profiles:
        profile = settings.snapshot_profiles[url]
        location = Location(url, profile.endpoint, profile.region)
        return open_store(location, env=_environment(settings, profile), clock=clock)
    known = settings.profiles.get(url)
    location = Location(url, known.endpoint if known else None, known.region if known else None)
    return open_store(location, env=settings.environment, clock=clock)


def snapshot_store(settings: Settings, clock: Clock) -> "SnapshotStore":
    """Return the snapshot store; raise `SettingsError` where none is named."""
    if settings.snapshot_store is None:
        raise SettingsError(
            "no snapshot store is named",
            hint="pass --snapshot-store=s3://BUCKET or set KLED_SNAPSHOT_STORE: another bucket,"
            " best in another account, where the state store's owner cannot delete",
        )
    if settings.snapshot_store == settings.state_store:
        raise SettingsError(
            f"the snapshot store {settings.snapshot_store} is the state store itself",
            hint="whoever loses the one loses the other: name another bucket",
        )
    try:
        return snapshots_in(settings, settings.snapshot_store, clock)
    except InvalidInput as error:
        if error.field != "state store":
            raise
        words = error.message.removeprefix(f"{error.field}: ")
        raise InvalidInput("snapshot store", words, hint=error.hint) from error


def snapshots_in(settings: Settings, url: str, clock: Clock) -> "SnapshotStore":
    """Return the snapshot store at `url`, with the keys that the settings name."""
    from kled.snapshot.keys import Keys  # noqa: PLC0415
    from kled.snapshot.repository import SnapshotStore  # noqa: PLC0415

    profile = settings.snapshot_profile
    keys = Keys(profile.recipients, profile.identity, profile.signing_key, profile.verification_key)
    store = other_store(settings, url, clock)
    return SnapshotStore(store, keys, now=now, chance=os.urandom)


def _environment(settings: Settings, profile: SnapshotProfile) -> Mapping[str, str]:
    """Return the variables for a store that is reached in its own way.

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
