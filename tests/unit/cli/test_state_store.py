"""Which state store commands use, once one was configured."""

import os
from pathlib import Path

import pytest

from kled.cli import app


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("KLED_", "KOPS_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ((), "is now the state store of every command ("),
        (("KOPS_STATE_STORE",), "wins in this shell: commands go there until you type: unset KOPS"),
        (("KLED_STATE_STORE",), "wins in this shell: commands go there until you type: unset KLED"),
        (
            ("KLED_STATE_STORE", "KOPS_STATE_STORE"),
            "until you type: unset KLED_STATE_STORE KOPS_STATE_STORE",
        ),
    ],
)
def test_a_variable_that_wins_over_what_is_remembered_is_said(
    variables: tuple[str, ...],
    words: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fault 35
    for name in variables:
        monkeypatch.setenv(name, "s3://another")

    code = app.run(["kops", "configure-state-store", f"--state=file://{home}/s", "--create"])

    assert code == 0
    assert words in capfd.readouterr().err


def test_one_that_the_variable_names_already_is_no_contradiction(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KOPS_STATE_STORE", f"file://{home}/s/")

    assert app.run(["kops", "configure-state-store", "--create"]) == 0
    assert (
        f"in this shell KOPS_STATE_STORE=file://{home}/s/ names it, too" in capfd.readouterr().err
    )
