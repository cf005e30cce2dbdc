"""One state store that is typed in two ways is one: its epochs, runs, deletions and neighbours."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from kled import config
from kled.errors import EpochMismatch, NotApproved
from kled.operations.fleet import registered
from kled.operations.guards import elsewhere, lost_cluster
from kled.operations.guards.before_change import announce_step, check_epoch, vacate_step
from kled.operations.guards.overrides import NOTHING
from kled.operations.session import Session, Who
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions, RunResult
from kled.snapshot.epoch import epoch
from kled.snapshot.epoch.epoch_document import find, overwrite
from kled.snapshot.progress import Quiet
from kled.storage.base import Location, ObjectStore
from kled.storage.memory import MemoryStore
from kled.storage.url import located
from tests.stores import Watched
from tests.unit.snapshot import fleets

C = fleets.name(1)
WHO = Who("tester", "a run", timedelta(0))
CLOCK = Clock(time.monotonic, lambda _: None)
NAME = "a b%20é"
SPELLINGS: dict[str, Callable[[Path], str]] = {
    "url": Path.as_uri,
    "slash": lambda state: f"{state.as_uri()}/",
    "path": str,
    "path with slashes": lambda state: f"//{state}//",
    "four slashes": lambda state: state.as_uri().replace("///", "////"),
    "localhost": lambda state: state.as_uri().replace("///", "//localhost/"),
    "link": lambda state: (state.parent / "link").as_uri(),
    "path of a link": lambda state: str(state.parent / "link"),
}


@dataclass
class World:
    """A state store with a blank and a percent sign in its name, and a link to it."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / NAME

    def typed(self, how: str) -> str:
        return SPELLINGS[how](self.state)

    def put(self, store: Path, number: int = 1) -> None:
        for key, body in fleets.objects(number).items():
            path = store / fleets.name(number) / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def session(self, typed: str, **more: str) -> Session:
        env = {
            "HOME": str(self.root),
            "KOPS_STATE_STORE": typed,
            "KLED_SNAPSHOT_STORE": str(self.root / "snapshots"),
        }
        settings = config.load(env | more)
        return Session(settings, None, CLOCK, WHO, None, overrides=NOTHING)


def backed_up(session: Session) -> RunResult:
    """Take snapshots of all clusters, whatever they are worth."""
    options = CreateOptions("tester")
    return create(
        session.state_store, session.snapshot_store, None, options=options, progress=Quiet()
    )


def was_written(session: Session, **fields: object) -> None:
    """Let the epoch be one of an earlier kled, which wrote URLs as they were typed."""
    stored = find(session.snapshot_store, C)
    assert stored is not None
    old = replace(stored.epoch, **fields)  # type: ignore[arg-type]
    overwrite(session.snapshot_store, C, old, stored.tag)


def misses(result: RunResult) -> bool:
    """Say whether the run finds that the cluster is gone, and nobody deleted it."""
    failed = [one.cluster for one in result.clusters if one.error is not None]
    return C in failed or any(C in finding for finding in result.findings)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.state.mkdir()
    (tmp_path / "link").symlink_to(world.state)
    for store in ("other", "snapshots"):
        (tmp_path / store).mkdir()
    world.put(world.state)
    world.put(world.state, 2)
    return world


@pytest.mark.parametrize("first", SPELLINGS)
def test_an_epoch_holds_for_each_spelling_of_its_store(world: World, first: str) -> None:
    assert check_epoch(world.session(world.typed(first)), C).startswith("epoch 1")
    for typed in map(world.typed, SPELLINGS):
        session = world.session(typed)
        assert check_epoch(session, C) == "epoch 1"
        assert elsewhere.refusal(session, C) is None
        assert not elsewhere.is_twin(session, C)


@pytest.mark.parametrize("how", SPELLINGS)
def test_an_epoch_that_was_written_as_it_was_typed_holds_for_each_spelling(
    world: World, how: str
) -> None:
    session = world.session(world.typed("url"))
    check_epoch(session, C)
    was_written(session, state_store=world.typed(how).rstrip("/"))
    for typed in map(world.typed, SPELLINGS):
        assert check_epoch(world.session(typed), C) == "epoch 1"


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_copy_in_another_store_is_refused_however_either_is_typed(world: World, how: str) -> None:
    check_epoch(world.session(world.typed(how)), C)
    for other in (world.root / "other", world.root / NAME.upper(), world.state / "below"):
        world.put(other)
        for typed in (str(other), other.as_uri(), f"{other.as_uri()}/"):
            session = world.session(typed)
            with pytest.raises(EpochMismatch):
                check_epoch(session, C)
            assert elsewhere.refusal(session, C) is not None


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_deletion_under_another_spelling_is_known_everywhere(world: World, how: str) -> None:
    first, session = world.session(world.typed("url")), world.session(world.typed(how))
    backed_up(first)
    check_epoch(first, C)

    announce_step(C).act(session)
    known = epoch.read(session.snapshot_store, C)
    assert known is not None
    assert known.ends
    shutil.rmtree(world.state / C)
    lost_cluster.refuse(first, C)  # its deletion has begun: it is not lost
    vacate_step(C).act(session)

    known = epoch.read(session.snapshot_store, C)
    assert known is not None
    assert known.vacant
    for typed in map(world.typed, SPELLINGS):
        lost_cluster.refuse(world.session(typed), C)
    assert not misses(backed_up(session))


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_cluster_that_is_lost_is_missed_under_each_spelling(world: World, how: str) -> None:
    """Runs, too, are those of one store."""
    first, session = world.session(world.typed("url")), world.session(world.typed(how))
    check_epoch(first, C)
    backed_up(first)
    shutil.rmtree(world.state / C)

    with pytest.raises(NotApproved, match="is gone from the state store"):
        lost_cluster.refuse(session, C)
    assert misses(backed_up(session))


@pytest.mark.parametrize("how", SPELLINGS)
def test_nothing_is_new_under_another_spelling(world: World, how: str) -> None:
    backed_up(world.session(world.typed("url")))
    backed_up(world.session(world.typed(how)))
    backed_up(world.session(world.typed("url")))

    assert len(list((world.root / "snapshots").rglob("manifest.json"))) == 2


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_store_whose_profile_has_another_spelling_has_one_cluster(world: World, how: str) -> None:
    """It was its own neighbour: nothing of it could be deleted, and its roles were another's."""
    file = world.root / "config.toml"
    file.write_text(f'[state-stores."{world.typed(how)}"]\n')
    session = world.session(world.typed("path"), KLED_CONFIG=str(file))
    homes = registered.homes(session, but=C, everywhere=True)
    assert [one.name for one in homes] == [fleets.name(2)]


def test_keys_that_were_made_anew_end_a_past_under_another_spelling(world: World) -> None:
    first = world.session(world.typed("link"))
    check_epoch(first, C)
    backed_up(first)
    again = world.session(world.typed("path"))

    newest = epoch.begin_anew(again.snapshot_store, C, again.state_store.location.url)

    assert newest
    assert of(again).past == newest


class Bucket(Watched):
    """A bucket that calls itself as `kled.storage.url` calls the one it opens."""

    def __init__(self, where: Location) -> None:
        super().__init__(MemoryStore())
        self.where = where

    @property
    def location(self) -> Location:
        return self.where


class Provider:
    """Opens one bucket for do://BUCKET and s3://BUCKET at one endpoint; it remembers them."""

    def __init__(self) -> None:
        self.stores: dict[Location, ObjectStore] = {}

    def __call__(self, location: Location, *, env: Mapping[str, str], clock: Clock) -> ObjectStore:
        del clock
        where = located(location, env)
        return self.stores.setdefault(where, Bucket(where))

    def session(self, typed: str, endpoint: str = "https://fra1.example.com") -> Session:
        env = {
            "HOME": "/nowhere",
            "KOPS_STATE_STORE": typed,
            "KLED_SNAPSHOT_STORE": "s3://kept",
            "S3_ENDPOINT": endpoint,
            "S3_ACCESS_KEY_ID": "nobody",
            "S3_SECRET_ACCESS_KEY": "none",
        }
        settings = config.load(env)
        stores = Stores(settings, CLOCK, open_store=self)
        return Session(settings, None, CLOCK, WHO, None, overrides=NOTHING, stores=stores)


@pytest.fixture
def provider() -> Provider:
    provider = Provider()
    state = provider.session("do://space").state_store
    for number in (1, 2):
        for key, body in fleets.objects(number).items():
            state.put(f"{fleets.name(number)}/{key}", body)
    return provider


def of(session: Session) -> epoch.Epoch:
    known = epoch.read(session.snapshot_store, C)
    assert known is not None
    return known


@pytest.mark.parametrize("scheme", ["do", "scw", "hos"])
def test_a_providers_bucket_is_called_in_epochs_as_in_manifests(
    provider: Provider, scheme: str
) -> None:
    session = provider.session(f"{scheme}://space")
    check_epoch(session, C)
    backed_up(session)
    assert of(session).state_store == "s3://space"

    assert check_epoch(provider.session("s3://space/"), C) == "epoch 1"
    assert elsewhere.by_runs(session, C) is None


def test_an_epoch_that_was_written_as_a_providers_bucket_was_typed_is_mended(
    provider: Provider,
) -> None:
    """Its runs asked for s3://space, and took each deletion for a loss."""
    session = provider.session("do://space")
    check_epoch(session, C)
    backed_up(session)
    was_written(session, state_store="do://space", homes=("do://space", "do://before"))
    assert elsewhere.refusal(session, C) is None

    assert check_epoch(session, C) == "epoch 1"

    assert of(session).state_store == "s3://space"
    assert of(session).homes == ("s3://space", "do://before")
    announce_step(C).act(session)
    for entry in [*session.state_store.entries(f"{C}/")]:
        session.state_store.delete(entry.key)
    assert not misses(backed_up(session))
    vacate_step(C).act(session)
    assert set(of(session).past_of) == {"s3://space", "do://before"}


def test_a_providers_bucket_is_not_that_of_another_provider(provider: Provider) -> None:
    """What an epoch calls do://space is no s3://space to whoever typed that."""
    session = provider.session("do://space")
    check_epoch(session, C)
    was_written(session, state_store="do://space")

    with pytest.raises(EpochMismatch, match="lives in do://space"):
        check_epoch(provider.session("s3://space"), C)
