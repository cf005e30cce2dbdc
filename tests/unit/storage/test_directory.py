"""Directories as stores: order, partial files, tags, and writers beside each other."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from kled.retry import Clock
from kled.storage.local.partial import leave, locked
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from kled.storage.write_trial import try_out
from tests.stores import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOCK = Clock(time.monotonic, time.sleep)
PARTS = st.text(st.sampled_from("ab.-/é~"), min_size=1, max_size=7)
KEYS = PARTS.filter(lambda key: not any(part in {"", ".", ".."} for part in key.split("/")))


def without_clashes(found: set[str]) -> list[str]:
    """A directory cannot hold a file and a directory of one name."""
    return [key for key in sorted(found) if not any(o.startswith(f"{key}/") for o in found)]


@settings(max_examples=150, deadline=None)
@given(st.sets(KEYS, max_size=12), st.text("ab.-/", max_size=3), st.text("ab.-/é", max_size=5))
def test_a_directory_lists_as_any_other_store(
    found: set[str], prefix: str, start_after: str
) -> None:
    memory = MemoryStore()
    with TemporaryDirectory() as root:
        local = LocalStore(Path(root), CLOCK)
        for key in without_clashes(found):
            memory.put(key, b"")
            path = Path(root, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

        assert keys(local, prefix, start_after=start_after) == keys(
            memory, prefix, start_after=start_after
        )


def test_a_dead_writer_s_partial_file_is_removed_and_a_living_one_s_is_not(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path, CLOCK)
    (tmp_path / ".kled").mkdir()
    dead = tmp_path / ".kled" / "partial-dead"
    dead.write_bytes(b"half")
    reached, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b"first "
        reached.set()
        assert go_on.wait(30)
        yield b"second"

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(store.write, "slow", slowly())
        assert reached.wait(30)
        tag = store.put_if_absent("lease", b"1")
        store.replace("lease", b"2", tag)
        alive = list((tmp_path / ".kled").glob("partial-*"))
        assert keys(store) == ["lease"]
        go_on.set()
        slow.result(30)

    assert len(alive) == 1
    assert not dead.exists()
    assert store.get("slow").body == b"first second"
    assert [path.name for path in (tmp_path / ".kled").iterdir()] == ["lock"]


def test_no_two_states_have_one_tag_however_fast_they_follow(tmp_path: Path) -> None:
    store = LocalStore(tmp_path, CLOCK)
    tags = [store.put("key", str(number % 10).encode()) for number in range(200)]
    store.delete("key")
    tags.append(store.put("key", b"0"))

    assert len(set(tags)) == len(tags)


def test_a_clock_that_was_set_back_does_not_bring_back_a_tag(tmp_path: Path) -> None:
    store = LocalStore(tmp_path, CLOCK)
    store.put("key", b"1")
    ahead = time.time_ns() + 10**15
    os.utime(tmp_path / "key", ns=(ahead, ahead))
    old = store.get("key").tag

    new = store.put("key", b"2")

    assert new != old
    assert (tmp_path / "key").stat().st_mtime_ns > ahead


def test_links_to_directories_are_not_followed_and_empty_directories_are_nothing(
    tmp_path: Path,
) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "secret").write_bytes(b"")
    (root / "empty").mkdir(parents=True)
    (root / "link").symlink_to(outside)

    assert [(one.key, one.unfit) for one in LocalStore(root, CLOCK).entries()] == [
        ("link", "a symbolic link")
    ]


def test_a_trial_leaves_nothing_in_a_directory_that_kled_never_wrote_to(tmp_path: Path) -> None:
    """`kled doctor` left `.kled/lock` behind."""
    (tmp_path / "config").write_text("a")

    assert try_out(LocalStore(tmp_path, CLOCK)).removed

    assert [path.name for path in tmp_path.iterdir()] == ["config"]


def test_the_lock_of_a_directory_in_use_stays(tmp_path: Path) -> None:
    LocalStore(tmp_path, CLOCK).put("config", b"a")

    try_out(LocalStore(tmp_path, CLOCK))

    assert [path.name for path in (tmp_path / ".kled").iterdir()] == ["lock"]


def test_whoever_waits_for_a_lock_that_goes_takes_the_next_one(tmp_path: Path) -> None:
    with locked(tmp_path, CLOCK, "here"), ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(LocalStore(tmp_path, CLOCK).put, "config", b"a")
        time.sleep(0.1)
        leave(tmp_path)
    waiting.result()

    assert (tmp_path / ".kled" / "lock").exists()


def test_two_never_hold_the_lock_at_once_though_each_takes_it_away_at_its_end(
    tmp_path: Path,
) -> None:
    hurried = Clock(time.monotonic, lambda _: time.sleep(0))
    inside: list[int] = []
    most: list[int] = []

    def take(number: int) -> None:
        for _ in range(600):
            with locked(tmp_path, hurried, "here"):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)
                leave(tmp_path)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(take, range(4)))
    finally:
        sys.setswitchinterval(before)

    assert (len(most), max(most)) == (2400, 1)
