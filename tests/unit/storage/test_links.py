"""Symbolic links, FIFOs, sockets and hard links in a directory store (fault 95, and 91 and 93)."""

from __future__ import annotations

import os
import socket
import stat
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kled.errors import BucketMissing, DocumentDamaged, ObjectMissing, StoreError, StoreUnavailable
from kled.retry import Clock
from kled.storage.local import listing as local_listing
from kled.storage.local.store import LocalStore
from tests.stores import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLOCK = Clock(time.monotonic, time.sleep)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside" / "pki").mkdir(parents=True)
    (tmp_path / "outside" / "secret").write_bytes(b"not of this store")
    (tmp_path / "outside" / "pki" / "key").write_bytes(b"not of this store")
    return tmp_path / "outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "c").mkdir(parents=True)
    (tmp_path / "root" / "c" / "config").write_bytes(b"its own")
    return tmp_path / "root"


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def link(place: Path, outside: Path) -> None:
    place.symlink_to(outside / "secret")


def dangling_link(place: Path, outside: Path) -> None:
    place.symlink_to(outside / "nothing")


def link_to_a_directory(place: Path, outside: Path) -> None:
    place.symlink_to(outside)


def link_to_itself(place: Path, _outside: Path) -> None:
    place.symlink_to(place)


def fifo(place: Path, _outside: Path) -> None:
    os.mkfifo(place)


def socket_file(place: Path, _outside: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(place.name)
    finally:
        os.chdir(here)


STRANGE = [link, dangling_link, link_to_a_directory, link_to_itself, fifo, socket_file]


@pytest.mark.parametrize("make", STRANGE)
def test_what_is_no_file_is_listed_as_such_and_never_read(  # fault 95
    make: Callable[[Path, Path], None], root: Path, outside: Path
) -> None:
    make(root / "c" / "odd", outside)
    store = LocalStore(root, CLOCK)

    listed = {one.key: one.unfit for one in store.entries()}

    assert listed["c/config"] is None
    assert (listed["c/odd"] or "").startswith("a ")
    for call in (lambda: store.get("c/odd"), lambda: store.read("c/odd").__enter__()):
        with pytest.raises(DocumentDamaged) as raised:
            call()
        assert f"{root.as_uri()}/c/odd is damaged: it is {listed['c/odd']}" in raised.value.message
        assert "move it out of the store" in str(raised.value.hint)


@pytest.mark.parametrize("make", STRANGE)
def test_nothing_is_written_through_what_is_no_file_or_over_it(  # faults 91, 95
    make: Callable[[Path, Path], None], root: Path, outside: Path
) -> None:
    make(root / "c" / "odd", outside)
    store = LocalStore(root, CLOCK)

    for key in ("c/odd", "c/odd/pki/key", "c/odd/new"):
        for call in (
            partial(store.put, key, b"written"),
            partial(store.put_if_absent, key, b"written"),
            partial(store.replace, key, b"written", "a tag"),
            partial(store.write, key, [b"written"], absent=False),
        ):
            with pytest.raises(DocumentDamaged, match="neither follows nor opens"):
                call()

    assert names(outside) == ["pki", "secret"]
    assert (outside / "secret").read_bytes() == b"not of this store"
    assert (outside / "pki" / "key").read_bytes() == b"not of this store"
    assert names(root / ".kled") == ["lock"]


def test_a_directory_in_the_place_of_an_object_is_said_to_be_one(root: Path) -> None:  # fault 91
    (root / "c" / "lease.json").mkdir()
    store = LocalStore(root, CLOCK)

    with pytest.raises(DocumentDamaged, match=r"lease.json is damaged: it is a directory"):
        store.put_if_absent("c/lease.json", b"")
    with pytest.raises(ObjectMissing):
        store.get("c/lease.json")


def test_a_directory_on_the_way_that_is_a_link_is_never_followed(  # fault 95
    root: Path, outside: Path
) -> None:
    (root / "c" / "pki").symlink_to(outside / "pki")
    (root / "d").symlink_to(outside)
    store = LocalStore(root, CLOCK)

    assert [(one.key, one.unfit) for one in store.entries()] == [
        ("c/config", None),
        ("c/pki", "a symbolic link"),
        ("d", "a symbolic link"),
    ]
    for key in ("c/pki/key", "d/secret"):
        with pytest.raises(DocumentDamaged, match="a symbolic link"):
            store.get(key)
        with pytest.raises(DocumentDamaged, match="a symbolic link"):
            keys(store, key)
        with pytest.raises(DocumentDamaged, match="a symbolic link"):
            store.delete(key)
    assert (outside / "pki" / "key").exists()
    assert (outside / "secret").exists()


def test_of_a_link_the_link_is_deleted(root: Path, outside: Path) -> None:
    (root / "c" / "odd").symlink_to(outside / "secret")

    LocalStore(root, CLOCK).delete("c/odd")

    assert keys(LocalStore(root, CLOCK)) == ["c/config"]
    assert (outside / "secret").exists()


def test_a_link_that_is_put_in_place_during_the_walk_leads_nowhere(  # fault 95
    root: Path, outside: Path
) -> None:
    for name in ("a", "b", "z"):
        (root / name).mkdir()
        (root / name / "key").write_bytes(b"its own")
    listing = LocalStore(root, CLOCK).entries()
    assert next(listing).key == "a/key"
    (root / "z" / "key").unlink()
    (root / "z").rmdir()
    (root / "z").symlink_to(outside / "pki")

    with pytest.raises(StoreUnavailable, match="z/ became something else while it was listed"):
        list(listing)


def test_a_file_that_becomes_a_link_between_listing_and_reading_is_not_read(  # fault 95
    root: Path, outside: Path
) -> None:
    store = LocalStore(root, CLOCK)
    (entry,) = store.entries("c/")
    (root / "c" / "config").unlink()
    (root / "c" / "config").symlink_to(outside / "secret")

    with pytest.raises(DocumentDamaged, match="a symbolic link"):
        store.get(entry.key, tag=entry.tag)


def test_a_link_in_the_place_of_the_store_s_own_directory_is_refused(
    root: Path, outside: Path
) -> None:
    (root / ".kled").symlink_to(outside)

    with pytest.raises(DocumentDamaged, match=r"\.kled in .* is damaged: it is a symbolic link"):
        LocalStore(root, CLOCK).put("c/config", b"")

    assert names(outside) == ["pki", "secret"]


def test_the_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "named").symlink_to(root)
    store = LocalStore(tmp_path / "named", CLOCK)

    tag = store.put_if_absent("c/new/key", b"1")
    store.replace("c/new/key", b"2", tag)

    assert keys(store) == ["c/config", "c/new/key"]
    assert (root / "c" / "new" / "key").read_bytes() == b"2"
    with pytest.raises(BucketMissing):
        (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
        LocalStore(tmp_path / "lost", CLOCK).put("key", b"")


def test_a_hard_link_is_read_counted_and_never_written_through(root: Path, outside: Path) -> None:
    (root / "c" / "twice").hardlink_to(outside / "secret")
    store = LocalStore(root, CLOCK)

    listed = {one.key: (one.unfit, one.links) for one in store.entries()}
    store.put("c/twice", b"new")

    assert listed == {"c/config": (None, 1), "c/twice": (None, 2)}
    assert (outside / "secret").read_bytes() == b"not of this store"


def test_directories_too_deep_to_walk_are_said_not_walked(root: Path) -> None:
    deep = root / "c"
    for _ in range(local_listing._DEEPEST + 3):
        deep = deep / "d"
        deep.mkdir()
    (deep / "key").write_bytes(b"")

    listed = [(one.key, one.unfit) for one in LocalStore(root, CLOCK).entries()]

    assert listed[0] == ("c/config", None)
    assert [unfit for _, unfit in listed[1:]] == ["a directory more than 64 levels deep"]


def test_a_file_dated_beyond_every_calendar_is_listed(root: Path) -> None:
    moment = 1 << 60
    try:
        os.utime(root / "c" / "config", ns=(moment, (1 << 62) * 2 - 1))
    except OverflowError:
        pytest.skip("this system has no such times")

    assert keys(LocalStore(root, CLOCK)) == ["c/config"]


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(one.lstat().st_mode) for one in root.rglob("*")}


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077, 0o777])
def test_whatever_the_umask_a_store_is_its_owner_s_alone(  # fault 93
    mask: int, tmp_path: Path, umask: Callable[[int], int]
) -> None:
    umask(mask)
    store = LocalStore(tmp_path, CLOCK)

    tag = store.put_if_absent("c/pki/private/ca/keyset.yaml", b"1")
    store.replace("c/pki/private/ca/keyset.yaml", b"2", tag)

    assert {one.stat().st_mode & 0o777 for one in tmp_path.rglob("*") if one.is_dir()} == {0o700}
    assert {one.stat().st_mode & 0o777 for one in tmp_path.rglob("*") if one.is_file()} == {0o600}
    assert store.get("c/pki/private/ca/keyset.yaml").body == b"2"


def test_a_directory_that_a_group_shares_stays_the_group_s(  # another member of fault 93
    tmp_path: Path, umask: Callable[[int], int]
) -> None:
    umask(0o077)
    tmp_path.chmod(0o2770)

    LocalStore(tmp_path, CLOCK).put("c/pki/key", b"")

    assert modes(tmp_path) == {0o2770, 0o660}
    tmp_path.chmod(0o755)
    LocalStore(tmp_path, CLOCK).put("d/pki/key", b"")
    assert modes(tmp_path / "d") == {0o700, 0o600}


def test_a_file_on_the_way_to_a_key_is_named(root: Path) -> None:
    store = LocalStore(root, CLOCK)

    with pytest.raises(StoreError, match=r"c/config in file.*/c/config/below: a file is where"):
        store.put("c/config/below", b"")
    with pytest.raises(ObjectMissing):
        store.get("c/config/below")
