"""A run opens each of its stores once, when it is first needed, with its own settings."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from kled import config
from kled.errors import InvalidInput, SettingsError
from kled.operations.guards.overrides import NOTHING
from kled.operations.session import Session, Who
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.storage.base import Location, ObjectStore
from kled.storage.memory import MemoryStore

CLOCK = Clock(lambda: 0.0, lambda _: None)
URLS = {"KOPS_STATE_STORE": "s3://state", "KLED_SNAPSHOT_STORE": "s3://kept"}


class Opener:
    """Opens stores in memory; remembers what it was asked for, with which environment."""

    def __init__(self) -> None:
        self.opened: list[tuple[Location, Mapping[str, str]]] = []

    def __call__(self, location: Location, *, env: Mapping[str, str], clock: Clock) -> ObjectStore:
        self.opened.append((location, env))
        return MemoryStore()

    @property
    def urls(self) -> list[str]:
        return [location.url for location, _ in self.opened]


@pytest.fixture
def opener() -> Opener:
    return Opener()


def a_session(opener: Opener, home: Path, **env: str) -> Session:
    settings = config.load({"HOME": str(home)} | URLS | env)
    stores = Stores(settings, CLOCK, open_store=opener)
    who = Who("t", "a run", timedelta(0))
    return Session(settings, None, CLOCK, who, None, overrides=NOTHING, stores=stores)


def test_a_session_opens_nothing_that_nobody_asks_for(opener: Opener, tmp_path: Path) -> None:
    a_session(opener, tmp_path)

    assert opener.opened == []


def test_a_session_opens_each_of_its_stores_once(opener: Opener, tmp_path: Path) -> None:
    session = a_session(opener, tmp_path)

    for _ in range(3):
        assert session.state_store is session.state_store
        assert session.snapshot_store is session.snapshot_store
        assert session.other_store("s3://b") is session.other_store("s3://b/")

    assert opener.urls == ["s3://state", "s3://kept", "s3://b"]
    assert session.snapshot_store.store is session.other_store("s3://kept")


def test_many_threads_are_given_the_same_store(opener: Opener, tmp_path: Path) -> None:
    session = a_session(opener, tmp_path)

    with ThreadPoolExecutor(8) as pool:
        stores = set(pool.map(lambda _: id(session.snapshot_store), range(64)))

    assert len(stores) == 1
    assert opener.urls == ["s3://kept"]


def test_another_store_is_opened_with_its_own_profile(opener: Opener, tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(
        '[state-stores."s3://state"]\nregion = "eu-west-1"\n'
        '[snapshot-stores."s3://kept"]\naws-profile = "vault"\n'
    )
    session = a_session(
        opener, tmp_path, KLED_CONFIG=str(settings), S3_ENDPOINT="https://s3.example"
    )

    _ = session.state_store, session.snapshot_store

    (state, state_env), (kept, kept_env) = opener.opened
    assert (state, state_env["S3_REGION"]) == (
        Location("s3://state", None, "eu-west-1"),
        "eu-west-1",
    )
    assert (kept, kept_env["AWS_PROFILE"]) == (Location("s3://kept"), "vault")
    assert "S3_ENDPOINT" in state_env
    assert "S3_ENDPOINT" not in kept_env


def test_a_store_that_cannot_be_opened_is_refused_each_time(tmp_path: Path) -> None:
    settings = config.load({"HOME": str(tmp_path)} | URLS | {"KLED_SNAPSHOT_STORE": "ftp://kept"})
    stores = Stores(settings, CLOCK)

    for _ in range(2):
        with pytest.raises(InvalidInput, match="snapshot store: ftp://kept"):
            _ = stores.snapshots


def test_a_run_without_stores_is_told_how_to_name_them(tmp_path: Path) -> None:
    stores = Stores(config.load({"HOME": str(tmp_path)}), CLOCK)

    with pytest.raises(SettingsError, match="no state store is named"):
        _ = stores.state
    with pytest.raises(SettingsError, match="no snapshot store is named"):
        _ = stores.snapshots
