"""Snapshots and what they are of are never one place, however it is spelled (fault 26)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled import config
from kled.errors import InvalidInput, SettingsError
from kled.operations.guards.overrides import Overrides
from kled.operations.runner import run
from kled.operations.session import Session, Who
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.snapshot.documents.keys import Keys
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.restore.restore import plan_restore
from kled.snapshot.retention.mirror import mirror
from kled.storage.base import Location, ObjectStore
from kled.storage.local.store import LocalStore
from kled.storage.overlap import overlap
from kled.storage.url import adapter, located
from kled.store_urls import directory, is_directory
from tests.unit.snapshot.restoring import START, snapshot_store, take, tree

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = Clock(lambda: 0.0, lambda _: None)
DO = {"S3_ENDPOINT": "https://ams3.digitaloceanspaces.com", "S3_ACCESS_KEY_ID": "id"}
ENDPOINT = {**DO, "S3_SECRET_ACCESS_KEY": "secret"}


def stores(home: Path, state: str | None, snapshots: str, **env: str) -> Stores:
    urls = {"KLED_SNAPSHOT_STORE": snapshots} | ({"KOPS_STATE_STORE": state} if state else {})
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    return Stores(config.load({"HOME": str(home)} | keys | urls | env), CLOCK)


@pytest.mark.parametrize(
    ("state", "snapshots", "env"),
    [
        ("s3://bucket", "s3://bucket", {}),
        ("s3://bucket", "s3://bucket/", {}),
        ("s3://bucket/", "s3://bucket/snapshots", {}),
        ("s3://bucket", "s3://bucket/c.example.com/kept", {}),
        ("s3://bucket/a/b/", "s3://bucket/a", {}),
        ("s3://bucket/clusters", "s3://bucket", {}),
        ("s3://bucket/a//", "s3://bucket/a", {}),
        ("do://bucket/state", "s3://bucket/state/kept", ENDPOINT),
        ("gs://bucket/state", "gs://bucket/state/c.example.com", {}),
        ("azureblob://a/c/state", "azureblob://a/c/state/kept", {}),
        ("file:///srv/s", "/srv/s", {}),
        ("/srv/s", "file:///srv/s/c.example.com/kept/here", {}),
        ("/srv/s", "file:///srv/s/x/../c.example.com/kept", {}),
        ("file:///srv/s/clusters", "file:///srv/s", {}),
        ("file:///srv/s", "file://localhost/srv/s/", {}),
        ("file:///srv/a%20b", "/srv/a b/kept", {}),
    ],
)
def test_a_snapshot_store_that_overlaps_the_state_store_is_refused(
    tmp_path: Path, state: str, snapshots: str, env: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match="one lies within the other") as refusal:
        _ = stores(tmp_path, state, snapshots, **env).snapshots

    assert refusal.value.exit_code == 2
    assert shown(snapshots) in refusal.value.message
    assert shown(state) in refusal.value.message
    assert "KLED_SNAPSHOT_STORE" in str(refusal.value.hint)


def shown(url: str) -> str:
    """Return what a message shows of a place: of a directory the path, as settings spell it."""
    return directory(url).as_uri().removeprefix("file://") if is_directory(url) else url.rstrip("/")


@pytest.mark.parametrize(
    ("state", "snapshots", "env"),
    [
        ("s3://bucket/state", "s3://bucket/snapshots", {}),
        ("s3://bucket/state", "s3://bucket/state-snapshots", {}),
        ("s3://bucket", "s3://bucket-2", {}),
        ("s3://bucket", "gs://bucket", {}),
        ("/srv/s", "/srv/s-kept", {}),
        ("file:///srv/s", "s3://srv/s", {}),
        ("azureblob://a/c", "azureblob://b/c", {}),
        (None, "s3://bucket", {}),
        ("swift://bucket", "s3://bucket", {}),  # kops' and not kled's: nothing is known of it
    ],
)
def test_a_snapshot_store_beside_the_state_store_is_taken(
    tmp_path: Path, state: str | None, snapshots: str, env: dict[str, str]
) -> None:
    assert stores(tmp_path, state, snapshots, **env).snapshots.url == snapshots.replace(
        "/srv/s-kept", "file:///srv/s-kept"
    )


def test_directories_are_compared_as_the_file_system_has_them(tmp_path: Path) -> None:
    (tmp_path / "state" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "state", target_is_directory=True)
    state = Location((tmp_path / "state").as_uri())

    for spelling in ("link", "link/deep/kept", "state/deep/..", "link/not/there/yet", ""):
        assert overlap(state, Location((tmp_path / spelling).as_uri())), spelling
    assert not overlap(state, Location((tmp_path / "state-2").as_uri()))


def test_one_bucket_at_two_services_is_two_buckets() -> None:
    here = Location("s3://bucket", "https://minio.example.com")

    assert overlap(here, Location("s3://bucket/x", "https://MINIO.example.com/"))
    assert not overlap(here, Location("s3://bucket"))
    assert overlap(
        Location("s3://bucket", "https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
        Location("s3://bucket/x", None, "us-east-1"),
    )


@pytest.mark.parametrize(
    ("url", "env"),
    [
        ("s3://bucket/a//", {"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"}),
        ("do://bucket/a", ENDPOINT),
        ("gs://bucket/a/", {"STORAGE_EMULATOR_HOST": "127.0.0.1:1"}),
        ("azureblob://a/c/p/", {}),
        ("file:///srv/a%20b", {}),
        ("/srv/a b", {}),
        ("memory://named", {}),
    ],
)
def test_a_store_is_where_it_is_located_before_it_is_opened(url: str, env: dict[str, str]) -> None:
    assert located(Location(url), env) == adapter(Location(url), env, CLOCK).location


@pytest.mark.parametrize("spelling", ["kept", "kept/.", "link", "kept/inner", "."])
def test_a_mirror_onto_itself_is_refused_before_anything_is_written(
    tmp_path: Path, spelling: str
) -> None:
    (tmp_path / "kept" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "kept", target_is_directory=True)
    source = SnapshotStore(
        LocalStore(tmp_path / "kept", CLOCK), Keys(), now=lambda: START, chance=bytes
    )
    target: ObjectStore = LocalStore(tmp_path / spelling, CLOCK)

    with pytest.raises(SettingsError, match="are one place") as refusal:
        mirror(source, target, Quiet())

    assert source.url in refusal.value.message
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("to", ["state", "state/inner", "state-link"])
def test_a_mirror_within_the_state_store_is_refused(tmp_path: Path, to: str) -> None:
    for folder in ("state/inner", "kept"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "state-link").symlink_to(tmp_path / "state", target_is_directory=True)
    urls = {
        "HOME": str(tmp_path),
        "KOPS_STATE_STORE": (tmp_path / "state").as_uri(),
        "KLED_SNAPSHOT_STORE": (tmp_path / "kept").as_uri(),
    }
    who = Who("t", "a run", timedelta(0))
    session = Session(config.load(urls), None, CLOCK, who, None, overrides=Overrides())

    with pytest.raises(SettingsError, match=r"the mirror file.* are one place"):
        run(MirrorSnapshots((tmp_path / to).as_uri()), session)

    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("target", "prefix"),
    [
        ("kept", "clusters/c"),
        ("link", "blobs"),
        (".", "kept"),
        (".", "kept/runs/c"),
        ("kept/clusters", "c.example.com"),
    ],
)
def test_a_restore_among_snapshots_is_refused(tmp_path: Path, target: str, prefix: str) -> None:
    (tmp_path / "kept" / "clusters").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "kept", target_is_directory=True)
    snapshots = snapshot_store(LocalStore(tmp_path / "kept", CLOCK))
    manifest = take(snapshots, tree())

    with pytest.raises(InvalidInput, match="where the snapshot store keeps its own objects"):
        plan_restore(
            snapshots, manifest, LocalStore(tmp_path / target, CLOCK), cluster_prefix=prefix
        )
