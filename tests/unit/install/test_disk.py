import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import DeadlineExceeded, DiskUnusable
from kled.kops import disk
from kled.kops.locate import current_version
from kled.retry import Clock
from tests.unit.install.conftest import Install
from tests.unit.install.mirror import Mirror, kops_program


@contextmanager
def _files_end_at(size: int) -> Iterator[None]:
    """Let writes beyond `size` fail, as they do on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_is_named_and_what_fitted_is_kept(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    old, new = kops_program("1.35.1", size=50_000), kops_program("1.36.2")
    mirror.publish("1.35.1", old)
    path = mirror.publish("1.36.2", new)
    do_install("1.35.1")

    with _files_end_at(200_000), pytest.raises(DiskUnusable, match=r"kops-1\.36\.2") as caught:
        do_install("1.36.2")

    assert "KLED_HOME" in (caught.value.hint or "")
    assert current_version(home / "kops") == "1.35.1"
    assert do_install("1.36.2").path.read_bytes() == new
    assert [one.range for one in mirror.asked if one.path == path] == [None, "bytes=200000-"]


def test_a_home_that_is_no_directory_is_named(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.36.2", kops_program("1.36.2"))
    home.write_text("in the way")

    with pytest.raises(DiskUnusable, match=str(home)):
        do_install()

    assert mirror.asked == []


def test_a_note_that_cannot_be_read_is_named(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.36.2", kops_program("1.36.2"))
    (home / "kops" / ".partial" / "kops-1.36.2.json").mkdir(parents=True)

    with pytest.raises(DiskUnusable, match=r"kops-1\.36\.2\.json"):
        do_install()


def test_a_lock_that_is_never_free_ends_the_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ticks = iter(range(1000))
    clock = Clock(lambda: float(next(ticks)), lambda seconds: None)
    caplog.set_level("INFO", "kled")

    with (
        disk.locked(tmp_path / "lock", clock, patience=timedelta(minutes=1)),
        pytest.raises(DeadlineExceeded, match="for 1 minutes"),
        disk.locked(tmp_path / "lock", clock, patience=timedelta(minutes=1)),
    ):
        pass

    # distinct records: where Prefect's set-up is loaded, one record passes the handler twice
    told = {id(one) for one in caplog.records if "waiting for another" in one.getMessage()}
    assert len(told) == 1


def test_a_lock_is_free_again_after_an_error(tmp_path: Path, clock: Clock) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        disk.locked(tmp_path / "lock", clock, patience=timedelta(0)),
    ):
        _ = 1 / 0

    with disk.locked(tmp_path / "lock", clock, patience=timedelta(0)):
        pass


def test_a_reader_of_a_pointer_never_finds_it_missing(tmp_path: Path) -> None:
    disk.point(tmp_path / "current", "1.35.1")
    found: set[str] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            found.add(os.readlink(tmp_path / "current"))  # noqa: PTH115 - as locate does

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(50):
        disk.point(tmp_path / "current", f"1.36.{number % 2}")
    stop.set()
    reader.join()

    assert found <= {"1.35.1", "1.36.0", "1.36.1"}


def test_the_remains_of_a_killed_switch_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "current.new").symlink_to("1.35.1")

    disk.point(tmp_path / "current", "1.36.2")

    assert (tmp_path / "current").readlink() == Path("1.36.2")
