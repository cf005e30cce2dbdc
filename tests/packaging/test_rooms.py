"""`kled.rooms` in processes of their own, with strangers where they turn up in practice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = """
import sys
{first}
from kled import rooms
from kled.errors import RoomTaken
try:
    rooms.check()
except RoomTaken as error:
    print(error.message, error.hint, sep="\\n")
    sys.exit(error.exit_code)
assert not set(rooms.ROOMS) & set(sys.modules), "imported"
"""

AWAY = f"sys.path[:] = [one for one in sys.path if one != {str(ROOT)!r}]"  # an editable install's


def _check(cwd: Path, *path: Path, first: str = "") -> "subprocess.CompletedProcess[str]":
    """Run with `path` in front, as PYTHONPATH; `-c` puts the working directory before it."""
    env = {**os.environ, "PYTHONPATH": ":".join(map(str, path))}
    return subprocess.run(
        [sys.executable, "-c", CHECK.format(first=first)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A place from which kled can be imported, but none of its rooms."""
    path = tmp_path / "site"
    path.mkdir()
    (path / "kled").symlink_to(ROOT / "kled")
    return path


def test_kleds_own_rooms_pass_and_are_not_imported(tmp_path: Path) -> None:
    done = _check(tmp_path, ROOT)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("room", ["flows", "tasks", "deployments"])
@pytest.mark.parametrize("form", ["{}.py", "{}/__init__.py"])
def test_a_stranger_in_the_working_directory_is_named(tmp_path: Path, room: str, form: str) -> None:
    stranger = tmp_path / form.format(room)
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("raise SystemExit('ran')\n")

    done = _check(tmp_path, ROOT)

    assert done.returncode == 2
    assert done.stdout.startswith(f"{stranger} stands in the place of kled's own {room}\n")
    assert "PYTHONPATH" in done.stdout


def test_a_room_that_was_imported_from_elsewhere_earlier_is_found(tmp_path: Path) -> None:
    stranger = tmp_path / "elsewhere" / "tasks.py"
    stranger.parent.mkdir()
    stranger.write_text("")
    first = f"sys.path.insert(0, {str(stranger.parent)!r}); import tasks; del sys.path[0]"

    done = _check(tmp_path, ROOT, first=first)

    assert done.returncode == 2
    assert str(stranger) in done.stdout


def test_a_module_put_in_place_by_hand_is_found(tmp_path: Path) -> None:
    first = "import types; sys.modules['tasks'] = types.ModuleType('tasks')"
    named = f"{first}; sys.modules['tasks'].__file__ = '/elsewhere/tasks.py'"

    assert "is not at" in _check(tmp_path, ROOT, first=first).stdout
    assert "/elsewhere/tasks.py stands" in _check(tmp_path, ROOT, first=named).stdout


def test_a_room_that_is_gone_is_missed(tmp_path: Path, site: Path) -> None:
    done = _check(tmp_path, site, first=AWAY)

    assert done.returncode == 2
    assert done.stdout.startswith(f"the package flows is not at {ROOT / 'flows'}\n")
    assert "install kled again" in done.stdout


def test_a_directory_without_a_package_in_it_is_no_room(tmp_path: Path, site: Path) -> None:
    (site / "flows").mkdir()

    done = _check(tmp_path, site, first=AWAY)

    assert done.returncode == 2
    assert done.stdout.startswith(f"{site / 'flows'} stands in the place")


def test_rooms_reached_through_a_symbolic_link_are_kleds_own(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(ROOT)

    done = _check(tmp_path, tmp_path / "link", first=AWAY)

    assert done.returncode == 0, done.stdout
