"""A sandbox uses a directory of its own, and takes away what it made (faults 28 and 94)."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kled import config
from kled.cli import app
from kled.sandbox import control
from kled.sandbox.directory import MARK, AnothersDirectory, NotOwn


def tree(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_a_directory_with_files_of_somebody_is_refused_and_left(tmp_path: Path) -> None:  # fault 28
    mine = tmp_path / "mine"
    (mine / "state").mkdir(parents=True)
    (mine / "state" / "thesis").write_text("kept")

    with pytest.raises(NotOwn, match="not empty and no sandbox made it"):
        control.start(mine, speed=1.0)

    assert not control.stop(mine).existed
    assert tree(mine) == ["state", "state/thesis"]


def test_a_file_with_the_settings_name_makes_no_sandbox(tmp_path: Path) -> None:  # fault 28
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "sandbox.json").write_text("{}")

    with pytest.raises(FileNotFoundError, match="no sandbox in"):
        control.environment(mine)
    assert not control.stop(mine).existed
    assert tree(mine) == ["sandbox.json"]


def test_an_empty_directory_becomes_a_sandbox(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()

    assert control.start(tmp_path / "box", speed=1.0).kops.exists()


def test_what_others_put_into_it_stays_and_is_named(tmp_path: Path) -> None:  # fault 28
    box = control.start(tmp_path / "box", speed=1.0).directory
    for name in ("notes", "bin/mine", "home/letter", "home/papers/draft"):
        (box / name).parent.mkdir(exist_ok=True)
        (box / name).write_text("kept")
    (box / "home" / ".cache").mkdir()

    stopped = control.stop(box)

    assert stopped.left == [box / "bin", box / "home", box / "notes"]
    assert tree(box) == [
        "bin", "bin/mine", "home", "home/letter", "home/papers", "home/papers/draft", "notes",
    ]  # fmt: skip
    with pytest.raises(NotOwn):
        control.start(box, speed=1.0)


@pytest.mark.parametrize("name", ["state", "home", "bin", "bin/kops", "home/.ssh", "state/c/pki"])
def test_no_link_is_followed_where_it_is_removed(tmp_path: Path, name: str) -> None:  # fault 28
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "keys").write_text("kept")
    box = control.start(tmp_path / "box", speed=1.0).directory
    link = box / name
    if link.is_dir():
        for below in sorted(link.rglob("*"), reverse=True):
            below.rmdir() if below.is_dir() else below.unlink()
        link.rmdir()
    link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "real")

    control.stop(box)

    assert (tmp_path / "real" / "keys").read_text() == "kept"


def test_a_link_in_the_place_of_the_state_store_is_refused(tmp_path: Path) -> None:  # fault 28
    (tmp_path / "real").mkdir()
    box = control.start(tmp_path / "box", speed=1.0).directory
    (box / "state").rmdir()
    (box / "state").symlink_to(tmp_path / "real")

    with pytest.raises(NotOwn, match="state is a symbolic link"):
        control.start(box, speed=1.0)


USES: tuple[Callable[[Path], object], ...] = (
    lambda box: control.start(box, speed=1.0),
    control.status,
    control.environment,
    control.stop,
)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_one_that_others_can_write_is_refused(
    tmp_path: Path, mode: int, use: Callable[[Path], object]
) -> None:  # fault 94
    box = control.start(tmp_path / "box", speed=1.0).directory
    box.chmod(mode)

    with pytest.raises(NotOwn, match="others can write in"):
        use(box)

    assert (box / "bin" / "kops").exists()


@pytest.mark.parametrize("use", USES)
def test_one_below_a_place_of_everybody_is_refused(
    tmp_path: Path, use: Callable[[Path], object]
) -> None:  # fault 94
    box = control.start(tmp_path / "common" / "box", speed=1.0).directory
    (tmp_path / "common").chmod(0o777)

    with pytest.raises(NotOwn, match="others can put another directory in the place of"):
        use(box)


@pytest.mark.parametrize("use", USES)
def test_a_link_to_one_is_refused(tmp_path: Path, use: Callable[[Path], object]) -> None:  # 94
    control.start(tmp_path / "box", speed=1.0)
    (tmp_path / "link").symlink_to(tmp_path / "box")

    with pytest.raises(NotOwn, match="is a symbolic link"):
        use(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
@pytest.mark.parametrize("what", ["", MARK])
def test_another_users_is_no_sandbox(tmp_path: Path, what: str) -> None:  # fault 94
    box = control.start(tmp_path / "box", speed=1.0).directory
    os.chown(box / what, 65534, 65534)

    with pytest.raises((NotOwn, FileNotFoundError)):
        control.environment(box)
    with pytest.raises(NotOwn):
        control.start(box, speed=1.0)
    assert (box / "bin" / "kops").exists()


def test_a_start_that_was_killed_before_the_mark_is_completed(tmp_path: Path) -> None:  # fault 28
    (tmp_path / "box").mkdir(mode=0o700)

    assert not control.stop(tmp_path / "box").existed
    assert control.start(tmp_path / "box", speed=1.0).kops.exists()


@pytest.mark.parametrize("written", [0, 20])
def test_a_start_that_was_killed_in_the_mark_is_completed(tmp_path: Path, written: int) -> None:
    box = control.start(tmp_path / "box", speed=1.0).directory
    mark = (box / MARK).read_text()
    control.stop(box)
    box.mkdir(mode=0o700)
    (box / MARK).write_text(mark[:written])

    with pytest.raises(FileNotFoundError, match="is not complete"):
        control.status(box)
    assert control.start(box, speed=1.0).kops.exists()


def test_several_starts_at_once_make_one_sandbox(tmp_path: Path) -> None:
    """Fault 28, one more: the mark of the one was a stranger's file to the other."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: control.start(tmp_path / "box", speed=1.0), range(32)))

    assert {box.directory for box in made} == {tmp_path / "box"}
    assert control.stop(tmp_path / "box").left == []


def test_what_a_killed_start_left_half_written_goes_along(tmp_path: Path) -> None:
    box = control.start(tmp_path / "box", speed=1.0).directory
    for name in ("bin/kops.0a1b2c3d.new", "sandbox.json.0a1b2c3d.new"):
        (box / name).write_text("half")

    assert control.stop(box).left == []
    assert not box.exists()


@pytest.mark.parametrize("gone", ["bin/kops", "bin", "state"])
def test_a_stop_that_was_killed_is_completed_by_the_next(tmp_path: Path, gone: str) -> None:
    box = control.start(tmp_path / "box", speed=1.0).directory
    (box / "bin" / "kops").unlink()
    if gone != "bin/kops":
        (box / gone).rmdir()

    assert control.stop(box).left == []
    assert not box.exists()
    assert not control.stop(box).existed


def test_the_settings_know_the_mark() -> None:
    assert config.SANDBOX_MARK == MARK


def test_a_mark_of_another_text_is_none(tmp_path: Path) -> None:  # fault 28
    (tmp_path / "box").mkdir(mode=0o700)
    (tmp_path / "box" / MARK).write_text("my own file")

    with pytest.raises(NotOwn):
        control.start(tmp_path / "box", speed=1.0)
    assert not control.stop(tmp_path / "box").existed


def test_it_is_private_whatever_the_umask(tmp_path: Path) -> None:  # fault 93 of this room
    before = os.umask(0)
    try:
        box = control.start(tmp_path / "a" / "b" / "box", speed=1.0).directory
    finally:
        os.umask(before)

    assert [path.stat().st_mode & 0o777 for path in (box, *list(box.parents)[:2])] == [0o700] * 3


@pytest.mark.parametrize("use", USES)
def test_another_users_directory_is_said_to_be_theirs(
    tmp_path: Path, use: Callable[[Path], object]
) -> None:
    """`stop` and `status` said that there is no sandbox, and `stop` succeeded."""
    theirs = Path("/")
    if os.geteuid() == 0:
        theirs = control.start(tmp_path / "box", speed=1.0).directory
        for path in (theirs, *theirs.rglob("*")):
            os.chown(path, 65533, 65533)

    with pytest.raises(AnothersDirectory, match=r"belongs to .*user id \d+"):
        use(theirs)


def test_a_command_about_another_users_sandbox_fails_and_says_whose_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs = Path("/")
    if os.geteuid() == 0:
        theirs = control.start(tmp_path / "box", speed=1.0).directory
        os.chown(theirs, 65533, 65533)

    for command in ("stop", "status", "env", "start"):
        assert app.run(["sandbox", command, f"--dir={theirs}"]) == 1
        assert "belongs to" in capfd.readouterr().err
