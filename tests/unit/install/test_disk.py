import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kled.errors import DiskUnusable
from kled.install.locate import current_version
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
