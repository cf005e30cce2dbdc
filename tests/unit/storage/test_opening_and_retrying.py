"""From URLs and variables to stores, and what retries do with writes whose answer got lost."""

from __future__ import annotations

import fcntl
import time
from typing import TYPE_CHECKING, Any

import pytest

from kled.errors import (
    BucketMissing,
    InvalidInput,
    PreconditionFailed,
    StoreDenied,
    StoreUnavailable,
)
from kled.retry import Clock
from kled.storage.azure import client as azure_client
from kled.storage.base import Entry, Location, ObjectStore, Stored
from kled.storage.conditional_writes import conditional_writes
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from kled.storage.retrying import RetryingStore
from kled.storage.s3 import client as s3_client
from kled.storage.url import open_store
from tests.stores import Sized, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

NO_WAIT = Clock(time.monotonic, lambda _seconds: None)
KEYS = {"S3_ACCESS_KEY_ID": "id", "S3_SECRET_ACCESS_KEY": "geheim"}

AWS_KEYS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "geheim"}


class Losing(MemoryStore):
    """Writes, and then loses the answer, as often as it is told; lists one key a page."""

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.losses = losses

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        return self._lose(super().put_if_absent(key, body, retain_until=retain_until))

    def replace(self, key: str, body: bytes, tag: str) -> str:
        return self._lose(super().replace(key, body, tag))

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        for entry in super().entries(prefix, start_after=start_after):
            yield entry
            self._lose("")

    def _lose(self, answer: str) -> str:
        if self.losses:
            self.losses -= 1
            raise StoreUnavailable("the answer got lost")
        return answer


def test_a_write_whose_answer_was_lost_is_recognised() -> None:
    inner = Losing(1)
    store = RetryingStore(inner, NO_WAIT)

    tag = store.put_if_absent("key", b"mine")
    inner.losses = 1
    newer = store.replace("key", b"mine again", tag)

    assert inner.get("key").tag == newer


@pytest.mark.parametrize("readings", [1, 2, 3])
def test_a_large_write_is_recognised_however_often_a_try_reads_its_bytes(readings: int) -> None:
    class Signing(Losing):
        """Reads what it writes before it sends it, as S3 is sent its digest first."""

        def write(self, key: str, chunks: Iterable[bytes], **more: Any) -> str:
            for _ in range(readings - 1):
                assert b"".join(chunks) == b"mine, too"
            return super().write(key, chunks, **more)

    inner, body = Signing(1), Sized([b"mine,", b" too"])

    tag = RetryingStore(inner, NO_WAIT).write("key", body)

    assert inner.get("key").tag == tag


def test_another_writer_s_large_object_is_not_taken_for_one_s_own_either() -> None:
    class Late(Losing):
        """Another writer's object is there before the second try."""

        def write(self, key: str, chunks: Iterable[bytes], **more: Any) -> str:
            b"".join(chunks)
            if self.losses:
                super().put("key", b"theirs and so")
            self._lose("")
            return super().write(key, chunks, **more)

    with pytest.raises(PreconditionFailed):
        RetryingStore(Late(1), NO_WAIT).write("key", Sized([b"mine,", b" too"]))


def test_another_writer_s_object_is_not_taken_for_one_s_own() -> None:
    inner = Losing(0)
    inner.put_if_absent("key", b"theirs")

    with pytest.raises(PreconditionFailed):
        RetryingStore(inner, NO_WAIT).put_if_absent("key", b"mine")


def test_a_store_that_never_answers_stays_unavailable() -> None:
    class Silent(Losing):
        def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
            raise StoreUnavailable("no answer")

    with pytest.raises(StoreUnavailable):
        RetryingStore(Silent(100), NO_WAIT).put_if_absent("key", b"mine")


def test_a_listing_goes_on_where_it_broke_off() -> None:
    inner = Losing(0)
    for key in ("a", "b", "c"):
        inner.put_if_absent(key, b"")
    inner.losses = 1

    assert keys(RetryingStore(inner, NO_WAIT)) == ["a", "b", "c"]


def test_a_store_that_ignores_if_match_fails_the_probe() -> None:
    class Careless(MemoryStore):
        def replace(self, key: str, body: bytes, tag: str) -> str:
            return self._put(key, body)

    assert not conditional_writes(Careless())


@pytest.mark.parametrize(
    "url", ["vault://x", "relative/path", "file://host/path", "s3://", "s3:///x", "s3://u@b/x"]
)
def test_a_url_of_no_known_store_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        opened(url)


def test_each_cloud_s_store_is_known_by_its_bucket_and_endpoint() -> None:
    local = {"STORAGE_EMULATOR_HOST": "127.0.0.1:9", "AZURE_STORAGE_BLOB_ENDPOINT": "http://a/b/"}

    assert opened("gs://bucket/x/").location == Location("gs://bucket/x")
    assert opened("gs://bucket", local).location == Location("gs://bucket", "http://127.0.0.1:9")
    azure = "azureblob://account/container/x"
    assert opened(f"{azure}/").location == Location(azure)
    assert opened(azure, local).location == Location(azure, "http://a/b")


@pytest.mark.parametrize("url", ["azureblob://account", "azureblob:///container", "gs://"])
def test_a_url_without_bucket_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        opened(url)


def test_the_azure_account_belongs_in_the_url_alone() -> None:
    with pytest.raises(InvalidInput, match="AZURE_STORAGE_ACCOUNT"):
        opened("azureblob://account/container", {"AZURE_STORAGE_ACCOUNT": "account"})


def test_credentials_of_azure_show_in_no_text() -> None:
    env = {"AZURE_STORAGE_KEY": "geheim", "AZURE_STORAGE_SAS_TOKEN": "geheim"}

    access = azure_client.choose("azureblob://account/container", env, endpoint=None)

    assert "geheim" not in str(access)


@pytest.mark.parametrize(
    ("url", "env"),
    [
        ("gs://bucket", {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"}),
        ("azureblob://account/container", {}),
    ],
)
def test_without_credentials_it_is_said_how_to_get_them(url: str, env: dict[str, str]) -> None:
    with pytest.raises(StoreDenied) as caught:
        opened(url, env).put("key", b"")

    assert caught.value.hint


def test_a_path_is_a_file_store(tmp_path: Path) -> None:
    assert opened(str(tmp_path)).location == opened(tmp_path.as_uri()).location


def test_one_bucket_by_two_names_is_one_store() -> None:
    env = {"S3_ENDPOINT": "s3.example.com", **KEYS}

    assert opened("do://bucket/x/", env).location == opened("s3://bucket/x", env).location
    assert opened("hos://b", env).location == Location(
        "s3://b", "https://s3.example.com", "us-east-1"
    )


def test_s3_endpoint_needs_its_keys_and_some_schemes_need_it() -> None:
    with pytest.raises(InvalidInput, match="S3_ENDPOINT"):
        opened("scw://bucket")
    with pytest.raises(InvalidInput, match="S3_SECRET_ACCESS_KEY"):
        opened("s3://bucket", {"S3_ENDPOINT": "http://h", "S3_ACCESS_KEY_ID": "id"})


def test_access_is_chosen_as_kops_does_and_shows_no_secret() -> None:
    env = {"AWS_ENDPOINT_URL": "http://a", "AWS_REGION": "r"}
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "geheim"}

    plain = s3_client.choose("s3", {**env, **keys}, endpoint="http://profile", region=None)
    custom = s3_client.choose(
        "s3", {**env, **KEYS, "S3_ENDPOINT": "http://c"}, endpoint=None, region="z"
    )

    assert (plain.endpoint, plain.region, plain.secret) == ("http://a", "r", "geheim")
    assert (custom.endpoint, custom.region, custom.secret) == ("http://c", "z", "geheim")
    assert "geheim" not in f"{plain}{custom}"


def test_an_absent_directory_is_a_missing_bucket(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "absent", NO_WAIT)

    for call in (
        lambda: store.get("a"),
        lambda: store.put_if_absent("a", b""),
        lambda: keys(store),
    ):
        with pytest.raises(BucketMissing):
            call()


def test_objects_are_private_and_a_partial_write_is_no_object(tmp_path: Path) -> None:
    store = LocalStore(tmp_path, NO_WAIT)
    (tmp_path / ".kled").mkdir()
    (tmp_path / ".kled" / "partial").write_bytes(b"a killed writer's half")

    store.put_if_absent("a/b", b"whole")

    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o600
    assert keys(store) == ["a/b"]


def test_a_lock_that_is_never_given_up_is_reported(tmp_path: Path) -> None:
    ticks = iter(range(0, 1000, 3))
    store = LocalStore(tmp_path, Clock(lambda: float(next(ticks)), lambda _seconds: None))

    (tmp_path / ".kled").mkdir()
    with (tmp_path / ".kled" / "lock").open("w") as another:
        fcntl.flock(another, fcntl.LOCK_EX)

        with pytest.raises(StoreUnavailable, match="locked"):
            store.put_if_absent("key", b"")


@pytest.mark.parametrize(
    ("url", "env"),
    [
        ("s3://bucket", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", **AWS_KEYS}),
        ("gs://bucket", {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:9"}),
        (
            "azureblob://account/container",
            {"AZURE_STORAGE_BLOB_ENDPOINT": "http://127.0.0.1:9/a", "AZURE_STORAGE_KEY": "a2V5"},
        ),
    ],
)
def test_no_answer_is_worth_another_try(url: str, env: dict[str, str]) -> None:
    store = opened(url, env)

    for call in (
        lambda: store.get("key"),
        lambda: store.put("key", b""),
        lambda: store.delete("key"),
        lambda: keys(store),
    ):
        with pytest.raises(StoreUnavailable):
            call()


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(StoreDenied, match="no AWS profile"):
        opened("s3://bucket", {"AWS_PROFILE": "kled-test-absent"})


def opened(url: str, env: dict[str, str] | None = None) -> ObjectStore:
    return open_store(Location(url), env=env or {}, clock=NO_WAIT)
