"""Directories with odd names, full, read-only or closed: the error names the object and the way."""

from __future__ import annotations

import os
import resource
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kled.errors import StoreDenied, StoreError
from kled.retry import Clock
from kled.storage.base import Location
from kled.storage.local.store import LocalStore
from kled.storage.url import adapter
from kled.store_urls import directory
from tests.stores import keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLOCK = Clock(time.monotonic, time.sleep)
ODD = ["a\nb", os.fsdecode(b"a\xff"), "a b'\"$(x)", "a%41", "#?", "é", "\u202e", "a\x1b[2J"]


@pytest.mark.parametrize("name", ODD)
def test_a_directory_of_any_name_is_found_again_by_its_location(name: str, tmp_path: Path) -> None:
    """The lease's watchdog opens by the URL what the command opened by its path (95's kin)."""
    root = tmp_path / name
    root.mkdir()
    store = LocalStore(root, CLOCK)

    again = adapter(Location(store.location.url), {}, CLOCK)

    again.put("c/key", b"body")
    assert keys(store) == ["c/key"]
    assert directory(store.location.url) == root
    assert store.location.url.isascii()


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let writes beyond `size` fail, as they do on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def powerless() -> Iterator[None]:
    """Root may do anything: step down for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_does_not_fit_is_named_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    store = LocalStore(tmp_path, CLOCK)
    store.put("c/key", b"before")

    with files_end_at(10_000), pytest.raises(StoreError) as raised:
        store.write("c/key", [b"x" * 9_000, b"x" * 9_000], absent=False)

    assert raised.value.message == f"{tmp_path.as_uri()}/c/key: file too large"
    assert "ulimit -f" in str(raised.value.hint)
    assert store.get("c/key").body == b"before"
    assert [one.name for one in (tmp_path / ".kled").iterdir()] == ["lock"]


@pytest.fixture
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory that nobody but root may write to, below one that everybody may enter."""
    root = tmp_path_factory.mktemp("closed")
    above = [one for one in root.parents if one.name.startswith(("pytest-", "popen-"))]
    before = {one: one.stat().st_mode for one in above}
    for one in above:
        one.chmod(before[one] | 0o111)
    (root / "c").mkdir()
    (root / "c" / "key").write_bytes(b"")
    for one in (root / "c" / "key", root / "c", root):
        one.chmod(0o555)
    yield root
    root.chmod(0o700)
    for one, mode in before.items():
        one.chmod(mode)


def test_a_directory_that_may_not_be_written_to_is_named(closed: Path) -> None:
    store = LocalStore(closed, CLOCK)

    with powerless(), pytest.raises(StoreDenied) as raised:
        store.put("c/key", b"")

    assert raised.value.message == f"{closed.as_uri()}: permission denied"
    assert str(raised.value.hint) == f"see who may: namei -l {closed}"


def test_a_directory_that_may_not_be_listed_is_named_not_left_out(closed: Path) -> None:
    (closed / "c").chmod(0)
    store = LocalStore(closed, CLOCK)

    with powerless(), pytest.raises(StoreDenied, match=r"/c/: permission denied"):
        keys(store)


def test_a_name_that_no_directory_can_hold_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="file name too long") as raised:
        LocalStore(tmp_path, CLOCK).put(f"c/{'x' * 300}", b"")

    assert "more than 255 bytes" in str(raised.value.hint)
