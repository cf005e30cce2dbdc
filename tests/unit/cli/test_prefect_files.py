"""That no Prefect server is named is said at once, without the seconds that importing it takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from kled.cli.flows import prefect_files

URL = "https://prefect.example.com/api"
PROFILES = f"""
active = "team"
[profiles.team]
PREFECT_API_URL = "{URL}"
[profiles.alone]
PREFECT_API_KEY = "k"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "env",
    [{}, {"PREFECT_API_URL": ""}, {"PREFECT_API_KEY": "k"}, {"PREFECT_HOME": "/nowhere"}],
    ids=["nothing", "empty", "a key alone", "a home without profiles"],
)
def test_nothing_names_a_server(home: Path, env: dict[str, str]) -> None:
    assert prefect_files.name_none(env, home / "here")


@pytest.mark.parametrize("name", ["PREFECT_API_URL", "prefect_api_url"])
def test_the_environment_names_one(home: Path, name: str) -> None:
    assert not prefect_files.name_none({name: URL}, home / "here")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".env", f"PREFECT_API_URL={URL}\n"),
        ("prefect.toml", f'[api]\nurl = "{URL}"\n'),
        ("prefect.toml", 'profiles_path = "elsewhere.toml"\n'),
        ("prefect.toml", "[api\n"),
        ("prefect.toml", b"\xff"),
        ("pyproject.toml", f'[tool.prefect.api]\nurl = "{URL}"\n'),
        ("pyproject.toml", 'tool = "what"\n'),
    ],
)
def test_a_file_beside_may_name_one(home: Path, file: str, text: str | bytes) -> None:
    (home / "here" / file).write_bytes(text if isinstance(text, bytes) else text.encode())

    assert not prefect_files.name_none({}, home / "here")


def test_files_that_are_about_something_else_name_none(home: Path) -> None:
    (home / "here" / ".env").write_text("COLOUR=blue\n")
    (home / "here" / "prefect.toml").write_text('[logging]\nlevel = "INFO"\n')
    (home / "here" / "pyproject.toml").write_text("[tool.prefect.logging]\nlevel = 'INFO'\n")

    assert prefect_files.name_none({}, home / "here")


def test_a_profile_names_one_where_it_is_the_active_one(home: Path) -> None:
    (home / ".prefect").mkdir()
    (home / ".prefect" / "profiles.toml").write_text(PROFILES)

    assert not prefect_files.name_none({}, home / "here")
    assert prefect_files.name_none({"PREFECT_PROFILE": "alone"}, home / "here")
    assert prefect_files.name_none({"PREFECT_HOME": str(home / "other")}, home / "here")
    path = str(home / ".prefect" / "profiles.toml")
    assert not prefect_files.name_none({"PREFECT_PROFILES_PATH": path}, home / "here")


@pytest.mark.parametrize(
    "words",
    [
        ["deploy"],
        ["undeploy"],
        ["approve"],
        ["run", "validate-cluster", "name=c.example.com", "--deployment=default"],
    ],
    ids=lambda words: words[0],
)
def test_it_is_said_without_importing_prefect(home: Path, words: list[str]) -> None:
    asks = (
        "import sys\nfrom kled.cli.app import run\n"
        f"status = run({words!r})\nprint(status, 'prefect' in sys.modules)"
    )
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", asks],
        env=env,
        cwd=home / "here",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["2", "False"], done.stderr
    assert "no Prefect server is named" in done.stderr
