"""Prefect's environment is prepared without overruling anybody."""

from tasks.environment import DEFAULTS, prepare


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
