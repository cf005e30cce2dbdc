"""`kled sandbox` and `kled demo` say what they refuse and what they leave (faults 28, 30, 94)."""

from pathlib import Path

import pytest

from kled.cli import app
from kled.sandbox import control

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("words", [("sandbox", "start"), ("demo",)])
def test_a_directory_of_somebody_is_refused_and_left(
    tmp_path: Path, words: tuple[str, ...], capfd: Capture
) -> None:  # fault 28
    (tmp_path / "thesis").write_text("kept")

    assert app.run([*words, f"--dir={tmp_path}"]) == 2

    told = (
        f"kled: --dir: {tmp_path} is not empty and no sandbox made it\nhint: name a new directory"
    )
    assert capfd.readouterr().err.strip() == told
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


@pytest.mark.parametrize("where", ["/proc/nowhere/box", "/dev/null/box", f"/tmp/{'x' * 300}"])
def test_an_impossible_directory_is_said_in_words(where: str, capfd: Capture) -> None:  # fault 30
    assert app.run(["sandbox", "start", f"--dir={where}"]) == 2

    told = capfd.readouterr().err
    assert told.startswith("kled: --dir: cannot be used: ")
    assert "Traceback" not in told


def test_a_damaged_settings_file_is_said_in_words(tmp_path: Path, capfd: Capture) -> None:  # 30
    box = control.start(tmp_path / "box", speed=1.0).directory
    (box / "sandbox.json").write_text("[1")

    assert app.run(["sandbox", "env", f"--dir={box}"]) == 2

    said = capfd.readouterr()
    assert said.out == f"export KLED_SANDBOX='refused: {box}'\n"
    assert f"sandbox.json or faults.json in {box} is damaged" in said.err


def test_stopping_names_what_is_left(tmp_path: Path, capfd: Capture) -> None:  # fault 28
    box = control.start(tmp_path / "box", speed=1.0).directory
    (box / "notes").write_text("kept")

    assert app.run(["sandbox", "stop", f"--dir={box}"]) == 0
    assert app.run(["sandbox", "stop", f"--dir={box}"]) == 0

    assert capfd.readouterr().err.splitlines() == [
        f"no sandbox is left in {box}",
        f"not the sandbox's, so it stays: {box}/notes",
        f"there is no sandbox in {box}: nothing was removed",
    ]


def test_the_demo_uses_no_directory_that_others_can_write(
    tmp_path: Path, capfd: Capture
) -> None:  # fault 94
    box = control.start(tmp_path / "box", speed=1.0).directory
    box.chmod(0o777)

    assert app.run(["demo", f"--dir={box}"]) == 2
    assert f"others can write in {box}" in capfd.readouterr().err


def test_a_shell_whose_sandbox_was_refused_does_nothing_real(
    tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 29, one more: the walk went on in the real store where `env` had refused."""
    (tmp_path / "thesis").write_text("kept")
    (tmp_path / "real").mkdir()
    monkeypatch.setenv("KLED_STATE_STORE", f"file://{tmp_path}/real")

    assert app.run(["sandbox", "env", f"--dir={tmp_path}"]) == 2
    name, _, value = capfd.readouterr().out.removeprefix("export ").strip().partition("=")
    monkeypatch.setenv(name, value.strip("'"))

    assert app.run(["kops", "create-cluster", "--name=c.example.com", "--zones=us-east-1a"]) == 2
    assert "this shell belongs to a sandbox that is not there" in capfd.readouterr().err
    assert list((tmp_path / "real").iterdir()) == []


def test_a_shell_whose_sandbox_was_stopped_does_nothing_real(
    tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:  # fault 29
    box = control.start(tmp_path / "box", speed=1.0).directory
    for name, value in control.environment(box).items():
        monkeypatch.setenv(name, value)
    control.stop(box)

    assert app.run(["kops", "get-clusters"]) == 2
    assert "open a new shell" in capfd.readouterr().err
