import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kled.errors import KopsMissing
from kled.install.locate import Program, current_version, locate, managed_root


def _program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def _managed(home: Path, version: str = "1.36.2") -> Path:
    path = _program(home / "kops" / version / "kops")
    (home / "kops" / "current").symlink_to(version)
    return path


@contextmanager
def _powerless() -> Iterator[None]:
    """The superuser may look everywhere: step down for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_the_named_kops_wins_over_the_managed_one_and_path(tmp_path: Path) -> None:
    named = _program(tmp_path / "mine")
    _managed(tmp_path)
    _program(tmp_path / "bin" / "kops")

    found = locate(explicit=named, home=tmp_path, search_path=str(tmp_path / "bin"))

    assert found == Program(named, "KLED_KOPS")


def test_the_managed_kops_wins_over_path_and_names_its_version(tmp_path: Path) -> None:
    managed = _managed(tmp_path)
    _program(tmp_path / "bin" / "kops")

    found = locate(explicit=None, home=tmp_path, search_path=str(tmp_path / "bin"))

    assert found == Program(managed, "managed")


def test_without_either_the_first_kops_on_path_is_taken(tmp_path: Path) -> None:
    _program(tmp_path / "empty" / "other")
    first = _program(tmp_path / "one" / "kops")
    _program(tmp_path / "two" / "kops")
    path = os.pathsep.join(str(tmp_path / name) for name in ("empty", "one", "two"))

    assert locate(explicit=None, home=tmp_path, search_path=path) == Program(first, "PATH")


def test_a_relative_entry_of_path_gives_an_absolute_program(tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "kops")
    relative = os.path.relpath(tmp_path / "bin")

    found = locate(explicit=None, home=tmp_path, search_path=relative)

    assert found.path.is_absolute()
    assert found.path.samefile(tmp_path / "bin" / "kops")


def test_no_kops_anywhere_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(KopsMissing, match="there is no kops") as caught:
        locate(explicit=None, home=tmp_path, search_path="")

    assert "kled kops install --version=latest" in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_a_named_kops_that_cannot_run_is_never_replaced_by_another(tmp_path: Path) -> None:
    _managed(tmp_path)
    plain = _program(tmp_path / "plain", 0o644)
    for explicit, words in (
        (tmp_path / "absent", "does not exist"),
        (tmp_path, "is a directory"),
        (plain, "is not executable"),
    ):
        with pytest.raises(KopsMissing, match=words) as caught:
            locate(explicit=explicit, home=tmp_path, search_path="")
        assert str(explicit) in caught.value.message


def test_a_named_kops_behind_a_closed_directory_says_so(tmp_path: Path) -> None:
    hidden = _program(tmp_path / "closed" / "kops")
    hidden.parent.chmod(0)
    try:
        with _powerless(), pytest.raises(KopsMissing, match="may not be looked at"):
            locate(explicit=hidden, home=tmp_path, search_path="")
    finally:
        hidden.parent.chmod(0o755)


def test_a_managed_kops_that_is_gone_is_not_replaced_by_the_one_on_path(tmp_path: Path) -> None:
    _managed(tmp_path).unlink()
    _program(tmp_path / "bin" / "kops")

    with pytest.raises(KopsMissing, match="the managed kops") as caught:
        locate(explicit=None, home=tmp_path, search_path=str(tmp_path / "bin"))

    assert "--version=1.36.2" in (caught.value.hint or "")


def test_a_pointer_that_is_no_link_is_named(tmp_path: Path) -> None:
    root = managed_root(tmp_path)
    (root / "current").mkdir(parents=True)

    with pytest.raises(KopsMissing, match="current") as caught:
        current_version(root)

    assert "remove it" in (caught.value.hint or "")


def test_read_commands_pay_nothing_heavy_for_it() -> None:
    code = (
        "import sys, kled.install.locate\n"
        "print({'httpx', 'pydantic', 'rich', 'yaml', 'prefect', 'boto3'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
