"""The wheel holds kled and its three rooms, whole, and nothing else."""

import os
import subprocess
import sys
import tarfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"kled", "flows", "tasks", "deployments"}


def _build(target: str, into: Path) -> Path:
    """Build with the installed hatchling: no isolation, hence no network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(ZipFile(wheel).namelist())


def _metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_exactly_the_four_packages_are_at_the_top(names: set[str]) -> None:
    top = {name.partition("/")[0] for name in names}

    assert {one for one in top if not one.endswith(".dist-info")} == ROOMS
    assert len(top) == len(ROOMS) + 1


def test_every_file_of_the_rooms_is_in_it_and_no_byte_code(names: set[str]) -> None:
    command = ["git", "ls-files", "--", *sorted(ROOMS)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    known = {name for name in done.stdout.splitlines() if (ROOT / name).exists()}

    assert known
    assert known <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_it_is_typed_licensed_and_has_one_command(wheel: Path, names: set[str]) -> None:
    assert "kled/py.typed" in names
    assert [name for name in names if name.endswith("/licenses/LICENSE")]
    with ZipFile(wheel) as archive:
        (points,) = (one for one in names if one.endswith("entry_points.txt"))
        assert archive.read(points).decode().split() == [
            "[console_scripts]",
            "kled",
            "=",
            "kled.__main__:main",
        ]


def test_it_asks_for_what_it_imports_and_for_its_python(wheel: Path) -> None:
    metadata = _metadata(wheel)
    needed = " ".join(metadata.get_all("Requires-Dist", []))

    assert metadata["Requires-Python"] == ">=3.11"
    for name in ("prefect", "boto3", "google-cloud-storage", "azure-storage-blob", "pydantic"):
        assert name in needed
    assert "fastapi" not in needed  # Prefect bounds it itself: docs/decisions/0008
    assert "pytest" not in needed


def test_unpacked_elsewhere_it_finds_its_own_rooms_and_runs(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    ZipFile(wheel).extractall(site)  # noqa: S202 - built a moment ago, by this test
    code = (
        f"import sys; sys.path[:] = [one for one in sys.path if one != {str(ROOT)!r}]\n"
        "from kled import rooms, __main__\n"
        f"assert rooms.__file__.startswith({str(site)!r})\n"
        "rooms.check()\n"
        "sys.argv = ['kled', '--version']; sys.exit(__main__.main())\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert _metadata(wheel)["Version"] in done.stdout


def test_the_source_archive_carries_the_tests_and_no_environment(tmp_path: Path) -> None:
    with tarfile.open(_build("sdist", tmp_path)) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}

    assert {"tests", "LICENSE", "pyproject.toml", *ROOMS} <= tops
    assert not {".venv", ".git", ".hypothesis", "dist"} & tops
