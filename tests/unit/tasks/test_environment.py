"""Prefect's environment is prepared without overruling anybody."""

from pathlib import Path

import pytest

from tasks.running.environment import DEFAULTS, prepare


def test_an_empty_environment_gets_all_defaults() -> None:
    env: dict[str, str] = {}

    prepare(env)

    assert env == DEFAULTS | {"PREFECT_LOGGING_EXTRA_LOGGERS": "kled"}


def test_what_somebody_set_stays() -> None:
    env = {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "20"}

    prepare(env)

    assert env["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "20"


def test_kled_joins_the_loggers_that_are_forwarded_already_once() -> None:
    env = {"PREFECT_LOGGING_EXTRA_LOGGERS": "boto3"}

    prepare(env)
    prepare(env)

    assert env["PREFECT_LOGGING_EXTRA_LOGGERS"] == "boto3,kled"


def test_a_home_that_cannot_be_written_to_gives_prefect_a_private_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # fault 90: a user id without a home, and a flow that could not even import Prefect
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    env = {"HOME": "/proc/self"}

    prepare(env)
    again = {"HOME": "/proc/self"}
    prepare(again)

    home = Path(env["PREFECT_HOME"])
    assert (home.parent, again["PREFECT_HOME"]) == (tmp_path, str(home))
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_others_may_enter_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    env = {"HOME": "/proc/self"}
    prepare(env)
    Path(env["PREFECT_HOME"]).chmod(0o755)

    again = {"HOME": "/proc/self"}
    prepare(again)

    assert again["PREFECT_HOME"] != env["PREFECT_HOME"]
    assert Path(again["PREFECT_HOME"]).stat().st_mode & 0o777 == 0o700


def test_a_home_that_can_be_written_to_stays_prefects(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}

    prepare(env)

    assert "PREFECT_HOME" not in env
