"""What kled makes is its owner's alone, whatever the umask (fault 93)."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kled.cli.frame import settings_file
from kled.cli.terminal import editor
from kled.errors import DiskUnusable
from kled.files import beneath, private
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.process import Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UMASKS = [0o000, 0o002, 0o022, 0o077, 0o777]


@pytest.fixture(params=UMASKS, ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def home(tmp_path: Path, umask: int) -> Path:
    assert umask in UMASKS
    return tmp_path / "share" / "kled"


def modes(below: Path) -> dict[str, int]:
    found = [one for one in below.rglob("*") if not one.is_symlink()]
    return {str(one.relative_to(below)): stat.S_IMODE(one.stat().st_mode) for one in found}


def test_a_directory_and_all_that_is_missing_above_it(home: Path) -> None:
    private.make_directory(home / "a" / "b")

    assert set(modes(home.parent.parent).values()) == {0o700}


def test_what_is_there_stays_as_it_is(home: Path) -> None:
    home.mkdir(parents=True)
    for one in (home.parent, home):
        one.chmod(0o751)

    private.make_directory(home / "a")
    private.make_directory(home)

    assert modes(home.parent) == {"kled": 0o751, "kled/a": 0o700}


def test_a_file_that_replaces_another_is_private_or_as_that_was(home: Path) -> None:
    private.make_directory(home)
    private.write(home / "new", "new")
    (home / "old").write_text("old")
    (home / "old").chmod(0o644)
    private.write(home / "old", "newer", keep_mode=True)

    assert modes(home) == {"new": 0o600, "old": 0o644}
    private.write(home / "old", "newest")
    assert modes(home) == {"new": 0o600, "old": 0o600}
    assert (home / "old").read_text() == "newest"


def kept(home: Path) -> None:
    editor.write(home, "c.example.com", "text")


def settings(home: Path) -> None:
    settings_file.remember(home / "config.toml", "s3://b", {"region": "r"}, default=True)


def a_kops(home: Path) -> Kops:
    def run(argv: list[str], **_: object) -> Finished:
        target = next((one for one in argv if one.startswith("--kubeconfig=")), None)
        if target:
            Path(target.partition("=")[2]).write_text("written by kops")
        else:
            assert stat.S_IMODE((home / "definition.yaml").stat().st_mode) == 0o600
        return Finished(tuple(argv), 0, "", "", 0.0)

    return Kops(KopsCalls("kops", run=run, env={}, state_store="file:///s", scratch=home))  # type: ignore[arg-type]


def export(home: Path) -> None:
    a_kops(home).kubeconfig.export("c.example.com", home / "kube" / "config")
    assert (home / "kube" / "config").read_text() == "written by kops"


def stored(home: Path) -> None:
    private.make_directory(home)
    a_kops(home).definition.store("kind: Cluster")


@pytest.mark.parametrize("make", [kept, settings, export, stored])
def test_whoever_writes_writes_for_the_owner_alone(
    home: Path, make: Callable[[Path], None]
) -> None:
    make(home)

    found = modes(home.parent.parent)
    assert found
    for name, mode in found.items():
        assert mode == (0o700 if (home.parent.parent / name).is_dir() else 0o600), name


def test_a_draft_of_a_block_that_fails_is_gone_and_the_file_is_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("before")

    with pytest.raises(ZeroDivisionError), private.draft(target) as draft:
        draft.write_text("half")
        _ = 1 / 0

    assert [one.name for one in tmp_path.iterdir()] == ["target"]
    assert target.read_text() == "before"


def test_what_fills_a_file_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("another's")
    (tmp_path / "edited").symlink_to(tmp_path / "elsewhere")

    private.fill(tmp_path / "edited", b"ours")

    assert (tmp_path / "elsewhere").read_text() == "another's"
    assert (tmp_path / "edited").read_bytes() == b"ours"


def test_what_cannot_be_made_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for call in (
        lambda: private.make_directory(tmp_path / "file" / "below"),
        lambda: private.write(tmp_path / "nowhere" / "file", ""),
        lambda: private.fresh_file(tmp_path / "nowhere", "x"),
    ):
        with pytest.raises(DiskUnusable, match=str(tmp_path)) as raised:
            call()
        assert raised.value.hint == "free space, mend the permissions, or name another place"


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    """A member of fault 99: drafts of kubeconfigs stayed beside their places."""
    dead, alive, other = (tmp_path / name for name in (".f.kled-d", ".f.kled-a", ".g.kled-x"))
    link, folder = tmp_path / ".f.kled-l", tmp_path / ".f.kled-dir"
    for one in (dead, alive, other):
        one.write_text("")
    link.symlink_to(other)
    folder.mkdir()
    with alive.open() as held:
        assert beneath.taken(held.fileno())

        with private.draft(tmp_path / "f") as first, private.draft(tmp_path / "f") as second:
            assert first.exists()
            assert second.exists()

    left = {one.name for one in tmp_path.iterdir()}
    assert left == {"f", alive.name, other.name, link.name, folder.name}
