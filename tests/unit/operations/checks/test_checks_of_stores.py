"""The doctor tries what it says of stores and keys. Fault 33: ok on a read-only one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import pyrage
import pytest

from kled.config import load
from kled.errors import StoreDenied, StoreUnavailable
from kled.operations.checks.snapshot_store import snapshot_store_checks
from kled.operations.checks.state_store import state_store_checks
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.storage.memory import MemoryStore, named
from tests.stores import Watched, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kled.operations.checks.check import Check
    from kled.storage.base import Location, ObjectStore

T = TypeVar("T")


class Role(Watched):
    """What a role may do in a bucket: every method but those that it lacks."""

    def __init__(self, inner: ObjectStore, *lacks: str) -> None:
        super().__init__(inner)
        self.lacks = lacks

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        if method in self.lacks:
            raise StoreDenied(f"s3://state/{key}: access denied")
        return call()


def opened(tmp_path: Path, store: ObjectStore, **more: str) -> Stores:
    def open_it(location: Location, *, env: Mapping[str, str], clock: Clock) -> ObjectStore:
        return store

    env = {"HOME": str(tmp_path), "KOPS_STATE_STORE": "s3://state", **more}
    return Stores(load(env), Clock(time.monotonic, time.sleep), open_store=open_it)


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {one.name: one for one in checks}


def filled() -> MemoryStore:
    store = MemoryStore()
    store.put("c.example.com/config", b"kind: Cluster")
    return store


def test_a_state_store_is_read_written_and_left_as_it_was(tmp_path: Path) -> None:
    store = filled()

    checks = state_store_checks(opened(tmp_path, store), writes=True)

    assert {one.state for one in checks} == {"ok"}
    assert len(checks) == 4
    assert keys(store) == ["c.example.com/config"]


def test_a_read_only_state_store_is_not_well(tmp_path: Path) -> None:
    role = Role(filled(), "put", "put_if_absent", "replace", "delete")

    found = by_name(state_store_checks(opened(tmp_path, role), writes=True))

    assert found["state store"].state == "ok"
    write = found["state store: write"]
    assert (write.state, write.fails) == ("wrong", True)
    assert "access denied" in write.detail
    assert "every change is refused: give who runs kled the right to write" in write.hint
    assert found["state store: leases"].state == "not tried"
    assert not found["state store: leases"].fails


@pytest.mark.parametrize(
    ("lacks", "check"),
    [
        (("entry",), "state store"),
        (("read",), "state store"),  # to list and to read are two permissions
        (("delete",), "state store: write"),
    ],
)
def test_each_permission_that_lacks_is_wrong(
    tmp_path: Path, lacks: tuple[str, ...], check: str
) -> None:
    found = by_name(state_store_checks(opened(tmp_path, Role(filled(), *lacks)), writes=True))

    assert found[check].fails


def test_without_writing_nothing_is_green_that_was_not_tried(tmp_path: Path) -> None:
    role = Role(filled(), "put", "delete")

    checks = state_store_checks(opened(tmp_path, role), writes=False)

    assert [one.state for one in checks] == ["ok", "not tried", "not tried", "not tried"]
    assert not any(one.fails for one in checks)


def test_a_store_that_does_not_answer_is_wrong_with_its_own_words(tmp_path: Path) -> None:
    class Silent(Watched):
        def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
            raise StoreUnavailable("s3://state: no such host", hint="check the endpoint")

    (first, *rest) = state_store_checks(opened(tmp_path, Silent(filled())), writes=True)

    assert (first.state, first.detail) == ("wrong", "s3://state: no such host")
    assert {one.state for one in rest} == {"not tried"}


@pytest.mark.parametrize(
    ("url", "state"), [("swift://bucket", "not tried"), ("ftp://x", "wrong"), ("", "missing")]
)
def test_a_store_that_kled_cannot_open_is_no_green_one(
    tmp_path: Path, url: str, state: str
) -> None:
    env = {"HOME": str(tmp_path), **({"KOPS_STATE_STORE": url} if url else {})}

    (only,) = state_store_checks(Stores(load(env), Clock(time.monotonic, time.sleep)), writes=True)

    assert only.state == state


@pytest.mark.parametrize("hours", [2, -2, 0])
def test_the_clock_is_that_of_the_store(tmp_path: Path, hours: int) -> None:
    store = MemoryStore(now=lambda: datetime.now(UTC) + timedelta(hours=hours))

    found = by_name(state_store_checks(opened(tmp_path, store), writes=True))["state store: clock"]

    assert found.state == ("wrong" if hours else "ok")
    if hours:
        assert "by 2 hours" in found.detail
        assert "timedatectl set-ntp true" in found.hint


def snapshots(tmp_path: Path, name: str, **more: str) -> dict[str, Check]:
    env = {
        "HOME": str(tmp_path),
        "KOPS_STATE_STORE": tmp_path.as_uri(),
        "KLED_SNAPSHOT_STORE": f"memory://{name}",
        **more,
    }
    return by_name(
        snapshot_store_checks(Stores(load(env), Clock(time.monotonic, time.sleep)), writes=True)
    )


def key_file(tmp_path: Path, identity: object) -> str:
    path = tmp_path / "identity"
    path.write_text(f"{identity}\n")
    path.chmod(0o600)
    return str(path)


def test_keys_are_tried_by_encrypting_and_decrypting(tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    named_here = {
        "KLED_SNAPSHOT_RECIPIENTS": str(identity.to_public()),
        "KLED_SNAPSHOT_IDENTITY": key_file(tmp_path, identity),
    }

    found = snapshots(tmp_path, "keys-fit", **named_here)

    assert found["snapshot keys: encryption"].detail == "can encrypt, and decrypt what it encrypted"
    assert str(identity) not in str(found)
    assert keys(named("keys-fit")) == []


def test_an_identity_that_opens_nothing_of_what_is_made_here_is_wrong(tmp_path: Path) -> None:
    other, identity = (pyrage.x25519.Identity.generate() for _ in range(2))
    path = key_file(tmp_path, identity)

    found = snapshots(
        tmp_path,
        "keys-differ",
        KLED_SNAPSHOT_RECIPIENTS=str(other.to_public()),
        KLED_SNAPSHOT_IDENTITY=path,
    )["snapshot keys: encryption"]

    assert found.fails
    assert "is encrypted to others than this identity" in found.detail
    assert f"age-keygen -y {path}" in found.hint


def test_who_only_writes_is_told_that_nobody_here_proves_it(tmp_path: Path) -> None:
    """That is as it should be on a worker; whoever looks has to know where it is proved."""
    recipient = str(pyrage.x25519.Identity.generate().to_public())

    found = snapshots(tmp_path, "only-writes", KLED_SNAPSHOT_RECIPIENTS=recipient)

    assert not found["snapshot keys: encryption"].fails
    assert "nobody here can prove or restore it" in found["snapshot keys: encryption"].detail


def test_keys_that_are_not_named_are_not_green(tmp_path: Path) -> None:
    found = snapshots(tmp_path, "no-keys")

    for name in ("snapshot keys: encryption", "snapshot keys: signature"):
        assert found[name].state == "not tried"
        assert not found[name].fails


def test_a_snapshot_store_that_cannot_be_written_to_is_wrong(tmp_path: Path) -> None:
    here = opened(tmp_path, Role(MemoryStore(), "put"), KLED_SNAPSHOT_STORE="s3://snapshots")

    found = by_name(snapshot_store_checks(here, writes=True))

    assert found["snapshot store"].state == "ok"
    assert found["snapshot store: write"].fails
    assert found["snapshot store: clock"].state == "not tried"
    there = by_name(snapshot_store_checks(here, writes=False))
    assert there["snapshot store: write"].state == "not tried"


def test_a_writer_that_may_not_delete_is_well(tmp_path: Path) -> None:
    """Snapshots are safest where who writes them cannot remove them."""
    here = opened(tmp_path, Role(MemoryStore(), "delete"), KLED_SNAPSHOT_STORE="s3://snapshots")

    found = by_name(snapshot_store_checks(here, writes=True))["snapshot store: write"]

    assert found.state == "ok"
    assert "it stays at" in found.detail
