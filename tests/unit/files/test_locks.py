"""Locks between processes, and pointers that are never missing."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import DeadlineExceeded, DiskUnusable
from kled.files import private
from kled.files.locks import locked
from kled.retry import Clock

CLOCK = Clock(time.monotonic, time.sleep)


def test_a_lock_that_is_never_free_ends_the_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ticks = iter(range(1000))
    clock = Clock(lambda: float(next(ticks)), lambda seconds: None)
    caplog.set_level("INFO", "kled")

    with (
        locked(tmp_path / "lock", clock, patience=timedelta(minutes=1), others="another run"),
        pytest.raises(DeadlineExceeded, match=r"another run held .*lock for 1 minute"),
        locked(tmp_path / "lock", clock, patience=timedelta(minutes=1), others="another run"),
    ):
        pass

    # distinct records: where Prefect's set-up is loaded, one record passes the handler twice
    told = {id(one) for one in caplog.records if "waiting for another" in one.getMessage()}
    assert len(told) == 1


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        locked(tmp_path / "lock", CLOCK, patience=timedelta(0), others="another run"),
    ):
        _ = 1 / 0

    with locked(tmp_path / "lock", CLOCK, patience=timedelta(0), others="another run"):
        pass


def test_a_reader_of_a_pointer_never_finds_it_missing(tmp_path: Path) -> None:
    private.point(tmp_path / "current", "1.35.1")
    found: set[str] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            found.add(os.readlink(tmp_path / "current"))  # noqa: PTH115 - as locate does

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(50):
        private.point(tmp_path / "current", f"1.36.{number % 2}")
    stop.set()
    reader.join()

    assert found <= {"1.35.1", "1.36.0", "1.36.1"}


def test_the_remains_of_a_killed_switch_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "current.new").symlink_to("1.35.1")

    private.point(tmp_path / "current", "1.36.2")

    assert (tmp_path / "current").readlink() == Path("1.36.2")


def test_a_directory_is_locked_itself_and_not_waited_for_for_ever(tmp_path: Path) -> None:
    """Another member of fault 91: an export waited for ever for whoever held a directory."""
    ticks = iter(range(10_000))
    clock = Clock(lambda: float(next(ticks)), lambda seconds: None)
    patience = timedelta(minutes=10)

    with (
        locked(tmp_path, CLOCK, patience=patience, others="another export"),
        pytest.raises(DeadlineExceeded, match="another export held"),
        locked(tmp_path, clock, patience=patience, others="another export"),
    ):
        pass

    assert list(tmp_path.iterdir()) == []


def test_a_link_or_a_fifo_in_the_place_of_a_lock_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    for name, kind in (("fifo", "a fifo"), ("link", "a symbolic link")):
        with (
            pytest.raises(DiskUnusable, match=f"{name}: is {kind}"),
            locked(tmp_path / name, CLOCK, patience=timedelta(0), others="another run"),
        ):
            pass
    assert not (tmp_path / "elsewhere").exists()
