"""Within a sandbox no Prefect server is spoken to that a file names (fault 96)."""

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from kled.cli.flows import server
from kled.errors import SettingsError

REAL = "https://prefect.example.com/api"


def test_a_server_of_a_file_is_refused_within_a_sandbox() -> None:  # fault 96
    with (
        temporary_settings({PREFECT_API_URL: REAL}),
        pytest.raises(SettingsError, match="outside of the sandbox") as raised,
    ):
        server.named({"KLED_SANDBOX": "/tmp/box"})

    assert (
        raised.value.hint == f"go to another directory, or mean it: export PREFECT_API_URL={REAL}"
    )


@pytest.mark.parametrize(
    "env", [{}, {"KLED_SANDBOX": "/tmp/box", "PREFECT_API_URL": REAL}], ids=["outside", "meant"]
)
def test_one_that_is_meant_is_spoken_to(env: dict[str, str]) -> None:
    with temporary_settings({PREFECT_API_URL: REAL}):
        assert server.named(env) == REAL


def test_none_is_fine_everywhere() -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert server.named({"KLED_SANDBOX": "/tmp/box"}) is None
