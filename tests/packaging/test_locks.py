"""The locks: pinned, hashed, naming no index; and no dependency that ships a room's name."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kled.rooms import ROOMS

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def _entries(lock: str) -> dict[str, list[str]]:
    """Return the lines of `lock` by what they pin: the requirement, then its hashes."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = [line.split("--hash=") for line in text.splitlines() if line.strip()]
    return {line[0].strip(): [one.strip() for one in line[1:]] for line in lines}


def _pins(lock: str) -> list[Requirement]:
    return [Requirement(line) for line in _entries(lock)]


def _here(lock: str) -> list[Requirement]:
    """Return the pins of `lock` that hold for this Python and this system."""
    return [pin for pin in _pins(lock) if pin.marker is None or pin.marker.evaluate()]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()

    for word in ("://", "index-url", "find-links", "trusted-host", " @ "):
        assert word not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_to_one_version_and_hashed(lock: str) -> None:
    entries = _entries(lock)

    assert entries
    for line, hashes in entries.items():
        (pin,) = Requirement(line).specifier
        assert pin.operator == "=="
        assert hashes, line
        assert all(one.startswith("sha256:") and len(one) == 71 for one in hashes), line


def test_developers_run_the_very_versions_that_users_get() -> None:
    assert set(_entries(LOCKS[0])) <= set(_entries(LOCKS[1]))


def test_every_declared_dependency_is_locked_within_its_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    developers = project["dependency-groups"]["dev"]
    for lock, declared in (
        (LOCKS[0], project["project"]["dependencies"]),
        (LOCKS[1], [*project["project"]["dependencies"], *developers]),
    ):
        pinned = {canonicalize_name(pin.name): pin.specifier for pin in _pins(lock)}
        for wanted in map(Requirement, declared):
            (pin,) = pinned[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(pin.version), wanted


def test_what_is_installed_is_what_is_locked() -> None:
    """Tests of other versions than users get prove nothing: `make install` after `make lock`."""
    for pin in _here(LOCKS[1]):
        assert pin.specifier.contains(metadata.version(pin.name)), f"{pin}: run make install"


def test_no_locked_package_refuses_the_version_that_another_is_locked_to() -> None:
    """A lock that was edited by hand, or made under an override, is no lock (fault 40)."""
    pinned = {canonicalize_name(pin.name): pin.specifier for pin in _here(LOCKS[1])}
    for name in pinned:
        for wanted in map(Requirement, metadata.requires(name) or ()):
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
                continue
            (pin,) = pinned[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(pin.version), f"{name} wants {wanted}"


def test_the_bound_on_whenever_is_still_needed() -> None:
    """Prefect takes 0.10.5, with which its cron schedules make no run before Python 3.13.

    Where this fails Prefect asks for a newer one itself: take the bound out of pyproject.toml.
    """
    asked = [Requirement(one) for one in metadata.requires("prefect") or ()]
    (whenever,) = (one for one in asked if one.name == "whenever")

    assert whenever.specifier.contains("0.10.5"), f"Prefect wants {whenever}: the bound can go"


def test_no_locked_dependency_ships_a_package_with_the_name_of_a_room() -> None:
    for pin in _here(LOCKS[1]):
        assert metadata.version(pin.name), "installed, hence looked at below"
    owners = metadata.packages_distributions()

    for room in ("kled", *ROOMS):
        assert set(owners.get(room, [])) <= {"kled"}
