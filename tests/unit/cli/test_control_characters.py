"""`--set` and `--unset` are one line of text: what kops would cut is refused before any call."""

from pathlib import Path

import pytest

from kled.cli import app

COMMANDS = {
    "edit-cluster": ("kops edit cluster",),
    "edit-instance-group": ("--file=FILE", "--instance-group=nodes"),
    "create-cluster": ("kops edit cluster", "--cloud=aws", "--zones=us-east-1a"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--set", "--unset"])
def test_a_control_character_is_refused_before_kops_is_asked(
    command: str,
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    asked = tmp_path / "asked"
    kops = tmp_path / "kops"
    kops.write_text(f"#!/bin/sh\n: >{asked}\nexit 1\n")
    kops.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("KLED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KOPS_STATE_STORE", f"file://{tmp_path}")
    way, *more = COMMANDS[command]
    words = ["kops", command, "--name=c.example.com", *more]

    code = app.run([*words, f"{option}=spec.cloudLabels.f=a\nb: c"])

    told = capfd.readouterr().err
    assert code == 2
    assert f"{option}: spec.cloudLabels.f: it holds the control character \\n" in told
    assert way in told
    assert not asked.exists()
