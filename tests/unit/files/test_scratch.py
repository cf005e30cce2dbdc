"""What a killed run leaves is removed by the next one, and nothing else is (fault 99)."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest

from kled.errors import DiskUnusable
from kled.files import scratch

if TYPE_CHECKING:
    from pathlib import Path

RUN = """
import sys
from pathlib import Path
from kled.files import scratch
with scratch.directory(Path(sys.argv[1])) as made:
    (made / "kubeconfig").write_text("secret")
    print(made, flush=True)
    sys.stdin.read()
"""


def living(base: Path) -> tuple[subprocess.Popen[str], str]:
    """A run with a directory; it ends when it is killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", RUN, str(base)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    return child, child.stdout.readline().strip()


def names(base: Path) -> set[str]:
    return {str(one) for one in scratch.place(base).iterdir()}


def test_what_a_killed_run_left_goes_with_the_next_and_a_living_run_s_stays(
    tmp_path: Path,
) -> None:  # fault 99
    dead, left = living(tmp_path)
    alive, kept = living(tmp_path)
    with alive, dead:
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert [str(one) for one in scratch.leftovers(tmp_path)] == [left]

        with scratch.directory(tmp_path) as mine:
            assert names(tmp_path) == {kept, str(mine)}
            assert scratch.leftovers(tmp_path) == []

        assert names(tmp_path) == {kept}
        alive.kill()


def test_runs_that_begin_at_once_take_nothing_from_one_another(tmp_path: Path) -> None:
    """One removed what another had just made and not locked yet: every fifteenth start failed."""

    def begin(_: int) -> bool:
        with scratch.directory(tmp_path) as mine:
            return mine.is_dir()

    with ThreadPoolExecutor(4) as runs:
        assert all(runs.map(begin, range(300)))
    assert names(tmp_path) == set()


def test_what_was_killed_before_it_was_locked_goes_when_it_is_no_start_any_more(
    tmp_path: Path,
) -> None:
    with scratch.directory(tmp_path):
        pass
    young, old = (scratch.place(tmp_path) / one for one in ("new-0000", "new-1111"))
    for one in (young, old):
        one.mkdir(mode=0o700)
    os.utime(old, (time.time() - 100,) * 2)

    with scratch.directory(tmp_path):
        pass

    assert names(tmp_path) == {str(young)}


def test_what_is_no_run_s_directory_is_left_alone_and_no_link_is_followed(tmp_path: Path) -> None:
    with scratch.directory(tmp_path):
        pass
    place = scratch.place(tmp_path)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_text("")
    (place / "run-link").symlink_to(tmp_path / "outside")
    (place / "run-file").write_text("")
    (place / "people's").mkdir()
    dead = place / "run-dead"
    dead.mkdir()
    (dead / "link").symlink_to(tmp_path / "outside")
    (dead / "closed").mkdir(mode=0)

    with scratch.directory(tmp_path):
        pass

    assert {one.name for one in place.iterdir()} == {"run-link", "run-file", "people's"}
    assert (tmp_path / "outside" / "kept").exists()


def test_a_directory_of_another_user_is_no_leftover_of_ours(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    with scratch.directory(tmp_path):
        pass
    other = scratch.place(tmp_path) / "run-other"
    other.mkdir()
    os.chown(other, 4711, 4711)

    with scratch.directory(tmp_path):
        pass

    assert other.exists()
    os.chown(scratch.place(tmp_path), 4711, 4711)
    with pytest.raises(DiskUnusable, match="belongs to the user 4711: no secrets"):
        scratch.leftovers(tmp_path)


@pytest.mark.parametrize("kind", ["open", "link", "file"])
def test_a_place_that_others_prepared_gets_no_secrets(kind: str, tmp_path: Path) -> None:
    place = scratch.place(tmp_path)
    if kind == "open":
        place.mkdir()
        place.chmod(0o777)
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.write_text("")

    with pytest.raises(DiskUnusable, match=f"kled-{os.geteuid()}"), scratch.directory(tmp_path):
        pass


@pytest.mark.parametrize("umask", [0o000, 0o777], ids=oct)
def test_whatever_the_umask_it_is_private(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        with scratch.directory(tmp_path) as made:
            assert stat.S_IMODE(made.stat().st_mode) == 0o700
            assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_nothing_was_ever_there(tmp_path: Path) -> None:
    assert scratch.leftovers(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


EARLIER: Final = ("kled-9ghkph04", "kled-verify-1fhbujmz")


def earlier(place: Path) -> Path:
    """Lay what an earlier kled left, two days ago, beside what only looks like it."""
    for name in (*EARLIER, "kled-prefect-54321", "kled-open_00a", "kled-of_today", "mine"):
        (place / name).mkdir(mode=0o700)
        (place / name / "kubeconfig").write_text("")
    (place / "kled-open_00a").chmod(0o755)
    (place / "kled-linklink").symlink_to(place / "mine")
    for one in place.iterdir():
        if one.name != "kled-of_today":
            os.utime(one, (time.time() - 2 * 86_400,) * 2, follow_symlinks=False)
    return place


def test_what_an_earlier_kled_left_is_said_and_left_alone(tmp_path: Path) -> None:
    """Those of today may be of runs that live, with another home."""
    found = scratch.of_earlier(earlier(tmp_path))

    assert [one.name for one in found] == [*EARLIER]
    with scratch.directory(tmp_path):
        assert all(one.exists() for one in found)


def test_what_is_said_to_remove_it_removes_nothing_else(tmp_path: Path) -> None:
    """It said to "remove those that no run of it uses", which nobody can type."""
    base = tmp_path / "with a blank"
    base.mkdir()
    place = earlier(base)
    names = {one.name for one in place.iterdir()}

    subprocess.run(["sh", "-c", scratch.removal_of_earlier(place)], check=True)

    assert {one.name for one in place.iterdir()} == names - {*EARLIER}
