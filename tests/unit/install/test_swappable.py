"""Nobody else can swap the kops that runs with cloud credentials (fault 93)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from kled.errors import KopsUnsafe
from kled.install.locate import locate
from tests.unit.install.mirror import Mirror, kops_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.install.conftest import Install

V = "1.36.2"
STRANGER = 4711


@pytest.fixture
def installed(mirror: Mirror, do_install: Install, home: Path) -> Path:
    mirror.publish(V, kops_program(V))
    do_install()
    return home


def found(home: Path) -> Path:
    return locate(explicit=None, home=home, search_path="").path


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_whatever_the_umask_what_is_installed_is_its_owner_s_alone(  # fault 93
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish(V, kops_program(V))

    do_install()

    modes = {
        one.relative_to(home).as_posix(): stat.S_IMODE(one.stat().st_mode)
        for one in home.rglob("*")
        if not one.is_symlink()
    }
    assert modes == {
        "kops": 0o700,
        "kops/.lock": 0o600,
        "kops/.partial": 0o700,
        f"kops/{V}": 0o700,
        f"kops/{V}/kops": 0o700,
        f"kops/{V}/kops.sha256": 0o600,
    }
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert found(home) == home / "kops" / V / "kops"


@pytest.mark.parametrize("place", ["", "kops", f"kops/{V}", f"kops/{V}/kops"])
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o770, 0o702])
def test_a_place_that_others_may_write_to_is_refused_and_an_installation_mends_it(
    place: str, mode: int, installed: Path, mirror: Mirror, do_install: Install
) -> None:
    (installed / place).chmod(mode)

    with pytest.raises(KopsUnsafe) as raised:
        found(installed)

    assert raised.value.message.startswith(f"{installed / place} may be written to by ")
    assert f"kled kops install --version={V}" in str(raised.value.hint)
    binary = installed / "kops" / V / "kops"
    binary.write_text("swapped")
    binary.with_name("kops.sha256").write_text(f"{'0' * 64}  kops\n")
    assert do_install().outcome == "installed"  # not what lies there, whatever its record says
    assert found(installed).read_bytes() == kops_program(V)


@pytest.mark.parametrize("place", ["", "kops", f"kops/{V}", f"kops/{V}/kops"])
def test_a_place_that_belongs_to_another_user_is_refused(
    place: str, installed: Path, do_install: Install
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(installed / place, STRANGER, STRANGER)

    with pytest.raises(KopsUnsafe, match=f"belongs to the user {STRANGER}") as raised:
        found(installed)

    assert f"chown 0 {installed / place}" in str(raised.value.hint)
    assert "--verify-only" in str(raised.value.hint)
    if place != f"kops/{V}/kops":
        with pytest.raises(KopsUnsafe):
            do_install()


def test_above_its_home_a_directory_counts_too_but_for_a_sticky_one(
    installed: Path, do_install: Install
) -> None:
    above = installed.parent
    above.chmod(0o777)
    with pytest.raises(KopsUnsafe, match=f"{above} may be written to by everybody") as raised:
        found(installed)
    assert f"chmod go-w {above}" in str(raised.value.hint)
    with pytest.raises(KopsUnsafe):  # which it cannot mend, so it downloads nothing
        do_install()

    above.chmod(0o1777)

    assert found(installed).is_file()


def test_a_link_of_another_user_on_the_way_is_refused(installed: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    (tmp_path / "link").symlink_to(installed)
    assert found(tmp_path / "link").is_file()
    os.chown(tmp_path / "link", STRANGER, STRANGER, follow_symlinks=False)

    with pytest.raises(KopsUnsafe, match=f"link belongs to the user {STRANGER}"):
        found(tmp_path / "link")


def test_a_kops_that_somebody_names_is_that_person_s_business(installed: Path) -> None:
    binary = installed / "kops" / V / "kops"
    binary.chmod(0o777)

    named = locate(explicit=binary, home=installed, search_path="")

    assert named.path == binary
